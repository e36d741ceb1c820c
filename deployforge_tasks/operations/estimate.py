"""How long a run will take, by what earlier runs took."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: What has to be done before a platform can publish.
BEFORE = ("render", "package", "preflight")
STAGES = (*BEFORE, "publish", "verify")

Task = tuple[str, str]
"""Platform and stage."""


@dataclass(frozen=True)
class CriticalPath:
    """The platforms that a run waits for longest, in their order, and the seconds that it takes."""

    platforms: tuple[str, ...]
    seconds: float


@dataclass(frozen=True)
class Estimate:
    """Guesses for a run of these platforms.

    Args:
        names: the platforms.
        needs: per platform those that must have published before.
        usual: seconds that a stage took in earlier runs.
    """

    names: Sequence[str]
    needs: Mapping[str, Sequence[str]]
    usual: Mapping[Task, float]

    def path(self) -> CriticalPath | None:
        """The critical path of the whole run; None while a platform has not been published before."""
        return self._path({})

    def left(self, running: Mapping[Task, float], done: Collection[Task], ended: Collection[str]) -> float | None:
        """Seconds that are left; None when that cannot be told.

        Args:
            running: seconds since the begin of what runs.
            done: what has been done.
            ended: platforms on which nothing more happens.
        """
        spent = {**running, **dict.fromkeys(done, float("inf"))}
        spent |= {(name, stage): float("inf") for name in ended for stage in STAGES}
        path = self._path(spent)
        return path.seconds if path else None

    def _path(self, spent: Mapping[Task, float]) -> CriticalPath | None:
        if not self.names or any((name, "publish") not in self.usual for name in self.names):
            return None
        ends = [self._end(name, spent) for name in self.names]
        return max(ends, key=lambda path: path.seconds)

    def _end(self, name: str, spent: Mapping[Task, float]) -> CriticalPath:
        published = self._published(name, spent)
        return CriticalPath(published.platforms, published.seconds + self._rest(name, ("verify",), spent))

    def _published(self, name: str, spent: Mapping[Task, float]) -> CriticalPath:
        own = CriticalPath((), self._rest(name, BEFORE, spent))
        hubs = [self._published(hub, spent) for hub in self.needs.get(name, ()) if hub in self.names]
        waited = max([own, *hubs], key=lambda path: path.seconds)
        return CriticalPath((*waited.platforms, name), waited.seconds + self._rest(name, ("publish",), spent))

    def _rest(self, name: str, stages: Sequence[str], spent: Mapping[Task, float]) -> float:
        return sum(max(0.0, self.usual.get((name, s), 0.0) - spent.get((name, s), 0.0)) for s in stages)


def estimate_of(loaded: Loaded, names: Sequence[str], *, ledger_url: str | None = None) -> Estimate:
    """The estimate for a run of these platforms, by the ledger.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.operations.runs import reading

    with reading(loaded, ledger_url) as reader:
        return estimate_by(reader, loaded, names)


def estimate_by(reader: Reader, loaded: Loaded, names: Sequence[str], *, before: int | None = None) -> Estimate:
    """The same by a ledger that is open already, and by the runs before one of them.

    A name that the project does not have waits for nothing.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(loaded)
    needs = {name: context.hubs(name) if name in context.platforms else () for name in names}
    return Estimate(names, needs, reader.usual_seconds(loaded.project.name, loaded.profile, before=before))
