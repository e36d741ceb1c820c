"""Homebrew: a formula in a tap of one's own, a git repository.

Facts: https://docs.brew.sh/How-to-Create-and-Maintain-a-Tap (a tap ``owner/x`` is the repository ``owner/homebrew-x``;
formulae lie in ``Formula/``), https://docs.brew.sh/Formula-Cookbook. A formula and not a cask, because what a cask
downloads is quarantined and an unsigned program from there is killed on macOS.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from pydantic import Field

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Artifact, Credential, Evidence, Finding, Identity, Level, RollbackPlan, Tool
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import is_archive
from deployforge_tasks.platforms._counting import service
from deployforge_tasks.platforms._git import GitPlatform, Place
from deployforge_tasks.platforms._git_account import identity, token_ends
from deployforge_tasks.platforms._git_checks import check, restoring
from deployforge_tasks.platforms._git_github import GithubGitOptions, github_place, github_repository, repository_name
from deployforge_tasks.platforms._homebrew_downloads import series
from deployforge_tasks.platforms._homebrew_ruby import (
    LONGEST_DESC,
    class_name,
    description,
    license_of,
    ruby_escape,
    ruby_string,
)
from deployforge_tasks.platforms._homebrew_verify import verify
from deployforge_tasks.platforms._release_files import inner_path, members
from deployforge_tasks.platforms.base import Job

_NAME = re.compile(r"[a-z0-9][a-z0-9@+._-]*")
_PIN = re.compile(r'^\s*url "([^"]+)"\s*\n\s*sha256 "([0-9a-f]{64})"', re.MULTILINE)
_VERSION = re.compile(r'^\s*version "([^"]+)"', re.MULTILINE)


#: Formulae that only compile a program.
_COMPILERS = ("go", "rust", "zig", "gcc", "llvm", "cmake", "meson")


class HomebrewOptions(GithubGitOptions):
    """Options of ``homebrew``."""

    tap: str | None = None
    """The tap as ``owner/name`` (the repository ``owner/homebrew-name``); ``<owner>/tap`` by default."""
    remote: str | None = None
    """URL of the tap's git repository, where it is not on GitHub."""
    formula_name: str | None = None
    """Name of the formula; the project's name by default."""
    dependencies: list[str] = Field(default_factory=list)
    """Formulae that the program needs at run time."""
    license: str | None = None
    """SPDX expression; the project's licence by default."""
    test: str | list[str] | None = None
    """Arguments for the formula's test, whose output must contain the version; `version_command` by default."""
    counts: str | None = None
    """Base URL of the lists of installations (default: Homebrew's, for a tap on GitHub; none for another one)."""
    directory: str = "Formula"
    """Folder of the tap that holds the formulae."""

    def advice(self) -> list[tuple[str, str, str]]:
        hint = "name only what the program needs at run time"
        message = "the formula installs a finished program, so its users need no {}"
        tools = [tool for tool in self.dependencies if tool in _COMPILERS]
        return [*super().advice(), *(("dependencies", message.format(tool), hint) for tool in tools)]


