"""Downloads as npm counts them (https://github.com/npm/registry/blob/main/docs/download-counts.md).

Every tarball that was sent counts: to people, CI machines, mirrors and robots alike. The day's figure appears soon
after midnight (UTC), sometimes days later, and is 0 until then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from deployforge_tasks.core.downloads import Counter, Kind, Series
from deployforge_tasks.platforms import _counting as counting
from deployforge_tasks.platforms._npm_names import Names
from deployforge_tasks.platforms.base import Job

_FIRST = date(2015, 1, 10)
#: Days in one question: 18 months for one package, a year for several.
_LONGEST, _LONGEST_OF_SEVERAL = 540, 365
#: Packages in one question.
_MOST = 128
#: Days after which a 0 at the end is one; npm may be days late.
_LATE = 7
_MAIN = "every download of the package that users install: people, CI machines, mirrors and robots"
_PART = "every download of the package with one target's program, which npm makes beside that of the main package"
_VERSION = "every download of that version in the last 7 days"

Days = dict[date, int]


def series(job: Job[Any], base: str, names: Names, since: date | None) -> list[Series]:
    """Days of the main package and of those for each target, and the last week by version; [] without a main package.

    Args:
        base: URL of the counting service.
    """
    last = counting.today(job) - timedelta(days=1)
    first = max(since or _FIRST, _FIRST)
    url = f"{base}/downloads/range/{names.main}"
    main = _package(job, base, names.main, first, last)
    if main is None:
        return []
    begin = next((d for d in sorted(main) if main[d]), last)
    start = first if since else begin  # years of zeros before the first download say nothing
    found = [_daily(Counter("npm", names.main, Kind.DAILY, headline=True), main, (start, last), _MAIN, url)]
    parts = _several(job, base, list(names.parts.values()), start, last)
    for target, name in names.parts.items():
        if (days := parts.get(name)) is not None:
            counter = Counter("npm", name, Kind.DAILY, target=str(target))
            found.append(_daily(counter, days, (start, last), _PART, f"{base}/downloads/range/{name}"))
    return [*found, *_versions(job, base, names.main)]


def _daily(counter: Counter, counts: Days, between: tuple[date, date], meaning: str, url: str) -> Series:
    """The days as told; zeros at the very end are not there yet."""
    first, last = between
    told = max((d for d in counts if counts[d] or (last - d).days >= _LATE), default=first - timedelta(days=1))
    known = {d: number for d, number in counts.items() if d <= told}
    return counting.daily(counter, known, meaning, url, since=first, settled=told)


def _package(job: Job[Any], base: str, name: str, first: date, last: date) -> Days | None:
    """The days of one package; None where npm does not know it."""
    days: Days = {}
    for begin, end in _pieces(first, last, _LONGEST):
        url = f"{base}/downloads/range/{begin}:{end}/{name}"
        body = job.http.json(url, ok=(200, 404))
        if body is None:
            return None
        days.update(_days(body, name, begin, end, url))
    return days


def _several(job: Job[Any], base: str, names: Sequence[str], first: date, last: date) -> dict[str, Days]:
    """The days of several packages, without those that npm does not know."""
    found: dict[str, Days] = {}
    for group in _groups(names):
        if len(group) == 1:
            days = _package(job, base, group[0], first, last)
            found |= {} if days is None else {group[0]: days}
            continue
        for begin, end in _pieces(first, last, _LONGEST_OF_SEVERAL):
            url = f"{base}/downloads/range/{begin}:{end}/{','.join(group)}"
            body = job.http.json(url)
            if not isinstance(body, dict) or set(body) != set(group):
                raise counting.odd(url)
            for name in (n for n in group if body[n] is not None):
                found.setdefault(name, {}).update(_days(body[name], name, begin, end, url))
    return found


def _groups(names: Sequence[str]) -> list[Sequence[str]]:
    """Packages that one question may ask for; those with a scope have to be asked for singly."""
    plain = [name for name in names if not name.startswith("@")]
    together = [plain[n : n + _MOST] for n in range(0, len(plain), _MOST)]
    return [*together, *([name] for name in names if name.startswith("@"))]


def _days(body: Any, name: str, first: date, last: date, url: str) -> Days:
    if not isinstance(body, dict) or body.get("package") != name:
        raise counting.odd(url)
    items = counting.objects(body.get("downloads"), url)
    days = {counting.day(i.get("day"), url): counting.count(i.get("downloads"), url) for i in items}
    if len(days) != len(items) or not days or min(days) < first or max(days) > last:
        raise counting.odd(url)
    return days


def _versions(job: Job[Any], base: str, name: str) -> Iterator[Series]:
    url = f"{base}/versions/{name.replace('/', '%2F')}/last-week"
    body = job.http.json(url, ok=(200, 404))
    if body is None:
        return
    if not isinstance(body, dict) or not isinstance(versions := body.get("downloads"), Mapping):
        raise counting.odd(url)
    for version, number in versions.items():
        counter = Counter("npm", name, Kind.WINDOW, version=version, window_days=7)
        yield counting.now(job, counter, counting.count(number, url), _VERSION, url)


def _pieces(first: date, last: date, longest: int) -> Iterator[tuple[date, date]]:
    """The time from `first` to `last` in pieces of at most so many days, the oldest first."""
    while first <= last:
        end = min(last, first + timedelta(days=longest - 1))
        yield first, end
        first = end + timedelta(days=1)
