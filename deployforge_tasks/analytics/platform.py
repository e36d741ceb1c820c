"""One platform's downloads from its counters. Sums are only made of what is of one unit and holds no download twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from deployforge_tasks.analytics.daily import Numbers, is_over, together
from deployforge_tasks.analytics.periods import sizes
from deployforge_tasks.analytics.series import Level, PlatformDownloads, Slice, Window
from deployforge_tasks.core.downloads import Audience, Kind, Unit
from deployforge_tasks.ledger.counted import StoredCounter

_DIMENSIONS = ("version", "target", "country")
#: Kinds that are downloads of certain days, and can be added up.
_COUNTS = (Kind.DAILY, Kind.TOTAL)
Dimension = Callable[[StoredCounter], str]
Origin = tuple[str, Unit]


def platform_downloads(
    name: str, title: str, counters: Sequence[StoredCounter], numbers: Numbers, *, reason: str, why: str
) -> PlatformDownloads:
    """What is known of a platform.

    Args:
        name: the platform.
        title: its name for people.
        counters: all of its counters.
        numbers: their days.
        reason: why there are no counts, or why the last try failed.
        why: what to say of days that nobody has told yet.
    """
    asked = _asked(counters)
    heads = _headline(counters)
    known = _said(PlatformDownloads(name, title, reason=reason), heads or counters)
    known = replace(
        known,
        windows=_windows(counters, asked),
        levels=_levels(counters, numbers, asked),
        read_at=max(asked.values(), default=None),
    )
    versions, targets, countries = (_parts(counters, heads, what, numbers, asked) for what in _DIMENSIONS)
    known = replace(known, versions=versions, targets=targets, countries=countries)
    return _with_figures(known, heads, counters, numbers, why) if heads else known


def _with_figures(
    known: PlatformDownloads,
    heads: Sequence[StoredCounter],
    counters: Sequence[StoredCounter],
    numbers: Numbers,
    why: str,
) -> PlatformDownloads:
    head, asked = heads[0].counter, _asked(counters)
    of_unit = [c for c in counters if c.counter.unit is head.unit and c.counter.source == head.source]
    sums = [numbers.sums[c.id] for c in heads if c.id in numbers.sums]
    return replace(
        known,
        daily=together(heads, numbers, asked, why=why),
        total=_total(heads, of_unit, asked),
        counted=sum(sums) if sums else None,
        audiences=_audiences(of_unit, numbers, asked),
    )


def _asked(counters: Sequence[StoredCounter]) -> dict[str, datetime]:
    """When each source was asked last."""
    asked: dict[str, datetime] = {}
    for stored in counters:
        source = stored.counter.source
        if stored.read_at is not None:
            asked[source] = max(asked.get(source, stored.read_at), stored.read_at)
    return asked


def _said(known: PlatformDownloads, counters: Sequence[StoredCounter]) -> PlatformDownloads:
    """With what the counter says that was told last."""
    newest = max(counters, key=lambda c: (c.read_at is not None, c.read_at, -c.id), default=None)
    if newest is None:
        return known
    told = newest.counter
    known = replace(known, source=told.source, unit=told.unit, audience=told.audience)
    return replace(known, meaning=newest.meaning, url=newest.url)


def _headline(counters: Sequence[StoredCounter]) -> list[StoredCounter]:
    """The counters whose sum is the platform's figure: those of the first unit that has any.

    Where none is marked as such, totals of everything will do: one source's of one audience.
    """
    able = [c for c in counters if c.counter.kind in _COUNTS]
    for unit in Unit:
        if found := [c for c in able if c.counter.headline and c.counter.unit is unit]:
            return found
    whole = [c for c in able if c.counter.kind is Kind.TOTAL and not any(_shape(c))]
    return [c for c in whole if _kin(c) == _kin(whole[0])]


def _kin(stored: StoredCounter) -> tuple[object, ...]:
    return (stored.counter.source, stored.counter.unit, stored.counter.audience)


def _total(
    heads: Sequence[StoredCounter], of_unit: Sequence[StoredCounter], asked: Mapping[str, datetime]
) -> int | None:
    """All that was ever counted: what totals say, also those that are over (what was deleted was downloaded once)."""
    totals = [c for c in heads if c.counter.kind is Kind.TOTAL]
    if not totals:
        totals = [c for c in of_unit if _is_whole(c, heads[0].counter.audience) and c.counter.kind is Kind.TOTAL]
        totals = [c for c in totals if not is_over(c, asked)]
    known = [c.newest for c in totals if c.newest is not None]
    return sum(known) if known else None


def _is_whole(stored: StoredCounter, audience: Audience) -> bool:
    counter = stored.counter
    return counter.audience is audience and not (counter.version or counter.target or counter.country)


def _windows(counters: Sequence[StoredCounter], asked: Mapping[str, datetime]) -> tuple[Window, ...]:
    able = [c for c in counters if c.counter.kind is Kind.WINDOW and _is_now(c, asked)]
    found = [window for c in able if (window := _window(c)) is not None]
    return tuple(sorted(found, key=lambda window: window.days))


def _levels(counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]) -> tuple[Level, ...]:
    able = [c for c in counters if c.counter.kind is Kind.LEVEL and _is_now(c, asked)]
    return tuple(level for c in able if (level := _level(c, numbers, asked)) is not None)


def _level(stored: StoredCounter, numbers: Numbers, asked: Mapping[str, datetime]) -> Level | None:
    """How many there are; of the last final day where the source tells days."""
    at = stored.read_at
    if stored.told_to is not None:
        last = min(stored.told_to, stored.settled or stored.told_to)
        at = datetime(last.year, last.month, last.day, tzinfo=UTC)
    if stored.newest is None or at is None:
        return None
    return Level(stored.counter.unit, stored.newest, at, together([stored], numbers, asked))


def _window(stored: StoredCounter) -> Window | None:
    if stored.newest is None or stored.read_at is None:
        return None
    return Window(stored.counter.window_days, stored.newest, stored.read_at)


def _is_now(stored: StoredCounter, asked: Mapping[str, datetime]) -> bool:
    """Whether it is about everything, and its source still tells it."""
    counter = stored.counter
    return not (counter.version or counter.target or counter.country) and not is_over(stored, asked)


def _parts(
    counters: Sequence[StoredCounter],
    heads: Sequence[StoredCounter],
    what: str,
    numbers: Numbers,
    asked: Mapping[str, datetime],
) -> tuple[Slice, ...]:
    """The parts by version, target or country: the headline's own if it has such, else the best of `_choices`."""
    able = [c for c in counters if getattr(c.counter, what)]
    best = [c for c in heads if getattr(c.counter, what)]
    for choice in (best, *_choices(able, _origin(heads[0]) if heads else None)):
        if found := _slices(choice, lambda c: str(getattr(c.counter, what)), numbers, asked):
            return found
    return ()


