"""Where a run is: what its events add up to, for every platform and for the whole run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.operations.estimate import STAGES, Estimate, estimate_by
from deployforge_tasks.operations.runs import outcome_of

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.feed import Feed
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.ledger.reading import StoredEvent
    from deployforge_tasks.project.load import Loaded

#: Events that are read at once.
CHUNK = 500
#: A stage that takes longer than ever before is never shown as done.
_ALMOST = 0.95
#: Ends after which a platform has nothing to do any more.
_OVER = ("failed", "blocked", "waiting")
#: How each state of a platform is counted in the head of a run.
COUNTED = {
    "published": "ok",
    "skipped": "ok",
    "ok": "ok",
    "failed": "failed",
    "blocked": "blocked",
    "waiting": "waiting",
    "running": "running",
    "rolled_back": "rolled_back",
    "unfinished": "unfinished",
}


@dataclass(frozen=True)
class StageNow:
    """One stage of one platform.

    `state`: ``queued running unfinished`` or its end (``ok failed skipped waiting blocked``). `since` is when it began,
    `seconds` how long it took, None until it ends. `attempt` counts its tries in this run, 0 before the first.
    """

    stage: str
    state: str = "queued"
    since: datetime | None = None
    seconds: float | None = None
    attempt: int = 0
    reason: str = ""


@dataclass(frozen=True)
class PlatformNow:
    """One platform of a run.

    `state`: ``queued running published skipped ok waiting blocked failed unfinished rolled_back``; ``queued`` also
    between two stages, while it waits for its hub or its turn. `progress` goes from 0 to 1. `since` is when it began;
    `seconds` what its ended stages took; `usual` what they take when all goes well, None if that is not known. `error`
    is the first line of what went wrong, `code` its stable id. `over`: nothing more happens on it in this run.
    """

    platform: str
    state: str
    stages: tuple[StageNow, ...]
    progress: float
    since: datetime | None
    seconds: float
    usual: float | None
    attempt: int
    error: str = ""
    code: str = ""
    over: bool = False

    @property
    def running(self) -> StageNow | None:
        """The stage that runs."""
        return next((stage for stage in self.stages if stage.state == "running"), None)


@dataclass(frozen=True)
class RunNow:
    """One run.

    `state` is that of `ledger.liveness.state_of`; `outcome` its one word, None until it ends. `counts` says how many
    platforms are ``ok failed blocked waiting running rolled_back unfinished queued``; `left` the seconds that are left,
    None when that cannot be told. `number_of_event` is the last event that is in here.
    """

    number: int
    version: str
    profile: str
    command: str
    state: str
    outcome: str | None
    started_at: datetime
    finished_at: datetime | None
    platforms: tuple[PlatformNow, ...]
    counts: Mapping[str, int]
    left: float | None
    number_of_event: int

    @property
    def live(self) -> bool:
        return self.state in ("running", "elsewhere")


@dataclass
class _Platform:
    stages: dict[str, StageNow] = field(default_factory=dict)
    error: str = ""
    code: str = ""


class RunProgress:
    """Adds up the events of one run.

    Args:
        run: what the ledger says of it.
        estimate: what its platforms wait for, and how long they took before.
    """

    def __init__(self, run: Run, estimate: Estimate) -> None:
        self.run = run
        self.state = "running"
        self.number = 0
        self._estimate = estimate
        self._platforms: dict[str, _Platform] = {name: _Platform() for name in estimate.names}

    def add(self, stored: StoredEvent) -> None:
        """Take in the next event; log lines change nothing."""
        event = stored.event
        self.number = max(self.number, stored.number)
        if event.kind == "run_started":
            for name in event.data.get("platforms", ()):
                self._platforms.setdefault(str(name), _Platform())
        elif event.platform is not None and event.stage is not None:
            self._stage(event, event.platform, event.stage)

    def platform(self, name: str, now: datetime) -> PlatformNow:
        """One platform at that moment."""
        found = self._platforms.get(name) or _Platform()
        known = [*STAGES, *(stage for stage in found.stages if stage not in STAGES)]
        stages = tuple(self._shown(found.stages.get(stage) or StageNow(stage)) for stage in known)
        state = self._state(found)
        over = self.state in ("finished", "killed") or state not in ("queued", "running")
        began = [stage.since for stage in stages if stage.since is not None]
        usual = [self._estimate.usual.get((name, stage)) for stage in STAGES]
        return PlatformNow(
            platform=name,
            state=state,
            stages=stages,
            progress=1.0 if over and state not in ("queued", "unfinished") else self._progress(name, stages, now),
            since=min(began, default=None),
            seconds=sum(stage.seconds or 0.0 for stage in stages),
            usual=sum(filter(None, usual)) if (name, "publish") in self._estimate.usual else None,
            attempt=max((stage.attempt for stage in stages), default=0),
            error=found.error,
            code=found.code,
            over=over,
        )

    def now(self, now: datetime) -> RunNow:
        """The whole run at that moment."""
        run = self.run
        platforms = tuple(self.platform(name, now) for name in self._platforms)
        counts = Counter(COUNTED.get(one.state, "queued") for one in platforms)
        live = self.state in ("running", "elsewhere")
        return RunNow(
            number=run.id,
            version=run.version,
            profile=run.profile,
            command=run.command,
            state=self.state,
            outcome=run.outcome,
            started_at=run.started_at,
            finished_at=run.finished_at,
            platforms=platforms,
            counts=dict(counts),
            left=self._left(platforms, now) if live else None,
            number_of_event=self.number,
        )

    def _stage(self, event: Event, platform: str, stage: str) -> None:
        found = self._platforms.setdefault(platform, _Platform())
        before = found.stages.get(stage) or StageNow(stage)
        if event.kind == "stage_started":
            found.stages[stage] = StageNow(stage, "running", since=event.at, attempt=before.attempt + 1)
            found.error = found.code = ""
        elif event.kind == "stage_finished":
            seconds = event.data.get("seconds")
            end, reason = str(event.data.get("outcome", "")), str(event.data.get("reason", ""))
            took = float(seconds) if seconds is not None else None
            found.stages[stage] = StageNow(stage, end, before.since, took, before.attempt, reason)
            if end in _OVER and not (end == "blocked" and found.error):  # what blocks it says more
                error = event.data.get("error") or {}
                found.error = first_line(str(error.get("message") or reason))
                found.code = str(error.get("id", ""))

    def _shown(self, stage: StageNow) -> StageNow:
        """A stage of a run that was killed does not run any more."""
        if stage.state != "running" or self.state in ("running", "elsewhere"):
            return stage
        return StageNow(stage.stage, "unfinished", stage.since, None, stage.attempt, stage.reason)

    def _state(self, found: _Platform) -> str:
        ends = {stage.stage: None if stage.state == "running" else stage.state for stage in found.stages.values()}
        return outcome_of(ends, self.state)

    def _progress(self, name: str, stages: tuple[StageNow, ...], now: datetime) -> float:
        usual = self._estimate.usual
        known = all((name, stage.stage) in usual for stage in stages)
        whole = done = 0.0
        for stage in stages:
            takes = max(usual[name, stage.stage], 0.01) if known else 1.0
            whole += takes
            if stage.state == "running" and stage.since is not None:
                spent = (now - stage.since).total_seconds() / max(usual.get((name, stage.stage), 0.0), 0.01)
                done += takes * min(_ALMOST, max(0.0, spent)) if (name, stage.stage) in usual else 0.0
            elif stage.state not in ("queued", "unfinished"):
                done += takes
        return done / whole if whole else 0.0

    def _left(self, platforms: tuple[PlatformNow, ...], now: datetime) -> float | None:
        running = {
            (one.platform, stage.stage): (now - stage.since).total_seconds()
            for one in platforms
            if (stage := one.running) is not None and stage.since is not None
        }
        done = {
            (one.platform, stage.stage)
            for one in platforms
            for stage in one.stages
            if stage.state not in ("queued", "running", "unfinished")
        }
        return self._estimate.left(running, done, [one.platform for one in platforms if one.over])


def progress_of(feed: Feed, loaded: Loaded, run: Run) -> RunProgress:
    """A run as the ledger has it now."""
    # Looked at before the events: whatever an ended run has to say is there by then.
    state = state_of(run)
    found = new_progress(feed, loaded, run)
    for stored in _events(feed, run.id):
        found.add(stored)
    found.state = state
    return found


def new_progress(feed: Feed, loaded: Loaded, run: Run) -> RunProgress:
    """A run of which nothing is known but what it was to do."""
    names = feed.aims(run.id)
    if run.profile == loaded.profile:
        return RunProgress(run, estimate_by(feed, loaded, names, before=run.id))
    return RunProgress(run, Estimate(names, {}, feed.usual_seconds(run.project, run.profile, before=run.id)))


def _events(feed: Feed, run: int) -> Iterator[StoredEvent]:
    after = 0
    while True:
        entries = feed.told({run: after}, CHUNK)
        yield from (entry.stored for entry in entries)
        if len(entries) < CHUNK:
            return
        after = entries[-1].stored.number


def first_line(text: str) -> str:
    """The first line of a text that says something."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "")
