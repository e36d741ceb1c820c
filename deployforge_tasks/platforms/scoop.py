"""Scoop: a manifest in a bucket of one's own, a git repository.

Facts: https://github.com/ScoopInstaller/Scoop/wiki/App-Manifests and its ``schema.json`` (no unknown keys); manifests
lie in ``bucket/`` and are written with CRLF, four spaces and a last newline (Scoop's own tests).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.model import Artifact, Credential, Evidence, Finding, Identity, Level, RollbackPlan
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import is_archive
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._git import GitPlatform, Place
from deployforge_tasks.platforms._git_account import identity, token_ends
from deployforge_tasks.platforms._git_checks import check, restoring
from deployforge_tasks.platforms._git_github import GithubGitOptions, github_place, github_repository, repository_name
from deployforge_tasks.platforms._git_verify import published_pins
from deployforge_tasks.platforms._release_files import inner_path, run_download
from deployforge_tasks.platforms.base import Job

_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")
_VERSION = re.compile(r"[\w.\-+_]+")


class ScoopOptions(GithubGitOptions):
    """Options of ``scoop``."""

    bucket: str | None = None
    """The bucket's repository as ``owner/name``; ``<owner>/scoop-bucket`` by default."""
    remote: str | None = None
    """URL of the bucket's git repository, where it is not on GitHub."""
    app: str | None = None
    """Name of the app (and of its file); the project's name by default."""
    license: str | None = None
    """SPDX identifier; the project's licence by default."""
    directory: str = "bucket"
    """Folder of the bucket that holds the manifests."""


class Scoop(GitPlatform[ScoopOptions]):
    """A manifest in a bucket."""

    name = "scoop"
    title = "Scoop"
    options = ScoopOptions
    ecosystem = "scoop"
    counts = (
        "No counts: Scoop has no statistics; what it installs is the release's file, which is counted where that is."
    )
    credentials = (
        Credential(
            "token",
            ("SCOOP_GITHUB_TOKEN", "SCOOP_BUCKET_TOKEN"),
            help="make a fine-grained GitHub token with Contents: read and write on the bucket "
            f"at {endpoints.GITHUB_TOKENS}; "
            "the GITHUB_TOKEN of Actions cannot write to another repository",
        ),
    )

    def paths(self, job: Job[ScoopOptions]) -> list[str]:
        return [(PurePosixPath(job.options.directory) / f"{self.app(job)}.json").as_posix()]

    def app(self, job: Job[ScoopOptions]) -> str:
        return job.options.app or job.project.name

    def place(self, job: Job[ScoopOptions], *, write: bool) -> Place:
        return github_place(job, job.options.remote or f"{self._web(job)}.git", write=write)

    def content(self, job: Job[ScoopOptions]) -> Mapping[str, bytes]:
        folder = job.render("scoop", self._context(job))
        return {p: (folder / p).read_bytes().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n") for p in self.paths(job)}

    def version_line(self, version: str) -> str:
        return f'"version": {json.dumps(version)}'

    def version_in(self, text: str) -> str | None:
        version = _manifest(text).get("version")
        return version if isinstance(version, str) else None

    def pins_in(self, text: str) -> dict[str, str]:
        manifest = _manifest(text)
        architectures = manifest.get("architecture", {})
        files = [manifest, *architectures.values()] if isinstance(architectures, dict) else [manifest]
        return {f["url"]: f["hash"] for f in files if isinstance(f.get("url"), str) and isinstance(f.get("hash"), str)}

    def message(self, job: Job[ScoopOptions]) -> str:
        return f"{self.app(job)}: Update to version {job.version}"

    def preflight(self, job: Job[ScoopOptions]) -> list[Finding]:
        return [*self._check_manifest(job), *check(self, job)]

    def whoami(self, job: Job[ScoopOptions]) -> Identity:
        return identity(self, job, github_repository(job, self.place(job, write=True)))

    def credential_ends(self, job: Job[ScoopOptions]) -> datetime | None:
        return token_ends(job, github_repository(job, self.place(job, write=True)))

    def verify(self, job: Job[ScoopOptions]) -> Evidence:
        reason = "scoop installs for the whole account, so its steps are done here" if which("scoop") else None
        return run_download(
            job, published_pins(self, job), client="git", reason=reason or "scoop is not on this machine"
        )

    def rollback_plan(self, job: Job[ScoopOptions], to: Version | None) -> RollbackPlan:
        return restoring(self, job, to)

    def page(self, job: Job[ScoopOptions]) -> str:
        return "" if job.options.remote else f"{self._web(job)}/blob/HEAD/{self.paths(job)[0]}"

    def _web(self, job: Job[ScoopOptions]) -> str:
        owner, name = repository_name(job.options.bucket, job.project.source.repo, "scoop-bucket")
        return f"{endpoints.GITHUB_WEB}/{owner}/{name}"

    def _context(self, job: Job[ScoopOptions]) -> dict[str, Any]:
        artifacts = sorted((a for a in job.artifacts if spelling(a.target, "scoop")), key=lambda a: str(a.target))
        return {
            "app": self.app(job),
            "directory": job.options.directory,
            "version": str(job.version),
            "description": job.description(self.name),
            "homepage": job.project.homepage or job.project.source_url,
            "license": job.options.license or job.project.license.spdx.removeprefix("LicenseRef-"),
            "files": [_file(job, artifact) for artifact in artifacts],
            "binary": job.binary,
            "program": f"{job.binary}.exe",
            "repository": job.project.source_url,
        }

    def _check_manifest(self, job: Job[ScoopOptions]) -> list[Finding]:
        findings = []
        if not _NAME.fullmatch(self.app(job)):
            hint = "set `app` to letters, digits and . _ + -"
            findings.append(Finding("SCOOP-020", Level.ERROR, f"`{self.app(job)}` is no app name", hint))
        if not any(spelling(t, "scoop") for t in job.targets):
            hint = "build for windows, or switch this platform off"
            findings.append(Finding("SCOOP-021", Level.ERROR, "no release file is for Windows", hint))
        if not (job.project.homepage or job.project.source_url):
            hint = "set `homepage` or `source.repo`"
            findings.append(Finding("SCOOP-022", Level.ERROR, "a manifest needs a homepage", hint))
        if not _VERSION.fullmatch(str(job.version)):
            hint = "use letters, digits and . _ + - only"
            findings.append(Finding("SCOOP-023", Level.ERROR, f"Scoop cannot hold the version {job.version}", hint))
        return findings


def _file(job: Job[ScoopOptions], artifact: Artifact) -> dict[str, str]:
    """One architecture's entry; a bare executable is renamed by the fragment of its URL."""
    archive = is_archive(artifact.name)
    inner = inner_path(artifact, artifact.executable) if archive else f"{job.binary}.exe"
    url = artifact.url if archive else f"{artifact.url}#/{job.binary}.exe"
    return {
        "architecture": str(spelling(artifact.target, "scoop")),
        "url": url,
        "sha256": artifact.sha256,
        "bin": inner.replace("/", "\\"),
        "next_url": url.replace(str(job.version), "$version"),
    }


def _manifest(text: str) -> dict[str, Any]:
    try:
        manifest = json.loads(text)
    except ValueError:
        return {}
    return manifest if isinstance(manifest, dict) else {}