def _choices(able: Sequence[StoredCounter], head: Origin | None) -> Iterator[list[StoredCounter]]:
    """Counters that hold no download twice and are of one source, the best ones first.

    What the headline's source tells, then another's counts; then rolling sums, then levels.
    """
    origins = sorted(dict.fromkeys(map(_origin, able)), key=lambda origin: origin != head)
    for kinds in (_COUNTS, (Kind.WINDOW,), (Kind.LEVEL,)):
        for origin in origins:
            if found := [c for c in able if c.counter.kind in kinds and _origin(c) == origin]:
                yield _coarsest(found)


def _origin(stored: StoredCounter) -> Origin:
    return (stored.counter.source, stored.counter.unit)


def _coarsest(counters: Sequence[StoredCounter]) -> list[StoredCounter]:
    """Those that tell the least besides, of the widest audience and of the longest rolling sums."""
    coarsest = min((_shape(c) for c in counters), key=lambda shape: (sum(shape), shape))
    alike = [c for c in counters if _shape(c) == coarsest]
    audience, days = _widest(alike), max(c.counter.window_days for c in alike)
    return [c for c in alike if c.counter.audience is audience and c.counter.window_days == days]


def _shape(stored: StoredCounter) -> tuple[bool, ...]:
    return tuple(bool(getattr(stored.counter, what)) for what in _DIMENSIONS)


def _widest(counters: Sequence[StoredCounter]) -> Audience:
    """One audience: what CI machines download is in what everybody downloads."""
    there = {c.counter.audience for c in counters}
    return next(audience for audience in Audience if audience in there)


def _audiences(counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]) -> tuple[Slice, ...]:
    whole = [c for c in counters if not any(_shape(c)) and c.counter.kind in _COUNTS]
    if len({c.counter.audience for c in whole}) < 2:
        return ()
    return _slices(whole, lambda c: str(c.counter.audience), numbers, asked)


def _slices(
    counters: Sequence[StoredCounter], name: Dimension, numbers: Numbers, asked: Mapping[str, datetime]
) -> tuple[Slice, ...]:
    """One slice a name, the largest first; days from daily counters where there are any, totals from totals."""
    groups: dict[str, list[StoredCounter]] = {}
    for counter in counters:
        groups.setdefault(name(counter), []).append(counter)
    made = [slice_ for key, group in groups.items() if (slice_ := _slice(key, group, numbers, asked)) is not None]
    by_size = sorted(zip(sizes(made), made, strict=True), key=lambda one: (one[0], one[1].total or 0), reverse=True)
    return tuple(part for _, part in by_size)


def _slice(
    name: str, counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]
) -> Slice | None:
    first = counters[0]
    known = Slice(name, source=first.counter.source, meaning=first.meaning, url=first.url)
    if first.counter.kind not in _COUNTS:
        return _slice_now(known, counters, numbers, asked)
    daily = [c for c in counters if c.counter.kind is Kind.DAILY]
    totals = [c for c in counters if c.counter.kind is Kind.TOTAL]
    days = together(daily or totals, numbers, asked)
    newest = [c.newest for c in totals if c.newest is not None]
    total = sum(newest) if newest else None
    return replace(known, daily=days, total=total) if days is not None or total is not None else None


def _slice_now(
    known: Slice, counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]
) -> Slice | None:
    """A rolling sum or a level; None where there are several, which cannot be added, or where it is over."""
    (stored, *more) = counters
    if more or is_over(stored, asked):
        return None
    level = _level(stored, numbers, asked) if stored.counter.kind is Kind.LEVEL else None
    window = _window(stored) if stored.counter.kind is Kind.WINDOW else None
    return replace(known, level=level, window=window) if level or window else None
