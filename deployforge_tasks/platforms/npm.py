"""npm: a package per target and a small main package, on npmjs or any registry that speaks its protocol."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import ClassVar

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import NPM_DOWNLOADS, NPM_REGISTRY, NPM_WEB
from deployforge_tasks.core.model import Credential, ManualStep
from deployforge_tasks.platforms import _npm_downloads, _npm_trust
from deployforge_tasks.platforms._counting import service
from deployforge_tasks.platforms._npm import NpmFamily
from deployforge_tasks.platforms._npm_names import NpmOptions, package_names
from deployforge_tasks.platforms.base import Job


class NpmjsOptions(NpmOptions):
    """Options of npm."""

    counts: str | None = None
    """Base URL of the service that counts downloads (default: npm's, for its own registry; none for another one)."""


class Npm(NpmFamily):
    """https://docs.npmjs.com/cli and https://github.com/npm/registry."""

    name: ClassVar[str] = "npm"
    title: ClassVar[str] = "npm"
    options = NpmjsOptions
    counts = (
        "Downloads a day of the package that users install, by people, CI machines, mirrors and robots alike; those of "
        "the packages with one target's program stand beside it, because each install of the program has both."
    )
    credentials = (
        Credential(
            "token",
            ("NPM_TOKEN", "NODE_AUTH_TOKEN"),
            f"make a granular token with write access (2FA bypass) at {NPM_WEB}/settings/~/tokens",
        ),
    )

    def manual_steps(self, job: Job[NpmOptions]) -> tuple[ManualStep, ...]:
        name, version = self.title_name(job), job.version.semver
        if not self.page(job):
            return (ManualStep(f"to remove it: npm unpublish {name}@{version} --registry {job.options.registry}"),)
        return (
            ManualStep(
                f"to remove it within 72 hours: npm unpublish {name}@{version} (its number is never free again)",
                f"{NPM_WEB}/policies/unpublish",
            ),
        )

    def exchange(self, job: Job[NpmOptions], identity: Callable[[str], str], piece: str) -> dict[str, str]:
        """A token for one package (the one that users install, if none is named)."""
        token = _npm_trust.token(job, identity, piece or self.title_name(job))
        return {"token": token} if token else {}

    def downloads(self, job: Job[NpmOptions], since: date | None) -> Sequence[Series]:
        options = job.options
        assert isinstance(options, NpmjsOptions)
        official = options.registry.rstrip("/") == NPM_REGISTRY
        base = service(options.counts, NPM_DOWNLOADS, official=official, registry=options.registry)
        return _npm_downloads.series(job, base, package_names(self.settle(job)), since)

    def page(self, job: Job[NpmOptions]) -> str:
        if job.options.registry.rstrip("/") != NPM_REGISTRY:
            return ""
        return f"{NPM_WEB}/package/{self.title_name(job)}/v/{job.version.semver}"
