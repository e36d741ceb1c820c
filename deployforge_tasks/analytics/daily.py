"""Days of several counters together: a platform's one figure, or the figure of a version, a target, a country."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from deployforge_tasks.analytics.series import Daily
from deployforge_tasks.core.differences import Lump, midnight
from deployforge_tasks.core.downloads import Kind
from deployforge_tasks.ledger.counted import StoredCounter

_DAY = timedelta(days=1)
#: Begins the reason of a day that has a count.
AT_LEAST = "at least"
#: Names that such a reason has.
_NAMES = 3


@dataclass(frozen=True)
class Numbers:
    """What is known of the days from `since` to `until` (both included), by the counter's id.

    Fields: `today` the day (UTC) that is not over; `days` one count a day, None where it is not known; `lumps` the
    days that cannot be told one by one; `sums` all days ever of a counter.
    """

    since: date
    until: date
    today: date
    days: Mapping[int, Sequence[int | None]] = field(default_factory=dict)
    lumps: Mapping[int, Sequence[Lump]] = field(default_factory=dict)
    sums: Mapping[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class _Line:
    """One counter's days: `begin` and `end` are the places of the first and the last one that it counts for."""

    counter: StoredCounter
    counts: Sequence[int | None]
    begin: int
    end: int


def together(
    counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime], *, why: str = ""
) -> Daily | None:
    """The days of counters that hold different downloads, added up; None where no day is known.

    A day is known when each counter that there was then is known. The day on which a total went has what the others
    tell, with a reason that says so: what went had some downloads since its last reading, which nobody knows.

    Args:
        counters: daily ones and totals.
        numbers: their days.
        asked: when each source was asked last: a counter that it did not tell then is over.
        why: what to say of days that nobody has told yet; empty: no reasons are wanted.
    """
    lines = [line for counter in counters if (line := _line(counter, numbers, asked)) is not None]
    counts = lines[0].counts if len(lines) == 1 else _sums(lines, (numbers.until - numbers.since).days + 1)
    lumps = list(_lumps(counts, lines, numbers))
    if all(count is None for count in counts) and not lumps:
        return None
    reasons = {**dict(_reasons(counts, lines, numbers, why)), **_gone(counters, counts, numbers, asked)} if why else {}
    return Daily(numbers.since, tuple(counts), reasons, tuple(lumps))


def _gone(
    counters: Sequence[StoredCounter], counts: Sequence[int | None], numbers: Numbers, asked: Mapping[str, datetime]
) -> Mapping[date, str]:
    """The known days that are at least what they say, each with what was there no more when it ended."""
    lost: dict[date, list[str]] = {}
    for one in counters:
        if one.counter.kind is Kind.TOTAL and one.read_at is not None and is_over(one, asked):
            lost.setdefault(midnight(one.read_at), []).append(one.counter.subject)
    known = {numbers.since + place * _DAY for place, count in enumerate(counts) if count is not None}
    return {day: f"{AT_LEAST}: {_named(names)} gone" for day, names in lost.items() if day in known}


def _named(names: Sequence[str]) -> str:
    shown, more = ", ".join(names[:_NAMES]), len(names) - _NAMES
    return f"{shown} and {more} more are" if more > 0 else f"{shown} {'is' if len(names) == 1 else 'are'}"


def _line(counter: StoredCounter, numbers: Numbers, asked: Mapping[str, datetime]) -> _Line | None:
    """A counter's days without those that are not final; None where it counts for no day."""
    length = (numbers.until - numbers.since).days + 1
    if counter.began is None or counter.told_to is None:
        return None
    begin, end = _place(counter.began, numbers), length - 1
    if is_over(counter, asked):
        end = min(end, _place(counter.told_to, numbers))
    final = min(_last_final(counter, numbers), length - 1) + 1
    counts = list(numbers.days.get(counter.id, ())) or [None] * length
    if final < length:
        counts[max(0, final) :] = [None] * (length - max(0, final))
    return _Line(counter, counts, max(0, begin), end) if begin < length and end >= 0 else None


def is_over(counter: StoredCounter, asked: Mapping[str, datetime]) -> bool:
    """Whether its source was asked later, and did not tell it any more."""
    last = asked.get(counter.counter.source)
    return counter.read_at is not None and last is not None and counter.read_at < last