class Homebrew(GitPlatform[HomebrewOptions]):
    """A formula in a tap."""

    name = "homebrew"
    title = "Homebrew"
    options = HomebrewOptions
    ecosystem = "homebrew"
    counts = (
        "Installations in the last 30, 90 and 365 days by people who let Homebrew count them; the sums roll on, so "
        "they cannot be added up."
    )
    credentials = (
        Credential(
            "token",
            ("HOMEBREW_TAP_TOKEN", "HOMEBREW_TAP_GITHUB_TOKEN", "TAP_GITHUB_TOKEN", "HOMEBREW_GITHUB_API_TOKEN"),
            help="make a fine-grained GitHub token with Contents: read and write on the tap "
            f"at {endpoints.GITHUB_TOKENS}; "
            "the GITHUB_TOKEN of Actions cannot write to another repository",
        ),
    )

    def tools(self, options: HomebrewOptions) -> Sequence[Tool]:
        return (*super().tools(options), Tool("brew", ("brew", "--version"), f"see {endpoints.HOMEBREW_WEB}"))

    def paths(self, job: Job[HomebrewOptions]) -> list[str]:
        return [(PurePosixPath(job.options.directory) / f"{self.formula(job)}.rb").as_posix()]

    def formula(self, job: Job[HomebrewOptions]) -> str:
        return job.options.formula_name or job.project.name.lower().replace(" ", "-")

    def tap(self, job: Job[HomebrewOptions]) -> str:
        """The tap as users write it (``owner/name``).

        Raises:
            ConfigError: nothing tells its owner.
        """
        source = job.project.source.repo or ("local/tap" if job.options.remote else None)
        owner, name = repository_name(job.options.tap, source, "tap")
        return f"{owner}/{name.removeprefix('homebrew-')}"

    def place(self, job: Job[HomebrewOptions], *, write: bool) -> Place:
        if job.options.remote:
            return github_place(job, job.options.remote, write=write)
        owner, _, name = self.tap(job).partition("/")
        return github_place(job, f"{endpoints.GITHUB_WEB}/{owner}/homebrew-{name}.git", write=write)

    def content(self, job: Job[HomebrewOptions]) -> Mapping[str, bytes]:
        folder = job.render("homebrew", self._context(job))
        return {path: (folder / path).read_bytes() for path in self.paths(job)}

    def version_line(self, version: str) -> str:
        return f"version {ruby_string(version)}"

    def version_in(self, text: str) -> str | None:
        match = _VERSION.search(text)
        return match.group(1) if match else None

    def pins_in(self, text: str) -> dict[str, str]:
        return dict(_PIN.findall(text))

    def message(self, job: Job[HomebrewOptions]) -> str:
        return f"{self.formula(job)} {job.version}"

    def preflight(self, job: Job[HomebrewOptions]) -> list[Finding]:
        return [*self._check_formula(job), *check(self, job)]

    def whoami(self, job: Job[HomebrewOptions]) -> Identity:
        return identity(self, job, github_repository(job, self.place(job, write=True)))

    def credential_ends(self, job: Job[HomebrewOptions]) -> datetime | None:
        return token_ends(job, github_repository(job, self.place(job, write=True)))

    def verify(self, job: Job[HomebrewOptions]) -> Evidence:
        return verify(self, job, tap=self.tap(job), formula=self.formula(job), remote=job.options.remote)

    def rollback_plan(self, job: Job[HomebrewOptions], to: Version | None) -> RollbackPlan:
        return restoring(self, job, to)

    def downloads(self, job: Job[HomebrewOptions], since: date | None) -> Sequence[Series]:
        remote = job.options.remote
        where = remote or "the tap on GitHub"
        base = service(job.options.counts, endpoints.HOMEBREW_ANALYTICS, official=remote is None, registry=where)
        return series(job, base, f"{self.tap(job)}/{self.formula(job)}")

    def page(self, job: Job[HomebrewOptions]) -> str:
        if job.options.remote:
            return ""
        owner, _, name = self.tap(job).partition("/")
        return f"{endpoints.GITHUB_WEB}/{owner}/homebrew-{name}/blob/HEAD/{self.paths(job)[0]}"

    def _context(self, job: Job[HomebrewOptions]) -> dict[str, Any]:
        artifacts = [a for a in job.artifacts if spelling(a.target, "homebrew")]
        names = sorted({ruby_string(_unpacked_name(a, a.executable)) for a in artifacts})
        runtime = any(a.runtime_files for a in artifacts)
        for artifact in artifacts:
            for file in artifact.runtime_files:
                inner_path(artifact, file)
        if runtime and len(names) > 1:
            raise ConfigError(
                "the program lies at another path in each release file",
                hint="give the release files the same layout: Homebrew installs their runtime files together",
                code="DF1311",
            )
        return {
            "formula": self.formula(job),
            "directory": job.options.directory,
            "class_name": class_name(self.formula(job)),
            "desc": ruby_string(self._desc(job)),
            "homepage": ruby_string(_homepage(job)),
            "version": ruby_string(str(job.version)),
            "license": license_of(job.options.license or job.project.license.spdx),
            "dependencies": [ruby_string(name) for name in job.options.dependencies],
            "systems": list(_systems(artifacts)),
            "binary": ruby_string(job.binary),
            "names": names,
            "runtime_files": runtime,
            "test_command": ruby_escape(shlex.join([job.binary, *_test_arguments(job)])),
        }

    def _desc(self, job: Job[HomebrewOptions]) -> str:
        own = job.project.descriptions.get(self.name)
        return description(own or job.project.summary or job.project.description, self.formula(job))

    def _check_formula(self, job: Job[HomebrewOptions]) -> list[Finding]:
        findings = []
        if not _NAME.fullmatch(self.formula(job)):
            hint = "set `formula_name` to lower-case letters, digits and @ + . _ -"
            findings.append(Finding("HOMEBREW-020", Level.ERROR, f"`{self.formula(job)}` is no formula name", hint))
        if not any(spelling(t, "homebrew") for t in job.targets):
            hint = "build for darwin or linux, or switch this platform off"
            findings.append(Finding("HOMEBREW-021", Level.ERROR, "no release file is for macOS or Linux", hint))
        if len(self._desc(job)) > LONGEST_DESC:
            message = (
                f"the description has {len(self._desc(job))} characters, `brew audit` wants {LONGEST_DESC} at most"
            )
            findings.append(Finding("HOMEBREW-022", Level.WARNING, message, "set `summary` or `descriptions.homebrew`"))
        if not _homepage(job):
            hint = "set `homepage` or `source.repo`"
            findings.append(Finding("HOMEBREW-023", Level.ERROR, "a formula needs a homepage", hint))
        if job.version.is_prerelease:
            message = f"{job.version} is a pre-release, and everybody who has the tap will get it"
            hint = "publish it under another name, for example `formula_name: tool@beta`"
            findings.append(Finding("HOMEBREW-024", Level.WARNING, message, hint))
        return findings


def _homepage(job: Job[HomebrewOptions]) -> str:
    return job.project.homepage or job.project.source_url


def _test_arguments(job: Job[HomebrewOptions]) -> list[str]:
    if job.options.test is None:
        return job.project.version_command
    return shlex.split(job.options.test) if isinstance(job.options.test, str) else job.options.test


def _systems(artifacts: Sequence[Artifact]) -> Iterator[dict[str, Any]]:
    """The blocks of the formula: `on_macos` before `on_linux`, `on_arm` before `on_intel`, as brew's style wants."""
    by_word = {spelling(a.target, "homebrew"): a for a in artifacts}
    for system in ("macos", "linux"):
        files = [
            {"cpu": cpu, "url": ruby_string(a.url), "sha256": ruby_string(a.sha256)}
            for cpu in ("arm", "intel")
            if (a := by_word.get(f"{system}-{cpu}"))
        ]
        if files:
            yield {"name": system, "files": files}


def _unpacked_name(artifact: Artifact, file: Path) -> str:
    """Where brew finds a file after unpacking: it steps into a folder that stands alone at the top."""
    inner = inner_path(artifact, file)
    if not is_archive(artifact.name):
        return inner
    tops = {name.partition("/")[0] for name in members(artifact.path)}
    return inner.partition("/")[2] if len(tops) == 1 and "/" in inner else inner
