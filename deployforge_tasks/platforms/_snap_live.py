"""The version that ``snap install <name>`` gives: the stable channel of the snap's default track."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.core.versions import Precedence, Version
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._snap_options import SnapOptions, channels, public_store, snap_name
from deployforge_tasks.platforms._snap_package import architectures
from deployforge_tasks.platforms._snap_store import channel_of
from deployforge_tasks.platforms.base import Job


def live(job: Job[SnapOptions]) -> Live | None:
    """The version in the stable channel; where that is empty, in the first of the project's own channels.

    Where our architectures have different versions it is the lowest: the one that everybody has at least.
    """
    told, look = public_store(job).public(snap_name(job))
    if told is None:
        return None
    try:
        for channel in (f"{told.track}/stable", *channels(job)):
            there = [e for e in told.entries if channel_of(e["channel"]) == channel and _arch(e) in architectures(job)]
            if there:
                lowest = min(there, key=_precedence)
                lags = any(e["version"] != lowest["version"] for e in there)
                where = f"{channel} ({_arch(lowest)})" if lags else channel
                return Live(str(lowest["version"]), look, where, moment(lowest["channel"].get("released-at")))
    except (LookupError, TypeError, AttributeError) as error:
        hint = "run again later"
        raise NetworkError("the store's channel map has another form", hint=hint, url=look.url) from error
    return None


def _arch(entry: dict[str, Any]) -> str:
    return str(entry["channel"]["architecture"])


def _precedence(entry: dict[str, Any]) -> tuple[bool, Precedence | None]:
    """Versions that cannot be compared come first: nobody can tell that they are newer."""
    try:
        return True, Version.parse(str(entry["version"])).precedence
    except ValueError:
        return False, None
