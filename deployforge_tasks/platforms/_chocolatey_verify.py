"""Trying a published Chocolatey package: with choco on Windows, elsewhere by doing what its install script would do."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.executables import read_header
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.files import digest, is_archive, unpack
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job

_VALUE = r"^\s*{name}\s*=\s*'((?:[^']|'')*)'"


def verify(job: Job[Any], package_id: str, version: str, feed: str, expected: str | None) -> Evidence:
    """Install the version with choco where it is; else download what it would.

    Raises:
        VerifyError: the published package or what it downloads is not what it should be.
    """
    if which("choco") and sys.platform == "win32":
        return _install(job, package_id, version, feed)
    package = _fetch_package(job, package_id, version, feed, expected)
    program = _fetch_program(job, package)
    header = read_header(program.read_bytes())
    if header is None or not header.fits(job.targets[0]):
        raise VerifyError(
            f"{program.name} is no program for {job.targets[0]}",
            hint="is the release file for windows/amd64 the right one?",
            code="DF5110",
        )
    reason = "choco is not on this machine" if sys.platform == "win32" else "choco runs on Windows only"
    return Evidence("download", "the feed's package and the file it downloads, digests equal", reason=reason)


def _install(job: Job[Any], package_id: str, version: str, feed: str) -> Evidence:
    sandbox = job.sandbox()
    root = sandbox.root / "chocolatey"
    sandbox.run(
        ["choco", "install", package_id, f"--version={version}", f"--source={feed}", "--yes", "--no-progress", "--pre"],
        env={"ChocolateyInstall": str(root), "ProgramData": str(sandbox.home)},
    )
    client = sandbox.run(["choco", "--version"], env={"ChocolateyInstall": str(root)}).stdout.strip()
    said = said_version(job, sandbox, root / "bin" / f"{job.binary}.exe")
    return Evidence("install", f"choco {client}", said)


def _fetch_package(job: Job[Any], package_id: str, version: str, feed: str, expected: str | None) -> Path:
    """Download and unpack the nupkg; returns the folder."""
    folder = job.sandbox().root
    archive = folder / "package.zip"
    job.http.download(f"{feed.rstrip('/')}/package/{package_id}/{version}", archive)
    got = f"sha512:{digest(archive, 'sha512')}"
    if expected and got != expected:
        raise VerifyError(
            f"the feed serves a package with {got[:23]}…, ours is {expected[:23]}…",
            hint="was the version pushed from somewhere else?",
            code="DF5111",
        )
    unpack(archive, folder / "package")
    return folder / "package"


def _fetch_program(job: Job[Any], package: Path) -> Path:
    """Do what the install script does: download, check the digest, unpack. Returns the program."""
    script = (package / "tools" / "chocolateyinstall.ps1").read_text("utf-8")
    url, wanted = _value(script, "url64bit"), _value(script, "checksum64")
    file = package / url.rsplit("/", 1)[-1]
    job.http.download(url, file)
    got = digest(file)
    if got != wanted.lower():
        raise VerifyError(
            f"{url} has sha256 {got}, the package wants {wanted}",
            hint="the release file changed after the package was made",
            code="DF5112",
            url=url,
        )
    if not is_archive(file.name):
        return file
    programs = [p for p in unpack(file, package / "tools") if p.name == f"{job.binary}.exe"]
    if not programs:
        raise VerifyError(
            f"{file.name} does not hold {job.binary}.exe",
            hint="Chocolatey makes commands of the .exe files it finds, so the program must be in the archive",
            code="DF5113",
        )
    return programs[0]


def _value(script: str, name: str) -> str:
    match = re.search(_VALUE.format(name=name), script, re.MULTILINE | re.IGNORECASE)
    if not match:
        raise VerifyError(
            f"the published install script has no {name}", hint="look at the package's files", code="DF5114"
        )
    return match[1].replace("''", "'")
