"""The VS Code Marketplace: an extension with the program inside, one package for each target."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pydantic import Field

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import VSCODE_DOCS, VSCODE_MARKETPLACE
from deployforge_tasks.core.errors import ConfigError, CredentialError
from deployforge_tasks.core.model import (
    Artifact,
    Credential,
    Evidence,
    Finding,
    Identity,
    Level,
    Live,
    Package,
    Piece,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import digest, write_atomic
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms import _vscode_verify as trial
from deployforge_tasks.platforms._gallery import UNIVERSAL, Gallery, Shown, shown, unpublished
from deployforge_tasks.platforms._vscode_account import identity
from deployforge_tasks.platforms._vscode_downloads import series
from deployforge_tasks.platforms._vscode_live import live
from deployforge_tasks.platforms._vscode_package import from_folder, generated, program_entries, read_package
from deployforge_tasks.platforms.base import Job, Options, Platform

_ID = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)\.([A-Za-z0-9][A-Za-z0-9-]*)")
# https://code.visualstudio.com/api/references/extension-manifest, `categories`
CATEGORIES = frozenset({
    "AI", "Azure", "Chat", "Data Science", "Debuggers", "Extension Packs", "Education", "Formatters", "Keymaps",
    "Language Packs", "Linters", "Machine Learning", "Notebooks", "Other", "Programming Languages", "SCM Providers",
    "Snippets", "Testing", "Themes", "Visualization",
})  # fmt: skip
_LARGEST = 2**31 - 1  # of each number of a version
_PAT_HELP = (
    "make a personal access token with the scope Marketplace (Manage) for all organisations, see "
    f"{VSCODE_DOCS}/working-with-extensions/publishing-extension, and set VSCE_PAT"
)


class VscodeOptions(Options):
    """Options of `platforms.vscode`."""

    extension_id: str | None = None
    """``publisher.name``; by default what the folder's package.json says, or the repository's owner and the project."""
    path: str | None = None
    """Folder of an existing extension; without it a small one is generated."""
    display_name: str | None = None
    """Name for people of a generated extension; by default the project's name."""
    categories: list[str] = Field(default_factory=list)
    """Categories of the Marketplace, in place of those in package.json; `Other` for a generated extension."""
    engine: str = "^1.74.0"
    """Versions of VS Code that a generated extension works with."""
    per_target: bool = True
    """One package a target with the program in `bin/`; `false`: one package for all, without a program."""
    pre_release: bool = False
    """Offer this version only to those who chose pre-releases (the version itself stays three plain numbers)."""
    marketplace: str = VSCODE_MARKETPLACE
    """Base URL of the gallery."""

    def advice(self) -> list[tuple[str, str, str]]:
        found = super().advice()
        if self.extension_id and not self.path:
            publisher = self.extension_id.partition(".")[0]
            hint = f"is the publisher `{publisher}` yours? name the folder of an existing extension with `path`"
            found.append(("extension_id", "a small extension is generated under this name", hint))
        return found


