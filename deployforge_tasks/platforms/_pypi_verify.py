"""Trying a published wheel: installed with pip into a new environment, or downloaded where that cannot be done."""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zipfile
from importlib.metadata import PackageNotFoundError, version

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Artifact, Evidence
from deployforge_tasks.effects.clock import poll
from deployforge_tasks.effects.files import digest
from deployforge_tasks.effects.machine import runs_here
from deployforge_tasks.platforms._pypi_index import Files, Index
from deployforge_tasks.platforms._pypi_package import PypiOptions
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms._wheel import file_name
from deployforge_tasks.platforms.base import Job


def verify(job: Job[PypiOptions], index: Index, name: str, wheels: dict[str, Artifact]) -> Evidence:
    """Install the published version and run it.

    Args:
        wheels: file name of each wheel -> the release file that is in it.

    Raises:
        VerifyError: it is not there, not what we published, or does not run.
    """
    files = _published(job, index, name, list(wheels))
    mine = [artifact for artifact in wheels.values() if runs_here(artifact.target)]
    if not mine:
        return _download(index, files, wheels, "this machine's system is not among the targets")
    pip = _pip()
    if pip is None:
        return _download(index, files, wheels, "pip is not on this machine")
    return _install(job, index, name, mine, pip)


def _published(job: Job[PypiOptions], index: Index, name: str, wheels: list[str]) -> Files:
    """Wait until pip can see every wheel, and compare them with ours."""

    def look() -> Files:
        return index.simple(name)[0]

    files = poll(job.clock, look, lambda seen: set(wheels) <= set(seen), job.patience)
    for wheel in wheels:
        if wheel not in files:
            raise VerifyError(
                f"{wheel} is not in the index", hint="indexes are cached; verify again in some minutes", url=index.url
            )
        ours, theirs = job.digests.get(wheel), files[wheel].sha256
        if ours and theirs and ours != theirs:
            raise VerifyError(
                f"{wheel} is published with sha256 {theirs}, ours is {ours}",
                hint="somebody else published this version; raise the version",
                url=index.url,
            )
    return files


def _pip() -> str | None:
    try:
        return version("pip")
    except PackageNotFoundError:
        return None


def _install(job: Job[PypiOptions], index: Index, name: str, mine: list[Artifact], pip: str) -> Evidence:
    sandbox = job.sandbox()
    environment = sandbox.root / "venv"
    sandbox.run([sys.executable, "-m", "venv", "--without-pip", environment])
    scripts = environment / ("Scripts" if sys.platform == "win32" else "bin")
    python = scripts / ("python.exe" if sys.platform == "win32" else "python")
    sandbox.run(
        [
            *(sys.executable, "-m", "pip", "--python", python, "--isolated", "install", "--no-cache-dir"),
            *("--disable-pip-version-check", "--only-binary", ":all:", "--index-url", index.simple_url),
            *("--", f"{name}=={job.version.pep440}"),
        ],
        env={"PIP_CONFIG_FILE": os.devnull},
    )
    program = scripts / mine[0].executable.name
    if not program.exists() or digest(program) not in {digest(artifact.executable) for artifact in mine}:
        raise VerifyError(
            f"pip installed {name}, but no program of this release for this machine",
            hint="look at the wheel's `.data/scripts`",
            code="DF5021",
        )
    return Evidence("install", f"pip {pip}", said_version(job, sandbox, program, path=[scripts]))


def _download(index: Index, files: Files, wheels: dict[str, Artifact], reason: str) -> Evidence:
    """Fetch every wheel as pip would; compare digests and the programs inside."""
    for wheel, artifact in wheels.items():
        data = index.download(files[wheel])
        _check_digest(wheel, data, files)
        if hashlib.sha256(_program(data, wheel, artifact)).hexdigest() != digest(artifact.executable):
            raise VerifyError(
                f"{wheel} holds another program than {artifact.name}",
                hint="raise the version and release again",
                code="DF5021",
            )
    return Evidence("download", "DeployForge", f"{len(wheels)} wheels, digests and programs as released", reason)


def _check_digest(wheel: str, data: bytes, files: Files) -> None:
    if files[wheel].sha256 not in ("", hashlib.sha256(data).hexdigest()):
        raise VerifyError(
            f"{wheel} does not have the digest that the index tells", hint="download it again", url=files[wheel].url
        )


def _program(data: bytes, wheel: str, artifact: Artifact) -> bytes:
    name, number = wheel.split("-")[:2]
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read(f"{file_name(name)}-{number}.data/scripts/{artifact.executable.name}")
    except (KeyError, zipfile.BadZipFile):
        return b""
