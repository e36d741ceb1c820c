"""Past runs: which platform came to which end in each, how often each fails and how long it takes."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from statistics import median
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.history import Ending, History, Search
from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.operations.runs import outcome_of

if TYPE_CHECKING:
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.project.load import Loaded

#: The newest runs that the figures are made from.
COUNTED = 100
_CHUNK = 200
_GOOD = ("published", "skipped", "ok", "waiting", "rolled_back")
_COLUMNS = ("run", "version", "started_at", "seconds", "outcome", "exit_code", "actor", "command", "platform", "ended")
#: Spreadsheets take a text that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class PastRun:
    """A run with what became of each platform (`operations.runs.RunView` has the words)."""

    number: int
    version: str
    command: str
    actor: str | None
    started_at: datetime
    seconds: float | None
    state: str
    exit_code: int | None
    platforms: Mapping[str, str]


@dataclass(frozen=True)
class PlatformFigures:
    """A platform in the newest runs that were searched for; `newest` is the newest of them that it was part of.

    `success` is the share of its ends that were no failure; `flaky` the share of versions on which it failed and then
    ended well; `seconds` the median of what its stages took together where it published. None: too little is known.
    """

    name: str
    newest: int
    ends: int
    success: float | None
    flaky: float | None
    seconds: float | None


@dataclass(frozen=True)
class HistoryPage:
    """Runs, the newest first; `older` is the number to go on before, None at the end."""

    runs: tuple[PastRun, ...]
    platforms: tuple[PlatformFigures, ...]
    older: int | None
    counted: int
    versions: tuple[str, ...]
    actors: tuple[str, ...]
    outcomes: tuple[str, ...]


def search_of(
    *,
    version: str = "",
    outcome: str = "",
    platform: str = "",
    actor: str = "",
    since: str = "",
    before: int | None = None,
) -> Search:
    """A search as the address of a page says it; `since` is a day (UTC).

    Raises:
        ConfigError: the day is none.
    """
    try:
        day = datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC) if since else None
    except ValueError as error:
        raise ConfigError(f"`{since[:40]}` is no day", hint="write it as 2026-01-31", code="DF3720") from error
    return Search(version.strip(), outcome, platform, actor, day, before)


def history_page(loaded: Loaded, search: Search, *, limit: int = 30, ledger_url: str | None = None) -> HistoryPage:
    """One page of the runs of the project (and profile).

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    project, profile = loaded.project.name, loaded.profile
    with past(loaded, ledger_url) as history:
        found = history.runs(project, profile, search, limit + 1)
        counted = found if search.before is None and len(found) <= limit else []
        counted = counted or history.runs(project, profile, replace(search, before=None), COUNTED)
        numbers = {run.id for run in (*found[:limit], *counted)}
        endings = _by_run(history.endings(sorted(numbers)))
        aims = _aims(history, (*found[:limit], *counted))
        lists = [tuple(history.different(project, profile, name)) for name in ("version", "actor", "outcome")]
    past_of = partial(_past, endings=endings, aims=aims, only=search.platform)
    shown = tuple(past_of(run) for run in found[:limit])
    figures = _figures(loaded, [past_of(run) for run in counted], endings)
    older = shown[-1].number if len(found) > limit else None
    return HistoryPage(shown, figures, older, len(counted), *lists)


def history_csv(loaded: Loaded, search: Search, *, ledger_url: str | None = None) -> Iterator[str]:
    """Every run that is searched for as CSV, one line a platform, piece by piece; no field begins like a formula."""
    yield _line(_COLUMNS)
    before = None
    with past(loaded, ledger_url) as history:
        while True:
            page = replace(search, before=before)
            found = history.runs(loaded.project.name, loaded.profile, page, _CHUNK)
            endings, aims = _by_run(history.endings([run.id for run in found])), _aims(history, found)
            for run in found:
                yield "".join(_lines(_past(run, endings, aims, search.platform)))
            if len(found) < _CHUNK:
                return
            before = found[-1].id