class Vscode(Platform[VscodeOptions]):
    """One VSIX a target; each is validated by the Marketplace before users see it."""

    name = "vscode"
    title = "VS Code Marketplace"
    options = VscodeOptions
    traits = Traits(immutable=True)
    ecosystem = "vscode"
    counts = (
        "Installations from VS Code since the first version, without updates; who installs it on another machine is "
        "counted again, and who removed it stays counted."
    )
    credentials = (Credential("pat", ("VSCE_PAT", "VSCODE_MARKETPLACE_TOKEN", "VSCE_TOKEN"), _PAT_HELP),)

    def tools(self, options: VscodeOptions) -> Sequence[Tool]:
        code = Tool("code", ("code", "--version"), "install VS Code")
        vsce = Tool("vsce", ("vsce", "--version"), "npm install --global @vscode/vsce", needed=True)
        return (code, vsce) if options.path else (code,)

    def pieces(self, job: Job[VscodeOptions]) -> list[str]:
        if not job.options.per_target:
            return [UNIVERSAL]
        return list(dict.fromkeys(str(spelling(t, "vscode")) for t in job.targets))

    def inputs(self, job: Job[VscodeOptions]) -> Sequence[Path]:
        return [job.path(job.options.path)] if job.options.path else []

    def render(self, job: Job[VscodeOptions]) -> None:
        if not job.options.path:
            job.render("vscode", _context(job))

    def package(self, job: Job[VscodeOptions]) -> Package:
        self.render(job)
        artifacts = {str(spelling(a.target, "vscode")): a for a in job.artifacts} if job.options.per_target else {}
        return Package(tuple(_package_one(job, piece, artifacts.get(piece)) for piece in self.pieces(job)))

    def preflight(self, job: Job[VscodeOptions]) -> list[Finding]:
        folder = job.path(job.options.path) if job.options.path else job.workdir / "rendered"
        findings = [*_check_version(job.version), *_check_package(read_package(folder), _identity(job))]
        if job.options.path and not which("vsce"):
            hint = "npm install --global @vscode/vsce"
            findings.append(Finding("VSCODE-107", Level.ERROR, "vsce is not on this machine", hint))
        return [*findings, *_check_token(job)]

    def presence(self, job: Job[VscodeOptions]) -> Presence:
        """Users' view decides; the publisher's own view also has what is still being validated."""
        gallery, version = _gallery(job), job.version.semver
        public = gallery.public()
        looks = [Look(gallery.query_url, 200)]
        if unpublished(public):
            return Presence(State.WITHDRAWN, "the extension is unpublished", tuple(looks), tuple(self.pieces(job)))
        packages = {s.target: s for s in shown(public, version, gallery.query_url)}
        if gallery.pat:
            own = gallery.own()
            looks.append(Look(gallery.extension_url, 404 if own is None else 200))
            packages = {**{s.target: s for s in shown(own, version, gallery.extension_url)}, **packages}
        return self._judge(job, packages, tuple(looks))

    def _judge(self, job: Job[VscodeOptions], packages: dict[str, Shown], looks: tuple[Look, ...]) -> Presence:
        answer = compare(self.pieces(job), job.digests, dict.fromkeys(packages, ""), looks)
        waiting = [p for p in self.pieces(job) if p in packages and not packages[p].validated]
        refused = [p for p in waiting if packages[p].problem]
        if refused:
            reason = f"{refused[0]} was refused: {packages[refused[0]].problem}"
            return Presence(State.REJECTED, reason, looks, tuple(refused))
        if answer.state is State.SAME and waiting:
            return Presence(State.PENDING, f"the Marketplace validates {', '.join(waiting)}", looks)
        return answer

    def publish(self, job: Job[VscodeOptions], missing: Sequence[str]) -> None:
        assert job.package is not None
        job.secrets.require("pat")
        gallery = _gallery(job)
        for name in missing:
            piece = job.package.piece(name)
            exists = gallery.own() is not None
            with job.irreversible(name, piece.digest):
                gallery.upload((job.workdir / str(piece.path)).read_bytes(), exists=exists)

    def verify(self, job: Job[VscodeOptions]) -> Evidence:
        return trial.verify(job, _gallery(job), self.pieces(job), official=_web(job) == VSCODE_MARKETPLACE)

    def rollback_plan(self, job: Job[VscodeOptions], to: Version | None) -> RollbackPlan:
        """Only a person can remove one version; the API's "unpublish" would remove the whole extension."""
        publisher, name = _identity(job)
        instead = f"; users get {to} again" if to else ""
        return self.manual(
            f'remove {publisher}.{name} {job.version} ("...", "View versions", "Remove"){instead}',
            f"{_web(job)}/manage/publishers/{publisher}/extensions/{name}/hub",
        )

    def live(self, job: Job[VscodeOptions]) -> Live | None:
        return live(_gallery(job), self.pieces(job), job.version)

    def whoami(self, job: Job[VscodeOptions]) -> Identity:
        return identity(job, _gallery(job))

    def downloads(self, job: Job[VscodeOptions], since: date | None) -> Sequence[Series]:
        return series(job, _gallery(job))

    def page(self, job: Job[VscodeOptions]) -> str:
        publisher, name = _identity(job)
        return f"{_web(job)}/items?itemName={publisher}.{name}"


def _identity(job: Job[VscodeOptions]) -> tuple[str, str]:
    """Publisher and name of the extension.

    Raises:
        ConfigError: nothing tells them, or `extension_id` is none.
    """
    text = job.options.extension_id
    if text is None and job.options.path:
        package = read_package(job.path(job.options.path))
        text = f"{package.get('publisher')}.{package.get('name')}"
    elif text is None and job.project.source.repo:
        text = f"{job.project.source.repo.split('/')[0]}.{job.project.name}"
    match = _ID.fullmatch(text or "")
    if not match:
        raise ConfigError(
            f"`{text}` is no extension id" if text else "nothing says which extension it is",
            hint="set `platforms.vscode.extension_id` to publisher.name",
            code="DF1220",
        )
    return match[1], match[2]


