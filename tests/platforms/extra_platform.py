"""Platforms from outside, for the registry's tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from deployforge_tasks.core.model import Package, RollbackPlan
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms.base import Job, Options, Platform


class Extra(Platform[Options]):
    """As little as a platform can be."""

    name = "extra"
    title = "Extra"
    options = Options

    def pieces(self, job: Job[Any]) -> list[str]:
        return []

    def package(self, job: Job[Any]) -> Package:
        return Package(())

    def presence(self, job: Job[Any]) -> Presence:
        return Presence.unknown("nobody knows")

    def publish(self, job: Job[Any], missing: Sequence[str]) -> None:
        """Nothing to publish."""

    def rollback_plan(self, job: Job[Any], to: Version | None) -> RollbackPlan:
        return RollbackPlan()


class SecondNpm(Extra):
    """Takes a name that is taken."""

    name = "npm"


class AliasTaker(Extra):
    """Takes another name of GitHub's."""

    aliases = ("github_release",)
