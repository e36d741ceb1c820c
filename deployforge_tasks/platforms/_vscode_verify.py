"""Trying a published extension: VS Code installs it, or the package for this machine is downloaded and run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.effects.files import digest, unpack
from deployforge_tasks.effects.machine import runnable
from deployforge_tasks.effects.process import which
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.platforms._gallery import UNIVERSAL, Gallery
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms._vscode_package import PROGRAM_FOLDER
from deployforge_tasks.platforms.base import Job


def verify(job: Job[Any], gallery: Gallery, pieces: Sequence[str], *, official: bool) -> Evidence:
    """Install the extension and run its program.

    Args:
        official: the gallery is the Marketplace itself, the only one that `code` installs from.

    Raises:
        VerifyError: the published package is not ours, or its program does not run.
    """
    target = runnable(job.targets)
    if which("code") and official and target:
        return _install(job, gallery, target)
    reason = _why_not(official=official)
    mine = str(spelling(target, "vscode")) if target else ""
    piece = mine if mine in pieces else pieces[0]
    sandbox = job.sandbox()
    folder = _download(job, gallery, piece, sandbox)
    if piece != mine or target is None:
        why = "the extension holds no program" if piece == UNIVERSAL else "there is no package for this machine"
        return Evidence("download", f"the gallery's package for {piece}", reason=f"{reason}, and {why}")
    program = folder / "extension" / PROGRAM_FOLDER / f"{job.binary}{target.executable_suffix}"
    program.chmod(0o755)
    return Evidence("download", f"the gallery's package for {piece}", said_version(job, sandbox, program), reason)


def _why_not(*, official: bool) -> str:
    """Why `code` does not install it here."""
    if which("code") is None:
        return "VS Code is not on this machine"
    return "no target is this machine's" if official else "code installs from the Marketplace only"


def _install(job: Job[Any], gallery: Gallery, target: Target) -> Evidence:
    sandbox = job.sandbox()
    extensions = sandbox.root / "extensions"
    wanted = f"{gallery.publisher}.{gallery.extension}@{job.version.semver}"
    folders = ["--extensions-dir", str(extensions), "--user-data-dir", str(sandbox.root / "data")]
    sandbox.run(["code", *folders, "--install-extension", wanted])
    client = sandbox.run(["code", *folders, "--version"]).stdout.split()
    program = f"{PROGRAM_FOLDER}/{job.binary}{target.executable_suffix}"
    found = next(iter(extensions.glob(f"*/{program}")), None)
    if found is None:
        return Evidence("install", f"VS Code {client[0]}", "the extension is installed; it holds no program")
    return Evidence("install", f"VS Code {client[0]}", said_version(job, sandbox, found))


def _download(job: Job[Any], gallery: Gallery, piece: str, sandbox: Sandbox) -> Path:
    """Download and unpack the published package; returns the folder."""
    url = gallery.download_url(job.version.semver, piece)
    archive = sandbox.root / "extension.zip"
    job.http.download(url, archive)
    expected = job.digests.get(piece)
    got = digest(archive)
    if expected and got != expected:
        raise VerifyError(
            f"the gallery serves a package with sha256 {got}, ours is {expected}",
            hint="was this version published from somewhere else?",
            code="DF5130",
            url=url,
        )
    unpack(archive, sandbox.root / "unpacked")
    return sandbox.root / "unpacked"