def _web(job: Job[VscodeOptions]) -> str:
    return job.options.marketplace.rstrip("/")


def _gallery(job: Job[VscodeOptions]) -> Gallery:
    return Gallery(job.http, _web(job), *_identity(job), job.secrets.get("pat"))


def _package_one(job: Job[VscodeOptions], piece: str, artifact: Artifact | None) -> Piece:
    target = None if piece == UNIVERSAL else piece
    if job.options.path:
        changes: dict[str, Any] = {"version": job.version.semver}
        if job.options.categories:
            changes["categories"] = job.options.categories
        content = from_folder(
            job.processes,
            job.path(job.options.path),
            changes,
            programs=program_entries(artifact, job.binary),
            target=target,
            pre_release=job.options.pre_release,
        )
    else:
        content = generated(job.workdir / "rendered", artifact, job.binary, target, job.options.pre_release)
    publisher, name = _identity(job)
    path = job.workdir / f"{publisher}.{name}-{job.version.semver}-{piece}.vsix"
    write_atomic(path, content)
    return Piece(piece, digest(path), path.name, len(content), str(artifact.target) if artifact else None)


def _context(job: Job[VscodeOptions]) -> dict[str, Any]:
    project = job.project
    publisher, name = _identity(job)
    repository = project.source_url
    package = {
        "name": name,
        "publisher": publisher,
        "version": job.version.semver,
        "displayName": job.options.display_name or project.name,
        "description": job.description("vscode"),
        "license": project.license.spdx,
        "keywords": project.keywords[:30],
        "categories": job.options.categories or ["Other"],
        "engines": {"vscode": job.options.engine},
        "main": "./extension.js",
        "activationEvents": ["onStartupFinished"],
        "extensionKind": ["workspace"],
        "contributes": {
            "commands": [{"command": f"{name}.showVersion", "title": f"{project.name}: Show version"}],
        },
        **({"repository": {"type": "git", "url": repository}} if repository else {}),
        **({"homepage": project.homepage} if project.homepage else {}),
        **({"bugs": {"url": project.urls.issues}} if project.urls.issues else {}),
    }
    return {"package": package, "binary": job.binary, "arguments": project.version_command, "title": project.name}


def _check_version(version: Version) -> list[Finding]:
    if version.is_prerelease:
        hint = "publish three plain numbers with `pre_release: true` (an odd minor number is the custom)"
        return [Finding("VSCODE-102", Level.ERROR, f"the Marketplace takes no pre-release like {version}", hint)]
    if any(n > _LARGEST for n in version.numbers):
        return [
            Finding("VSCODE-103", Level.ERROR, f"a number of {version} is above {_LARGEST}", "choose a smaller one")
        ]
    return []


def _check_package(package: dict[str, Any], identity: tuple[str, str]) -> list[Finding]:
    """What the Marketplace would refuse in package.json."""
    findings = []
    if (package.get("publisher"), package.get("name")) != identity:
        message = f"package.json is {package.get('publisher')}.{package.get('name')}, not {'.'.join(identity)}"
        findings.append(Finding("VSCODE-104", Level.ERROR, message, "correct it or `extension_id`"))
    if not isinstance(package.get("engines"), dict) or not package["engines"].get("vscode"):
        hint = 'add "engines": {"vscode": "^1.74.0"}'
        findings.append(Finding("VSCODE-105", Level.ERROR, "package.json names no engines.vscode", hint))
    if str(package.get("icon", "")).lower().endswith(".svg"):
        findings.append(Finding("VSCODE-106", Level.ERROR, "the icon is an SVG", "use a PNG of at least 128x128"))
    unknown = sorted(set(package.get("categories", [])) - CATEGORIES)
    if unknown:
        message = f"the Marketplace has no category {', '.join(unknown)}"
        findings.append(Finding("VSCODE-108", Level.WARNING, message, f"known: {', '.join(sorted(CATEGORIES))}"))
    return findings


def _check_token(job: Job[VscodeOptions]) -> list[Finding]:
    try:
        identity(job, _gallery(job))
    except CredentialError as error:
        number = "VSCODE-101" if job.secrets.get("pat") else "VSCODE-100"
        return [Finding.of_error(number, error)]
    return []
