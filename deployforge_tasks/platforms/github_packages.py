"""GitHub Packages: npm's protocol, scoped to the repository's owner, for readers who are signed in."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from deployforge_tasks.core.endpoints import GITHUB_API, GITHUB_PACKAGES_NPM, GITHUB_WEB
from deployforge_tasks.core.errors import ConfigError, NetworkError
from deployforge_tasks.core.model import Credential, Identity, ManualStep
from deployforge_tasks.platforms._github_account import APP_NOTE, account
from deployforge_tasks.platforms._github_rest import Rest
from deployforge_tasks.platforms._npm import NpmFamily
from deployforge_tasks.platforms._npm_account import owner
from deployforge_tasks.platforms._npm_names import NpmOptions
from deployforge_tasks.platforms._npm_registry import Registry
from deployforge_tasks.platforms.base import Job


class GithubPackagesOptions(NpmOptions):
    """Options of GitHub Packages (npm)."""

    registry: str = GITHUB_PACKAGES_NPM
    """The registry's base URL."""
    api: str | None = None
    """Base URL of GitHub's REST API, which tells when the token ends; follows from GitHub's own registry."""


class GithubPackages(NpmFamily):
    """https://docs.github.com/packages/working-with-a-github-packages-registry/working-with-the-npm-registry."""

    name: ClassVar[str] = "github_packages"
    title: ClassVar[str] = "GitHub Packages (npm)"
    options = GithubPackagesOptions
    always_signed_in = True
    deprecates = False
    counts = "No counts: GitHub tells nobody how often a package was downloaded."
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

    def identity(self, job: Job[NpmOptions], registry: Registry) -> Identity:
        """The registry tells the owner; what the token may do, and its end, is known to GitHub's API."""
        who = owner(job, registry)
        assert isinstance(job.options, GithubPackagesOptions)
        api = job.options.api or (GITHUB_API if registry.url == GITHUB_PACKAGES_NPM else None)
        if api is None:
            return Identity(who, note="this registry does not tell when the token ends")
        try:
            login, told = account(Rest(job.http, api, job.secrets.require("token")), job.secrets)
        except NetworkError as error:
            return Identity(who, note=f"GitHub does not tell when the token ends ({error.message})")
        return Identity(who, told.scopes or (), told.expires, APP_NOTE if login is None else "")

    def manual_steps(self, job: Job[NpmOptions]) -> tuple[ManualStep, ...]:
        text, page = "to remove it altogether: delete the version (refused after 5,000 downloads)", self.page(job)
        return (ManualStep(text, f"{page}?q={self.title_name(job).rpartition('/')[2]}" if page else ""),)

    def page(self, job: Job[NpmOptions]) -> str:
        if job.options.registry.rstrip("/") != GITHUB_PACKAGES_NPM:
            return ""
        return f"{job.project.source_url}/packages" if job.project.source_url else ""
