"""Download counts: collecting them from every platform and place at once, and telling what is known of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.operations.graph_run import choose

if TYPE_CHECKING:
    from deployforge_tasks.analytics.daily import Numbers
    from deployforge_tasks.analytics.series import Downloads, PlatformDownloads, Released
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.core.events import Listener
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.counted import StoredCounter
    from deployforge_tasks.ledger.model import Scope, Try
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Seconds that one platform may take for all of its counters.
DEADLINE = 120.0
#: Stands for the version where there is none yet: no platform is asked about one.
_NO_VERSION = "0.0.0"
#: After a failure the dashboard asks again at the latest after this time.
_SOON = timedelta(hours=1)


@dataclass(frozen=True)
class PlatformCollected:
    """How asking one platform ended.

    `outcome` is ``collected unchanged`` (the source said nothing new), ``none`` (it publishes no counts), ``fresh``
    (asked a short time ago), ``waiting`` (the source named a time before which it is not asked) or ``failed``; `reason`
    says why; `series` is how many counters it told; `at` when it was asked, now or last.
    """

    platform: str
    title: str
    outcome: str
    reason: str = ""
    series: int = 0
    at: datetime | None = None
    error: DeployForgeError | None = None


@dataclass(frozen=True)
class Collected:
    """How a collection ended, in the order of ``deployforge.yml``.

    `problems` are files of ``monitoring.import`` that could not be taken over, each in one sentence.
    """

    project: str
    profile: str
    platforms: tuple[PlatformCollected, ...]
    problems: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 6 when a source could not be asked."""
        return 6 if any(p.outcome == "failed" for p in self.platforms) else 0


def collect(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
    force: bool = False,
    listeners: Sequence[Listener] = (),
    deadline: float = DEADLINE,
) -> Collected:
    """Ask the platforms and places for their counters, all at once, and store what they tell.

    Each is asked for what is new since its last final day. None delays another one.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one, and every place of ``analytics.places``).
        ledger_url: another ledger than the project's own.
        force: ask also those that were asked a short time ago (``analytics.every``).
        listeners: who hears the events: a stage ``stats`` of each platform that is asked.
        deadline: seconds that one platform may take.

    Raises:
        ConfigError: a platform's name cannot be used, or the ledger cannot be opened.
    """
    from deployforge_tasks.graph.counting import ask, keep

    with _context(loaded, ledger_url, listeners) as context:
        names = choose(context, platforms, context.counted)
        found = _not_asked(context, names, force=force)
        wanted = [name for name in names if name not in found]
        for name in wanted:
            context.bus.emit("stage_started", name, "stats")
        start = context.clock.monotonic()
        for told in ask(context, wanted, deadline):
            attempt = keep(context, told)
            seconds = round(context.clock.monotonic() - start, 3)
            found[told.platform] = _collected(context, attempt, len(told.series), told.error)
            _announce(context, found[told.platform], seconds)
    problems = tuple(_take_over(loaded, ledger_url))
    return Collected(loaded.project.name, loaded.profile, tuple(found[name] for name in names), problems)


