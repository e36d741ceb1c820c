"""{{ cookiecutter.title }}: the files of a version below one address, uploaded with a token.

Change what follows to what {{ cookiecutter.title }} really answers, and name the page that says so.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Credential, Evidence, Finding, Level, Package, Piece, RollbackPlan, Traits
from deployforge_tasks.core.presence import Look, Presence, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import digest
from deployforge_tasks.platforms.base import Job, Options, Platform

#: Where the files come from that are rendered for each version.
TEMPLATE = {{ cookiecutter.template }}
MANIFEST = "manifest.json"


class {{ cookiecutter.class }}Options(Options):
    """Options of ``{{ cookiecutter.name }}``."""

    package: str | None = None
    """Name of the package; the project's name by default."""
    registry: str = "{{ cookiecutter.registry }}"
    """Base URL of the registry."""


class {{ cookiecutter.class }}(Platform[{{ cookiecutter.class }}Options]):
    """The release files and a manifest; a version is final."""

    name = "{{ cookiecutter.name }}"
    title = "{{ cookiecutter.title }}"
    options = {{ cookiecutter.class }}Options
    traits = Traits(immutable=True)
    credentials = (
        Credential("token", ("{{ cookiecutter.prefix }}_TOKEN",), help="make one on your account's page, with the right to publish"),
    )

    def pieces(self, job: Job[{{ cookiecutter.class }}Options]) -> list[str]:
        return [*(job.asset_name(target) for target in job.targets), MANIFEST]

    def package(self, job: Job[{{ cookiecutter.class }}Options]) -> Package:
        files = [{"name": a.name, "sha256": a.sha256} for a in job.artifacts]
        names = {"package": self._name(job), "version": str(job.version), "files": files}
        manifest = job.render(TEMPLATE, names) / MANIFEST
        path = manifest.relative_to(job.workdir).as_posix()
        pieces = [Piece(a.name, a.sha256, size=a.size, target=str(a.target)) for a in job.artifacts]
        return Package((*pieces, Piece(MANIFEST, digest(manifest), path, manifest.stat().st_size)))

    def preflight(self, job: Job[{{ cookiecutter.class }}Options]) -> list[Finding]:
        if job.secrets.get("token"):
            return []
        message, hint = "there is no token to publish with", self.credentials[0].help
        return [Finding("{{ cookiecutter.prefix }}-001", Level.ERROR, message, hint, credential=True)]

    def presence(self, job: Job[{{ cookiecutter.class }}Options]) -> Presence:
        url = self._url(job)
        listing = job.http.json(url, ok=(200, 404))  # any other status raises, which means: unknown
        found = {} if listing is None else {str(file["name"]): str(file["sha256"]) for file in listing["files"]}
        return compare(self.pieces(job), job.digests, found, [Look(url, 404 if listing is None else 200)])

    def publish(self, job: Job[{{ cookiecutter.class }}Options], missing: Sequence[str]) -> None:
        headers = {"Authorization": f"Bearer {job.secrets.require('token')}"}
        for name, path, sha256 in self._files(job):
            if name in missing:
                with job.irreversible(name, sha256), path.open("rb") as file:
                    job.http.send("PUT", f"{self._url(job)}/{name}", data=file, headers=headers)

    def verify(self, job: Job[{{ cookiecutter.class }}Options]) -> Evidence:
        sandbox = job.sandbox()
        for name, _, sha256 in self._files(job):
            copy = sandbox.root / name
            job.http.download(f"{self._url(job)}/{name}", copy)
            if digest(copy) != sha256:
                raise VerifyError(
                    f"{name} was published and comes back with other content",
                    hint="download it by hand and compare; then release a new version",
                    code="{{ cookiecutter.code }}",
                )
        return Evidence("download", "https download", reason="{{ cookiecutter.title }} has no client that runs here")

    def rollback_plan(self, job: Job[{{ cookiecutter.class }}Options], to: Version | None) -> RollbackPlan:
        return self.manual(f"take {job.version} back on the page of the package", self._url(job))

    def page(self, job: Job[{{ cookiecutter.class }}Options]) -> str:
        return self._url(job)

    def _files(self, job: Job[{{ cookiecutter.class }}Options]) -> list[tuple[str, Path, str]]:
        """Name, path and sha256 of everything to upload."""
        manifest = job.workdir / "rendered" / MANIFEST
        return [*((a.name, a.path, a.sha256) for a in job.artifacts), (MANIFEST, manifest, digest(manifest))]

    def _url(self, job: Job[{{ cookiecutter.class }}Options]) -> str:
        return f"{job.options.registry.rstrip('/')}/{self._name(job)}/{job.version}"

    def _name(self, job: Job[Any]) -> str:
        return job.options.package or job.project.name
