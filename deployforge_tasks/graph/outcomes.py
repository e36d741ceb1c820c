"""What became of each platform, and the exit code that follows: read from the run's events, never from doit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from deployforge_tasks.core.errors import DeployForgeError, common_exit_code
from deployforge_tasks.core.events import Event
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import Presence

#: How a stage can end (`stage_finished`).
OK, FAILED, SKIPPED, WAITING, BLOCKED = "ok", "failed", "skipped", "waiting", "blocked"
#: How a run ends whose failed platforms were not required.
DEGRADED = "degraded"
#: How a platform ends whose publication in this run was taken back.
ROLLED_BACK = "rolled-back"
#: Exit codes of runs that ended without a failure, for those who are strict about it.
STRICT = {WAITING: 9, DEGRADED: 10}


@dataclass
class PlatformOutcome:
    """What became of one platform: its stages by name, with what they found."""

    name: str
    stages: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    seconds: float = 0.0
    presence: Presence | None = None
    evidence: Evidence | None = None
    error: DeployForgeError | None = None
    published: list[str] = field(default_factory=list)
    begun: bool = False
    """Whether a call that cannot be taken back was begun."""

    @property
    def outcome(self) -> str:
        """``failed blocked rolled-back waiting published skipped ok`` or ``none`` (nothing happened).

        A rollback after a failure (`rollback_on_error`) that fails leaves the platform as it was: published.
        """
        stages = {stage: end for stage, end in self.stages.items() if stage != "rollback"} or self.stages
        ends = set(stages.values())
        if self.published and self.stages.get("rollback") == OK and not ends & {FAILED, BLOCKED}:
            return ROLLED_BACK
        for end in (FAILED, BLOCKED, WAITING):
            if end in ends:
                return end
        if self.published:
            return "published"
        if self.stages.get("publish") in (OK, SKIPPED):
            return SKIPPED
        return OK if OK in ends else "none"


class Outcomes:
    """A listener that keeps what matters of a run's events."""

    def __init__(self) -> None:
        self._platforms: dict[str, PlatformOutcome] = {}
        self.errors: list[DeployForgeError] = []
        self.shared: dict[str, str] = {}
        """Ends of the tasks that belong to no platform (``fetch:linux-amd64``)."""
        self.receipts: list[str] = []
        """The platform of each receipt, in their order."""

    def of(self, name: str) -> PlatformOutcome:
        return self._platforms.setdefault(name, PlatformOutcome(name))

    def __call__(self, event: Event) -> None:
        if event.kind == "stage_finished":
            self._finished(event)
        elif event.platform and event.kind == "receipt":
            self.of(event.platform).published.append(str(event.data["piece"]))
            self.receipts.append(event.platform)
        elif event.platform and event.kind == "intent":
            self.of(event.platform).begun = True
        elif event.platform and event.kind == "evidence":
            self.of(event.platform).evidence = Evidence(**{k: str(v) for k, v in event.data.items()})

    def _finished(self, event: Event) -> None:
        end = str(event.data["outcome"])
        if event.platform is None:
            self.shared[f"{event.stage}:{event.data.get('target', '')}"] = end
            return
        state = self.of(event.platform)
        state.seconds += float(event.data.get("seconds", 0.0))
        reason = str(event.data.get("reason", ""))
        bad = (FAILED, BLOCKED, WAITING)  # the first of the worst kind is what the rest follows from
        before = [bad.index(e) for e in state.stages.values() if e in bad]
        state.stages[event.stage or ""] = end
        worst = end in bad and bad.index(end) < min(before, default=len(bad))
        if worst or (not before and event.stage in ("publish", "rollback")):
            state.reason = reason

    def remember(self, error: DeployForgeError) -> None:
        """Keep the error itself: its event holds only its text."""
        self.errors.append(error)
        if error.platform and self.of(error.platform).error is None:
            self.of(error.platform).error = error

    def exit_code(self, required: Mapping[str, bool], stopped_by: int | None = None) -> int:
        """The run's exit code.

        Args:
            required: per platform whether its failure fails the run.
            stopped_by: the signal that stopped the run.

        0 all done · the class of the error when every failure is of one class · 1 otherwise · 128 + signal.
        """
        if stopped_by is not None:
            return 128 + stopped_by
        names = [name for name, must in required.items() if must and name in self._platforms]
        broken = [self._platforms[n] for n in names if self._platforms[n].outcome in (FAILED, BLOCKED)]
        codes = {p.error.exit_code for p in broken if p.error is not None}
        if not broken:
            idle = all(platform.outcome == "none" for platform in self._platforms.values())
            return self._shared_exit_code() if idle or not names else 0
        if not codes:  # nothing of their own: the files that they share, or a hub that is not required
            return self._shared_exit_code() or 1
        return common_exit_code(codes)

    def _shared_exit_code(self) -> int:
        return common_exit_code({e.exit_code for e in self.errors if e.platform is None})

    def word(self, names: Iterable[str], exit_code: int, required: Mapping[str, bool]) -> str:
        """One word for the whole run: ``ok degraded waiting failed stopped``."""
        if exit_code in (130, 143):
            return "stopped"
        if exit_code:
            return "failed"
        ends = {name: self.of(name).outcome for name in names}
        if any(end in (FAILED, BLOCKED) and not required.get(name, True) for name, end in ends.items()):
            return DEGRADED
        return WAITING if WAITING in ends.values() else OK
