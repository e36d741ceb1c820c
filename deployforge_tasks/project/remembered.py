"""What is remembered of each credential between commands: when it ends, and where `login` keeps it. Never its value."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from deployforge_tasks.effects.files import write_atomic

FILE = Path(".deployforge") / "credentials.json"
#: How long before its end a credential is worth a warning: time to make a new one between two releases.
SOON = timedelta(days=14)


class Remembered:
    """The memory of one checkout; a file that cannot be read is an empty one, and one that cannot be written is none.

    Args:
        root: the project's folder.
        profile: endings are those of this profile; the keyring is the same for all.
    """

    def __init__(self, root: Path, profile: str) -> None:
        self._file = root / FILE
        self._profile = profile

    def saw(self, platform: str, expires: datetime | None, now: datetime) -> None:
        """The platform told when its credential ends (None: it has no end, or none is told)."""
        data, key = self._read(), f"{self._profile}/{platform}"
        data["ends"].pop(key, None)
        if expires is not None:
            data["ends"][key] = {"at": expires.isoformat(), "seen": now.isoformat()}
        self._write(data)

    def stored(self, platform: str, credential: str, *, there: bool) -> None:
        """The keyring has a credential now, or has it no more."""
        data = self._read()
        names = set(data["kept"].get(platform, ()))
        data["kept"][platform] = sorted(names | {credential} if there else names - {credential})
        self._write(data)

    def kept(self, platform: str) -> tuple[str, ...]:
        """The credentials that the keyring has: it is asked for them even where they are optional."""
        names = self._read()["kept"].get(platform, ())
        return tuple(map(str, names)) if isinstance(names, list) else ()

    def end(self, platform: str) -> datetime | None:
        """When the platform's credential ends, as it was told last; None where no end was told."""
        one = self._read()["ends"].get(f"{self._profile}/{platform}")
        return _moment(str(one.get("at"))) if isinstance(one, dict) else None

    def endings(self, platforms: Iterable[str], now: datetime) -> list[str]:
        """A sentence for each credential of these platforms that has ended or ends soon."""
        found, ends = [], self._read()["ends"]
        for platform in platforms:
            one = ends.get(f"{self._profile}/{platform}")
            at, seen = (str(one.get("at")), str(one.get("seen"))[:10]) if isinstance(one, dict) else ("", "")
            end = _moment(at)
            if end is not None and end - now <= SOON:
                found.append(f"the credential of {platform} {when(end, now)} (as of {seen})")
        return found

    def _read(self) -> dict[str, dict[str, Any]]:
        try:
            data = json.loads(self._file.read_text("utf-8"))
        except (OSError, ValueError):
            data = {}
        parts = data if isinstance(data, dict) else {}
        return {name: part if isinstance(part := parts.get(name), dict) else {} for name in ("ends", "kept")}

    def _write(self, data: dict[str, dict[str, Any]]) -> None:
        if not self._file.exists() and not any(data.values()):
            return
        with contextlib.suppress(OSError):
            write_atomic(self._file, json.dumps(data, indent=1, sort_keys=True) + "\n")


def when(end: datetime, now: datetime) -> str:
    """``expired on 2026-11-01``, ``expires today``, ``expires in 3 days``."""
    if end <= now:
        return f"expired on {end:%Y-%m-%d}"
    days = (end - now).days
    return "expires today" if days == 0 else f"expires in {days} day{'' if days == 1 else 's'}"


def _moment(text: str) -> datetime | None:
    try:
        end = datetime.fromisoformat(text)
    except ValueError:
        return None
    return end if end.tzinfo else None
