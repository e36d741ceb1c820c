"""Reading the ``download_stats.json`` files of ContextLite's earlier scripts, in their three shapes.

They mix rolling sums with totals, write 0 for every failure, and hold fields that never were downloads. What is a
number of a known meaning is taken; everything else is left out with the reason.

The scripts: https://github.com/Michael-A-Kuykendall/contextlite (``scripts/download_tracker.sh``,
``scripts/track_downloads.sh``, ``scripts/download_tracker.py``).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.downloads import Audience, Counter, Kind, Unit, is_name
from deployforge_tasks.core.errors import ConfigError

#: The scripts' names for platforms, and ours.
_PLATFORMS = {
    "github_releases": "github",
    "docker_hub": "docker",
    "crates_io": "crates",
    "vscode_marketplace": "vscode",
}
_MONTH = 30
#: What a ledger can hold.
_LARGEST = 2**63 - 1
#: Per platform the counter that its number is a reading of; the subject is found out later.
_COUNTERS = {
    "npm": Counter("npm", "", Kind.WINDOW, window_days=_MONTH),
    "pypi": Counter("pypistats", "", Kind.WINDOW, audience=Audience.NO_MIRRORS, window_days=_MONTH),
    "docker": Counter("docker hub", "", Kind.TOTAL, Unit.PULLS, headline=True),
    "crates": Counter("crates", "", Kind.TOTAL),
}
#: Numbers that the scripts got from the wrong place.
_WRONG = {
    "github": "the scripts add up the newest 30 releases at most, and the shell ones always find 0",
    "homebrew": "it was looked for in a page that has no count",
    "snap": "it is the size of the download (`download_size`), and no count",
    "aur": "it is the AUR's `Popularity`, and no count",
    "vscode": "the script reads its number from the wrong place: it is always 0",
    "chocolatey": "the script reads its number from the wrong place: it is always 0",
}
_STATUSES = "the script writes the same words whatever happened: they say nothing"
_TOTALS = "it adds rolling sums of 30 days to all-time numbers"
#: Keys that are about the file itself.
_ABOUT = ("metadata", "timestamp", "last_updated")


@dataclass(frozen=True)
class OldCount:
    """A number that was taken: a reading of a counter whose subject may not be known (then it is empty)."""

    field: str
    platform: str
    counter: Counter
    count: int


@dataclass(frozen=True)
class LeftOut:
    """A part of the file that was not taken, and why."""

    field: str
    reason: str


@dataclass(frozen=True)
class OldStats:
    """What a file holds: all of its numbers are of one moment."""

    at: datetime
    counts: tuple[OldCount, ...]
    left_out: tuple[LeftOut, ...]


class _Twice(dict[str, Any]):
    """An object of JSON that remembers the keys that stand in it more than once, with every value."""

    def __init__(self, pairs: Sequence[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        values: dict[str, list[Any]] = {}
        for key, value in pairs:
            values.setdefault(key, []).append(value)
        self.twice = {key: found for key, found in values.items() if len(found) > 1}


def read(text: str, name: str, now: datetime | None = None) -> OldStats:
    """The numbers of one file.

    Args:
        text: its content.
        name: the file, for messages.
        now: the moment, when it is not this one; no number is of a later one.

    Raises:
        ConfigError: it is no such file, or its time cannot be read.
    """
    try:
        data = json.loads(text.removeprefix("\ufeff"), object_pairs_hook=_Twice)
    except (ValueError, RecursionError) as error:
        raise _unusable(name, f"is no JSON: {error}") from error
    if not isinstance(data, _Twice):
        raise _unusable(name, "has no object at its top")
    return _of_now(_shaped(data, name), name, now or datetime.now(UTC))


def _of_now(old: OldStats, name: str, now: datetime) -> OldStats:
    """With the moment if the file's is later: clocks differ, and a time without a zone may be of another one."""
    if old.at > now + timedelta(days=1):
        raise _unusable(name, f"says that its numbers were read at {old.at:%Y-%m-%d %H:%M} UTC, which is yet to come")
    return replace(old, at=min(old.at, now))


