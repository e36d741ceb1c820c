"""The rows of the ledger as others see them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Key:
    """One version of one project on one platform; `profile` is "" for the default one."""

    project: str
    profile: str
    platform: str
    version: str

    def __str__(self) -> str:
        scope = f" (profile {self.profile})" if self.profile else ""
        return f"{self.project} {self.version} on {self.platform}{scope}"


@dataclass(frozen=True)
class Run:
    """One invocation with the place where it runs.

    `outcome`, `exit_code` and `finished_at` are None while it runs, or when it was killed; `host` and `pid` when an
    older DeployForge wrote it. `actor` is who or what started it, where that is known.
    """

    id: int
    project: str
    profile: str
    version: str
    command: str
    started_at: datetime
    finished_at: datetime | None
    outcome: str | None
    exit_code: int | None
    host: str | None
    pid: int | None
    actor: str | None = None


@dataclass(frozen=True)
class Attempt:
    """One try of one stage; `outcome` is None while it runs, or when it was killed."""

    platform: str
    stage: str
    number: int
    started_at: datetime
    outcome: str | None
    seconds: float | None
    reason: str


@dataclass(frozen=True)
class Intent:
    """An irreversible call that was about to be made."""

    id: int
    key: Key
    piece: str
    digest: str
    at: datetime


@dataclass(frozen=True)
class Scope:
    """Whose counters: a project's in one profile ("" for the default one)."""

    project: str
    profile: str = ""


@dataclass(frozen=True)
class Try:
    """One try to collect a platform's counters: `outcome` is ``collected unchanged none failed``."""

    platform: str
    at: datetime
    outcome: str
    reason: str
    not_before: datetime | None