def due(loaded: Loaded, *, ledger_url: str | None = None, now: datetime | None = None) -> list[str]:
    """Whom to collect from now, for whoever collects by itself; nobody where ``analytics.every`` is 0.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    every = loaded.project.analytics.every
    if not every:
        return []
    with _context(loaded, ledger_url, ()) as context:
        from deployforge_tasks.graph.counting import pauses, scope, why_not

        counted, here = context.ledger.reader().counted(), scope(context)
        tries, asked = counted.last_attempts(here), counted.last_asked(here)
        moment = now or context.clock.now()
        alone = pauses(context, moment)
        pause = min(timedelta(seconds=every), _SOON)

        def is_due(name: str) -> bool:
            last = tries.get(name)
            if last is not None and last.outcome == "failed" and moment < last.at + pause:
                return False
            if last is not None and last.outcome == "none":
                return moment >= last.at + timedelta(seconds=every)
            return not why_not(last, asked.get(name), alone(name), force=False, now=moment)[0]

        return [name for name in context.counted if is_due(name)]


def downloads(
    loaded: Loaded,
    since: date,
    until: date,
    *,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
    now: datetime | None = None,
) -> Downloads:
    """What is known of the project's downloads from `since` to `until` (days in UTC, both included). Asks nobody.

    Args:
        loaded: the project.
        since: the first day.
        until: the last day.
        platforms: only these (default: every enabled one, and every place of ``analytics.places``).
        ledger_url: another ledger than the project's own.
        now: the moment, when it is not this one.

    Raises:
        ConfigError: a platform's name cannot be used, or the ledger cannot be opened.
        ValueError: `since` is after `until`.
    """
    from deployforge_tasks.analytics.daily import Numbers
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.ledger.model import Scope
    from deployforge_tasks.operations.runs import reading

    if since > until:
        raise ValueError(f"{since} is after {until}")
    titles = _titles(loaded, platforms)
    here = Scope(loaded.project.name, loaded.profile)
    today = (now or Clock().now()).date()
    with reading(loaded, ledger_url) as reader:
        counted, names = reader.counted(), list(titles)
        counters = _by_platform(counted.counters(here, names))
        numbers = Numbers(
            since,
            until,
            today,
            counted.days(here, since, until, names),
            counted.lumps(here, since, until, names),
            counted.sums(here, names),
        )
        tries = counted.last_attempts(here)
        found = tuple(
            _platform(name, t, counters.get(name, ()), numbers, tries.get(name)) for name, t in titles.items()
        )
        releases = _releases(reader, here, titles)
    return Downloads(loaded.project.name, loaded.profile, since, until, found, releases)


@contextmanager
def _context(loaded: Loaded, ledger_url: str | None, listeners: Sequence[Listener]) -> Iterator[RunContext]:
    """A run that only counts; a project without a version can be counted, too."""
    from deployforge_tasks.core.versions import Version
    from deployforge_tasks.graph.context import RunContext

    versioned = replace(loaded, version=loaded.version or Version.parse(_NO_VERSION))
    context = RunContext(versioned, ledger_url=ledger_url, listeners=listeners, command="stats")
    try:
        context.open()
        yield context
    finally:
        context.close()


def _not_asked(context: RunContext, names: Sequence[str], *, force: bool) -> dict[str, PlatformCollected]:
    """The platforms that are left alone this time, with the reason."""
    from deployforge_tasks.graph.counting import pauses, scope, why_not

    counted, here = context.ledger.reader().counted(), scope(context)
    tries, asked = counted.last_attempts(here), counted.last_asked(here)
    now, alone = context.clock.now(), pauses(context)
    found = {}
    for name in names:
        outcome, reason = why_not(tries.get(name), asked.get(name), alone(name), force=force, now=now)
        if outcome:
            title, last = context.counted[name].title, tries.get(name)
            found[name] = PlatformCollected(name, title, outcome, reason, at=last.at if last else None)
    return found


def _collected(context: RunContext, attempt: Try, series: int, error: DeployForgeError | None) -> PlatformCollected:
    name = attempt.platform
    title = context.counted[name].title
    return PlatformCollected(name, title, attempt.outcome, attempt.reason, series, attempt.at, error)


def _announce(context: RunContext, found: PlatformCollected, seconds: float) -> None:
    outcome = {"failed": "failed", "none": "skipped"}.get(found.outcome, "ok")
    more = {"error": found.error.as_json()} if found.error else {}
    reason = found.reason or found.outcome
    context.bus.emit("stage_finished", found.platform, "stats", outcome=outcome, reason=reason, seconds=seconds, **more)


def _take_over(loaded: Loaded, ledger_url: str | None) -> Iterator[str]:
    """Take over figures from earlier times, after the platforms told what they count; tells what could not be."""
    from deployforge_tasks.core.errors import ConfigError
    from deployforge_tasks.operations.stats_import import import_file

    for name in loaded.project.monitoring.history:
        try:
            import_file(loaded, Path(name), ledger_url=ledger_url)
        except ConfigError as error:
            yield error.message


def _titles(loaded: Loaded, platforms: Sequence[str]) -> dict[str, str]:
    """The chosen platforms and places in the project's order, with their titles."""
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(loaded, command="stats")
    return {name: context.counted[name].title for name in choose(context, platforms, context.counted)}


def _by_platform(counters: Sequence[StoredCounter]) -> dict[str, list[StoredCounter]]:
    found: dict[str, list[StoredCounter]] = {}
    for counter in counters:
        found.setdefault(counter.platform, []).append(counter)
    return found


def _platform(
    name: str, title: str, counters: Sequence[StoredCounter], numbers: Numbers, last: Try | None
) -> PlatformDownloads:
    from deployforge_tasks.analytics.platform import platform_downloads

    if last is None:
        reason = "" if counters else "not collected yet; `deployforge stats` asks for its counts"
        return platform_downloads(name, title, counters, numbers, reason=reason, why="not collected yet")
    failed = last.outcome == "failed"
    why = f"the source could not be asked: {last.reason}" if failed else f"not told up to {last.at:%Y-%m-%d}"
    reason = "" if last.outcome in ("collected", "unchanged") and counters else last.reason
    return platform_downloads(name, title, counters, numbers, reason=reason, why=why)


def _releases(reader: Reader, here: Scope, platforms: Mapping[str, str]) -> tuple[Released, ...]:
    """The versions that any of these platforms has, oldest first."""
    from deployforge_tasks.analytics.series import Released

    found: dict[str, dict[str, datetime]] = {}
    for version, platform, at in reader.released(here.project, here.profile):
        if platform in platforms:
            found.setdefault(version, {})[platform] = at
    made = [Released(version, min(places.values()), places) for version, places in found.items()]
    return tuple(sorted(made, key=lambda released: released.at))