@contextmanager
def past(loaded: Loaded, ledger_url: str | None = None) -> Iterator[History]:
    """The past in the project's ledger, closed at the end.

    Raises:
        ConfigError: it cannot be opened.
    """
    from deployforge_tasks.graph.context import ledger_url as own_ledger

    history = History.open(ledger_url or own_ledger(loaded))
    try:
        yield history
    finally:
        history.close()


def _by_run(endings: Sequence[Ending]) -> dict[int, list[Ending]]:
    found: dict[int, list[Ending]] = {}
    for ending in endings:
        found.setdefault(ending.run, []).append(ending)
    return found


def _aims(history: History, found: Sequence[Run]) -> Mapping[int, Sequence[str]]:
    """What the runs that have not ended are to publish to: a platform of theirs may not have begun."""
    return history.aims(sorted({run.id for run in found if run.finished_at is None}))


def _past(run: Run, endings: Mapping[int, Sequence[Ending]], aims: Mapping[int, Sequence[str]], only: str) -> PastRun:
    state = state_of(run)
    stages: dict[str, dict[str, str | None]] = {}
    for ending in endings.get(run.id, ()):
        stages.setdefault(ending.platform, {})[ending.stage] = ending.outcome
    names = [name for name in dict.fromkeys([*stages, *aims.get(run.id, ())]) if only in ("", name)]
    ends = {name: outcome_of(stages.get(name, {}), state) for name in names}
    took = (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
    return PastRun(
        run.id,
        run.version,
        run.command,
        run.actor,
        run.started_at,
        took,
        run.outcome or state,
        run.exit_code,
        ends,
    )


def _figures(
    loaded: Loaded, past: Sequence[PastRun], endings: Mapping[int, Sequence[Ending]]
) -> tuple[PlatformFigures, ...]:
    order = {name: place for place, name in enumerate(loaded.options)}
    names = sorted(dict.fromkeys(n for run in past for n in run.platforms), key=lambda n: order.get(n, len(order)))
    seconds: dict[tuple[int, str], float] = {}
    for run in past:
        for ending in endings.get(run.number, ()):
            key = (run.number, ending.platform)
            seconds[key] = seconds.get(key, 0.0) + (ending.seconds or 0.0)
    return tuple(_platform(name, [run for run in past if name in run.platforms], seconds) for name in names)


def _platform(name: str, past: Sequence[PastRun], seconds: Mapping[tuple[int, str], float]) -> PlatformFigures:
    ends = [(run, run.platforms[name]) for run in past]
    good = sum(end in _GOOD for _, end in ends)
    decided = good + sum(end == "failed" for _, end in ends)
    took = [seconds[run.number, name] for run, end in ends if end == "published"]
    return PlatformFigures(
        name, past[0].number, decided, good / decided if decided else None, _flaky(ends), median(took) if took else None
    )


def _flaky(ends: Sequence[tuple[PastRun, str]]) -> float | None:
    """Of the versions with an end, those on which a failure was followed by a good end: nothing but luck changed."""
    by_version: dict[str, list[str]] = {}
    for run, end in reversed(ends):
        by_version.setdefault(run.version, []).append(end)
    decided = {v: found for v, found in by_version.items() if any(e in _GOOD or e == "failed" for e in found)}
    if not decided:
        return None
    flaky = sum(
        "failed" in found and any(e in _GOOD for e in found[found.index("failed") :]) for found in decided.values()
    )
    return flaky / len(decided)


def _lines(run: PastRun) -> Iterator[str]:
    took = f"{run.seconds:.3f}" if run.seconds is not None else ""
    code = "" if run.exit_code is None else str(run.exit_code)
    shared = (str(run.number), run.version, run.started_at.isoformat(), took, run.state, code, run.actor or "")
    for name, end in run.platforms.items() or [("", "")]:
        yield _line((*shared, run.command, name, end))


def _line(texts: Sequence[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([f"'{field}" if field.startswith(_FORMULA) else field for field in texts])
    return text.getvalue()
