"""What a place is: somebody who counts downloads of the project, and nothing else."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import ClassVar, Generic, TypeVar

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.model import Credential
from deployforge_tasks.effects.clock import Clock
from deployforge_tasks.effects.http import Http
from deployforge_tasks.project.schema import Project
from deployforge_tasks.project.strict import Strict

P = TypeVar("P", bound=Strict)


@dataclass(frozen=True)
class Asking:
    """All that a place is asked with; `secrets` are its own credentials that are set, by their names."""

    project: Project
    http: Http
    clock: Clock
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


class Place(ABC, Generic[P]):
    """A place that counts the project, and that DeployForge does not publish to.

    Args:
        options: its section of ``analytics.places``.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    counts: ClassVar[str]
    """What its download counters say and what they do not; one sentence for people."""

    def __init__(self, options: P) -> None:
        self.options = options

    @property
    def credentials(self) -> tuple[Credential, ...]:
        """What it takes, with the variables that the project names."""
        return ()

    @abstractmethod
    def downloads(self, asking: Asking, since: date | None) -> Iterable[Series]:
        """What it counts of the project. Only looks.

        Args:
            asking: the project, and what it is asked with.
            since: the first day that is wanted from sources that have a history; None for all that they have.

        Returns:
            One series a counter; none when it does not know the project yet.

        Raises:
            DeployForgeError: it gives no clear answer; nothing of that is counted then.
        """
