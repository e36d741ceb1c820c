"""GitHub Packages: npm's protocol, scoped to the repository's owner, for readers who are signed in."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from deployforge_tasks.core.endpoints import GITHUB_PACKAGES_NPM, GITHUB_WEB
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Credential, ManualStep
from deployforge_tasks.platforms._npm import NpmFamily
from deployforge_tasks.platforms._npm_names import NpmOptions
from deployforge_tasks.platforms.base import Job


class GithubPackagesOptions(NpmOptions):
    """Options of GitHub Packages (npm)."""

    registry: str = GITHUB_PACKAGES_NPM
    """The registry's base URL."""


class GithubPackages(NpmFamily):
    """https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-npm-registry."""

    name: ClassVar[str] = "github_packages"
    title: ClassVar[str] = "GitHub Packages (npm)"
    options = GithubPackagesOptions
    always_signed_in = True
    deprecates = False
    credentials = (
        Credential(
            "token",
            ("GITHUB_TOKEN", "GH_TOKEN"),
            f"make a classic token with write:packages at {GITHUB_WEB}/settings/tokens "
            "(fine-grained ones do not work), or use GITHUB_TOKEN with `packages: write` in Actions",
        ),
    )

    def settle(self, job: Job[NpmOptions]) -> Job[NpmOptions]:
        """Packages must be scoped to the repository's owner, in lower case."""
        options = job.options
        package = (options.package or job.project.name).lower()
        if not package.startswith("@"):
            scope = options.scope or (job.project.source.repo or "").partition("/")[0]
            if not scope:
                raise ConfigError(
                    "GitHub Packages needs a scope, and nobody says whose",
                    hint="set source.repo, or platforms.github_packages.scope",
                    code="DF1303",
                )
            package = f"@{scope.removeprefix('@').lower()}/{package}"
        return replace(job, options=options.model_copy(update={"package": package, "scope": None}))

    def manual_steps(self, job: Job[NpmOptions]) -> tuple[ManualStep, ...]:
        text, page = "to remove it altogether: delete the version (refused after 5,000 downloads)", self.page(job)
        return (ManualStep(text, f"{page}?q={self.title_name(job).rpartition('/')[2]}" if page else ""),)

    def page(self, job: Job[NpmOptions]) -> str:
        if job.options.registry.rstrip("/") != GITHUB_PACKAGES_NPM:
            return ""
        return f"{job.project.source_url}/packages" if job.project.source_url else ""