def _last_final(counter: StoredCounter, numbers: Numbers) -> int:
    last = numbers.today - _DAY
    if counter.settled is not None:
        last = min(last, counter.settled)
    return _place(last, numbers)


def _place(day: date, numbers: Numbers) -> int:
    return (day - numbers.since).days


def _sums(lines: Sequence[_Line], length: int) -> list[int | None]:
    found: list[int | None] = [None] * length
    unknown = [False] * length
    for line in lines:
        for place in range(line.begin, line.end + 1):
            count = line.counts[place]
            if count is None:
                unknown[place] = True
            else:
                found[place] = (found[place] or 0) + count
    return [None if missing else count for count, missing in zip(found, unknown, strict=True)]


def _lumps(counts: Sequence[int | None], lines: Sequence[_Line], numbers: Numbers) -> Iterator[Lump]:
    """The runs of unknown days whose sum is known."""
    if not any(numbers.lumps.get(line.counter.id) for line in lines):
        return
    for first, last in _unknown(counts, lines, numbers):
        parts = [part for line in lines if (part := _part(line, first, last, numbers)) != _ABSENT]
        known = [count for count, _ in parts if count is not None]
        if parts and len(known) == len(parts):
            reason = next((reason for _, reason in parts if reason), "")
            yield Lump(numbers.since + first * _DAY, numbers.since + last * _DAY, sum(known), reason)


#: What a counter tells of days that it does not count for.
_ABSENT: tuple[int | None, str] = (0, "-")


def _part(line: _Line, first: int, last: int, numbers: Numbers) -> tuple[int | None, str]:
    """A counter's sum of some days, with the reason why they are not known one by one."""
    begin, end = max(first, line.begin), min(last, line.end)
    if begin > end:
        return _ABSENT
    reason = ""
    covered = {place for place in range(begin, end + 1) if line.counts[place] is not None}
    total = sum(line.counts[place] or 0 for place in covered)
    for lump in numbers.lumps.get(line.counter.id, ()):
        start, stop = _place(lump.first, numbers), _place(lump.last, numbers)
        if lump.count is not None and first <= start and stop <= last and not covered & {*range(start, stop + 1)}:
            covered |= {*range(start, stop + 1)}
            total, reason = total + lump.count, lump.reason
    return (total if covered >= {*range(begin, end + 1)} else None, reason)


def _unknown(counts: Sequence[int | None], lines: Sequence[_Line], numbers: Numbers) -> Iterator[tuple[int, int]]:
    """The first and the last place of each run of unknown days for which there is a counter.

    A run ends where a counter has told no more days yet: what comes then is open, and not in any sum.
    """
    begin, end = min(line.begin for line in lines), max(line.end for line in lines)
    told_to = {_place(line.counter.told_to, numbers) for line in lines if line.counter.told_to}
    first: int | None = None
    for place in range(begin, end + 2):
        missing = place <= end and counts[place] is None
        if first is not None and (not missing or place - 1 in told_to):
            yield first, place - 1
            first = None
        if missing and first is None:
            first = place


def _reasons(
    counts: Sequence[int | None], lines: Sequence[_Line], numbers: Numbers, why: str
) -> Iterator[tuple[date, str]]:
    told = {line.counter.id: line for line in lines}
    began = min((line.counter.began for line in lines if line.counter.began), default=None)
    lumps = [lump for line in lines for lump in numbers.lumps.get(line.counter.id, ())]
    for place, count in enumerate(counts):
        day = numbers.since + place * _DAY
        if count is not None:
            continue
        if lump := next((lump for lump in lumps if lump.first <= day <= lump.last), None):
            yield day, lump.reason
        elif day >= numbers.today:
            yield day, "the day is not over"
        elif began is None or day < began:
            yield day, f"not known before {began}" if began else why
        elif unsettled := next((line for line in told.values() if _is_open(line, place, day)), None):
            yield day, f"not final yet: {unsettled.counter.counter.source} may still change it"
        elif all(line.counter.told_to and day > line.counter.told_to for line in lines):
            yield day, why
        else:
            yield day, f"not told by {lines[0].counter.counter.source}"


def _is_open(line: _Line, place: int, day: date) -> bool:
    counter = line.counter
    open_ = counter.settled is not None and counter.told_to is not None and counter.settled < day <= counter.told_to
    return open_ and line.begin <= place <= line.end
