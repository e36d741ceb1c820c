"""One platform's downloads from its counters. Sums are only made of what is of one unit and holds no download twice."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from deployforge_tasks.analytics.daily import Numbers, is_over, together
from deployforge_tasks.analytics.series import Level, PlatformDownloads, Slice, Window
from deployforge_tasks.core.downloads import Audience, Kind, Unit
from deployforge_tasks.ledger.counted import StoredCounter

_DIMENSIONS = ("version", "target", "country")
Dimension = Callable[[StoredCounter], str]


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
        levels=_levels(counters, asked),
        read_at=max(asked.values(), default=None),
    )
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
    versions, targets, countries = (_parts(of_unit, what, numbers, asked) for what in _DIMENSIONS)
    sums = [numbers.sums[c.id] for c in heads if c.id in numbers.sums]
    return replace(
        known,
        unit=head.unit,
        audience=head.audience,
        daily=together(heads, numbers, asked, why=why),
        total=_total(heads, of_unit, asked),
        counted=sum(sums) if sums else None,
        versions=versions,
        targets=targets,
        countries=countries,
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
    return replace(known, source=newest.counter.source, meaning=newest.meaning, url=newest.url)


def _headline(counters: Sequence[StoredCounter]) -> list[StoredCounter]:
    """The counters whose sum is the platform's figure: those of the first unit that has any.

    Where none is marked as such, totals of everything will do: one source's of one audience.
    """
    able = [c for c in counters if c.counter.kind in (Kind.DAILY, Kind.TOTAL)]
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
    found = [
        Window(c.counter.window_days, c.newest, c.read_at)
        for c in counters
        if c.counter.kind is Kind.WINDOW and _is_now(c, asked) and c.newest is not None and c.read_at is not None
    ]
    return tuple(sorted(found, key=lambda window: window.days))


def _levels(counters: Sequence[StoredCounter], asked: Mapping[str, datetime]) -> tuple[Level, ...]:
    return tuple(
        Level(c.counter.unit, c.newest, c.read_at)
        for c in counters
        if c.counter.kind is Kind.LEVEL and _is_now(c, asked) and c.newest is not None and c.read_at is not None
    )


def _is_now(stored: StoredCounter, asked: Mapping[str, datetime]) -> bool:
    """Whether it is about everything, and its source still tells it."""
    counter = stored.counter
    return not (counter.version or counter.target or counter.country) and not is_over(stored, asked)


def _parts(
    counters: Sequence[StoredCounter], what: str, numbers: Numbers, asked: Mapping[str, datetime]
) -> tuple[Slice, ...]:
    """The parts by version, target or country: from the headline's counters, which hold no download twice.

    Where the headline has no such parts: from the counters that tell the least besides, of one audience.
    """
    able = [c for c in counters if getattr(c.counter, what) and c.counter.kind in (Kind.DAILY, Kind.TOTAL)]
    chosen = [c for c in able if c.counter.headline]
    if able and not chosen:
        coarsest = min((_shape(c) for c in able), key=lambda shape: (sum(shape), shape))
        chosen = [c for c in able if _shape(c) == coarsest]
        audience = _widest(chosen)
        chosen = [c for c in chosen if c.counter.audience is audience]
    return _slices(chosen, lambda c: str(getattr(c.counter, what)), numbers, asked)


def _shape(stored: StoredCounter) -> tuple[bool, ...]:
    return tuple(bool(getattr(stored.counter, what)) for what in _DIMENSIONS)


def _widest(counters: Sequence[StoredCounter]) -> Audience:
    """One audience: what CI machines download is in what everybody downloads."""
    there = {c.counter.audience for c in counters}
    return next(audience for audience in Audience if audience in there)


def _audiences(counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]) -> tuple[Slice, ...]:
    whole = [c for c in counters if not any(_shape(c)) and c.counter.kind in (Kind.DAILY, Kind.TOTAL)]
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
    return tuple(sorted(made, key=_size, reverse=True))


def _slice(
    name: str, counters: Sequence[StoredCounter], numbers: Numbers, asked: Mapping[str, datetime]
) -> Slice | None:
    daily = [c for c in counters if c.counter.kind is Kind.DAILY]
    totals = [c for c in counters if c.counter.kind is Kind.TOTAL]
    days = together(daily or totals, numbers, asked)
    known = [c.newest for c in totals if c.newest is not None]
    total = sum(known) if known else None
    return Slice(name, days, total) if days is not None or total is not None else None


def _size(part: Slice) -> tuple[int, int]:
    return ((part.daily.sum or 0) if part.daily else 0, part.total or 0)
