"""Platforms for the benchmarks that do nothing but take their time: a look-up of 0.5 s, an upload of 1 s.

What a version "is" lies as files in the folder that DEPLOYFORGE_BENCH_REGISTRY names.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Package, Piece, RollbackPlan
from deployforge_tasks.core.presence import Look, Presence, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms.base import Job, Options, Platform

COUNT = 40


class SlowOptions(Options):
    """How long things take, in seconds."""

    look: float = 0.0
    """One look-up."""
    upload: float = 0.0
    """One upload."""


class _Slow(Platform[SlowOptions]):
    title = "Slow"
    options = SlowOptions
    uses_artifacts = False

    def _file(self, job: Job[SlowOptions]) -> Path:
        return Path(os.environ["DEPLOYFORGE_BENCH_REGISTRY"]) / f"{self.name}-{job.version}"

    def pieces(self, job: Job[SlowOptions]) -> list[str]:
        return [self.name]

    def package(self, job: Job[SlowOptions]) -> Package:
        return Package((Piece(self.name, "digest"),))

    def presence(self, job: Job[SlowOptions]) -> Presence:
        time.sleep(job.options.look)
        found = {self.name: "digest"} if self._file(job).exists() else {}
        return compare(self.pieces(job), job.digests, found, [Look(self.name, 200)])

    def publish(self, job: Job[SlowOptions], missing: Sequence[str]) -> None:
        with job.irreversible(self.name, "digest"):
            time.sleep(job.options.upload)
            self._file(job).touch()

    def rollback_plan(self, job: Job[SlowOptions], to: Version | None) -> RollbackPlan:
        return RollbackPlan()


def __getattr__(name: str) -> Any:
    """``slow_07`` and so on, for the entry points."""
    if not name.startswith("slow_"):
        raise AttributeError(name)
    return type(name, (_Slow,), {"name": name})