def _shaped(data: _Twice, name: str) -> OldStats:
    if isinstance(data.get("channels"), _Twice):
        return _collected(data, data["channels"], data.get("timestamp"), name)
    if isinstance(data.get("platform_downloads"), _Twice):
        about = data.get("metadata")
        when = about.get("last_updated") if isinstance(about, _Twice) else None
        return _collected(data, data["platform_downloads"], when, name)
    if "last_updated" in data and "github_releases" in data:
        return _collected(_Twice([]), data, data.get("last_updated"), name, flat=True)
    raise _unusable(name, "has none of the shapes that are known")


def _unusable(name: str, what: str) -> ConfigError:
    return ConfigError(
        f"{name} {what}",
        hint="name a `download_stats.json` of ContextLite's scripts, with `channels`, `platform_downloads`, or flat; "
        "or an export, as CSV or with a JSON object in each line",
        code="DF3333",
    )


def _collected(top: _Twice, numbers: _Twice, when: object, name: str, *, flat: bool = False) -> OldStats:
    at = _moment(when, name)
    taken: list[OldCount] = []
    left = list(_around(top))
    for key, value in numbers.items():
        if key in _ABOUT:
            continue
        found = _number(key, value, numbers.twice, flat=flat)
        if isinstance(found, LeftOut):
            left.append(found)
        else:
            taken.append(found)
    return OldStats(at, tuple(taken), tuple(left))


def _moment(value: object, name: str) -> datetime:
    """The file's time; one without a zone counts as UTC."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
        if at is not None:
            return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        pass
    raise _unusable(name, "does not say when its numbers were read")


def _around(top: _Twice) -> Iterator[LeftOut]:
    """What stands beside the platforms' numbers."""
    for key in top:
        values = top.twice.get(key)
        if values and key == "total_downloads":
            yield LeftOut(key, f"{_stands_twice('it', values)}; and {_TOTALS}")
        elif key == "total_downloads":
            yield LeftOut(key, _TOTALS)
        elif key in ("platform_status", "success_metrics"):
            yield LeftOut(key, _STATUSES)


def _number(key: str, value: object, twice: Mapping[str, list[Any]], *, flat: bool) -> OldCount | LeftOut:
    platform = _PLATFORMS.get(key, key)
    channel = value if isinstance(value, _Twice) else None
    count = channel.get("downloads") if channel is not None else value
    if reason := _wrong(key, platform, twice, flat=flat) or _no_count(channel, count):
        return LeftOut(key, reason)
    assert isinstance(count, int)
    url = str(channel.get("url") or "") if channel is not None else ""
    return OldCount(key, platform, _with_subject(_COUNTERS[platform], platform, url), count)


def _wrong(key: str, platform: str, twice: Mapping[str, list[Any]], *, flat: bool) -> str:
    """Why a field is not taken, whatever it says."""
    if key in twice and any(other != twice[key][0] for other in twice[key]):
        return _stands_twice("it", twice[key])
    if key == "total":
        return _TOTALS
    if flat and platform == "docker":
        return "the script asks for another repository than the one that is published to"
    if platform in _COUNTERS:
        return ""
    return _WRONG.get(platform, "no platform of this name had a counter")


def _no_count(channel: _Twice | None, count: object) -> str:
    """Why a value is no count that could be taken."""
    if channel is not None and "downloads" in channel.twice:
        return _stands_twice("its count", channel.twice["downloads"])
    if channel is not None and count is None:
        return f"it has no number (status {_shown(channel.get('status'))})"
    if isinstance(count, bool) or not isinstance(count, int) or not 0 <= count <= _LARGEST:
        return f"{_shown(count)} is no count"
    return "" if count else "the scripts write 0 for every failure, too"


def _stands_twice(what: str, values: Sequence[object]) -> str:
    return f"{what} stands there twice, as {' and as '.join(map(_shown, values))}"


def _with_subject(counter: Counter, platform: str, url: str) -> Counter:
    """The counter with what its page is about: ``owner/image`` on Docker Hub, else the last part of the address."""
    try:
        parts = [part for part in urlsplit(url).path.split("/") if part]
    except ValueError:  # no address
        return counter
    subject = "/".join(parts[-2:]) if platform == "docker" else (parts[-1] if parts else "")
    return replace(counter, subject=subject) if is_name(subject) else counter


def _shown(value: object) -> str:
    return json.dumps(value, default=str)[:80]
