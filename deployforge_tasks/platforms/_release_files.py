"""For platforms whose files point at the release files: what is inside those, and whether users can download them."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import TypeVar

from deployforge_tasks.core.errors import ArtifactError, NetworkError, StatusError, VerifyError
from deployforge_tasks.core.model import Artifact, Evidence
from deployforge_tasks.effects.files import digest, is_archive, unpack
from deployforge_tasks.effects.machine import runnable
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job, Options

O = TypeVar("O", bound=Options)  # noqa: E741 - as in base


def members(archive: Path) -> list[str]:
    """The names of the files in a tar or zip."""
    if archive.name.lower().endswith(".zip"):
        with zipfile.ZipFile(archive) as pack:
            names = [m.filename for m in pack.infolist() if not m.is_dir()]
    else:
        with tarfile.open(archive) as tar:
            names = [m.name for m in tar if m.isfile()]
    return [name.removeprefix("./") for name in names]


def inner_path(artifact: Artifact, file: Path) -> str:
    """Where a file of the release (the program, a runtime file) lies inside the release file.

    A bare executable is its own program: its name is given.

    Raises:
        ArtifactError: the release file does not hold it.
    """
    if not is_archive(artifact.name):
        return artifact.name
    fitting = [name for name in members(artifact.path) if PurePosixPath(name).name == file.name]
    if not fitting:
        raise ArtifactError(
            f"{artifact.name} does not hold {file.name}",
            hint="put it into the release file: that is what users download",
            code="DF3130",
        )
    return min(fitting, key=lambda name: (name.count("/"), name))


def check_downloads(job: Job[O], pins: Mapping[str, str]) -> None:
    """Download every URL that a file points at and compare its sha256, before users are sent there.

    Args:
        pins: URL to sha256.

    Raises:
        NetworkError: a URL does not answer (yet).
        ArtifactError: a URL answers with something else.
    """
    for url, sha256 in pins.items():
        _fetch(job, url, sha256).unlink()


def run_download(job: Job[O], pins: Mapping[str, str], *, client: str, reason: str) -> Evidence:
    """Do what the platform's client would: download this machine's release file, compare it, unpack it, run it.

    Raises:
        VerifyError: what users would download is not there, is something else, or does not run.
    """
    here = runnable(job.targets)
    mine = job.release_url(job.asset_name(here)) if here else None
    fitting = [url for url in pins if url.partition("#")[0] == mine]
    url = next(iter([*fitting, *pins]), None)
    if url is None:
        raise VerifyError("the published file names no download", hint="deploy again", code="DF5026")
    try:
        path = _fetch(job, url, pins[url])
    except ArtifactError as error:
        raise VerifyError(error.message, hint=error.hint, code="DF5021", url=url) from error
    if not fitting:
        return Evidence("download", client, reason=f"{reason}, and this machine can run none of the release files")
    sandbox = job.sandbox()
    name = job.binary + (here.executable_suffix if here else "")
    files = unpack(path, sandbox.root) if is_archive(path.name) else [path.rename(sandbox.root / name)]
    program = next((f for f in files if f.name == name), None)
    if program is None:
        raise VerifyError(f"{path.name} does not hold {name}", hint="rebuild the release file", code="DF5022", url=url)
    program.chmod(0o755)
    return Evidence("download", client, said_version(job, sandbox, program), reason)


def _fetch(job: Job[O], url: str, sha256: str) -> Path:
    name = PurePosixPath(url.partition("#")[0].partition("?")[0]).name
    folder = job.workdir / "downloads" / hashlib.sha256(url.encode()).hexdigest()[:16]
    path = folder / name
    try:
        job.http.download(url.partition("#")[0], path)
    except StatusError as error:
        if error.status != 404:
            raise
        raise NetworkError(
            f"{name} cannot be downloaded yet: {error.message}",
            hint="publish the release first, then run again",
            url=url,
        ) from error
    found = digest(path)
    if found != sha256:
        path.unlink()
        raise ArtifactError(
            f"{name} is there with sha256 {found}, frozen is {sha256}",
            hint="release files never change after they were published; publish a new version",
            code="DF3131",
            url=url,
        )
    return path
