"""Try a published release as users do: download its files from their public addresses and run the program."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from urllib.parse import quote

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.files import digest, is_archive, unpack
from deployforge_tasks.effects.machine import runnable
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.platforms._github_api import Asset, Repository
from deployforge_tasks.platforms._github_release import GitHubJob, files, repo_name, repository, stored_name, tag_of
from deployforge_tasks.platforms._verify import said_version

CLIENT = "https download"


def try_release(job: GitHubJob) -> Evidence:
    """Download and compare every file, and run the one that is for this machine."""
    hub = repository(job)
    release = hub.published(tag_of(job))
    if release is None:
        raise VerifyError(
            f"{repo_name(job)} shows no release {tag_of(job)}",
            hint="publish it first; a draft is seen by nobody",
            code="DF5060",
        )
    assets = hub.assets(release)
    private = bool((hub.about()[0] or {}).get("private"))
    sandbox = job.sandbox()
    for name in files(job):
        if name not in assets or not assets[name].uploaded:
            raise VerifyError(f"{tag_of(job)} lacks {name}", hint="deploy again; only it will be sent", code="DF5061")
        _download(job, hub if private else None, assets[name], sandbox.root / name)
    return _run(job, sandbox)


def _download(job: GitHubJob, hub: Repository | None, asset: Asset, to: Path) -> None:
    """Get a file where users get it (a private one through the API) and compare it."""
    if hub:
        hub.download(asset, to)
    else:
        base = f"{job.options.web.rstrip('/')}/{repo_name(job)}/releases/download"
        job.http.download(f"{base}/{quote(tag_of(job), safe='')}/{quote(asset.name)}", to)
    got = digest(to)
    for whose, wanted in (("ours", job.digests.get(asset.name)), ("GitHub's", asset.sha256)):
        if wanted and got != wanted:
            raise VerifyError(
                f"{asset.name} was downloaded with the SHA-256 {got}, {whose} is {wanted}",
                hint="do not announce this release; compare the file by hand",
                code="DF5062",
            )


def _run(job: GitHubJob, sandbox: Sandbox) -> Evidence:
    target = runnable(job.targets)
    if target is None:
        return Evidence("download", CLIENT, reason="this machine can run none of the release files")
    return Evidence("install", CLIENT, said_version(job, sandbox, _program(job, sandbox.root, target)))


def _program(job: GitHubJob, folder: Path, target: Target) -> Path:
    """The program for a target, unpacked if its release file is an archive."""
    file = folder / stored_name(job.asset_name(target))
    if not is_archive(file.name):
        file.chmod(0o755)
        return file
    paths = job.project.artifacts.binary_path
    inside = paths.get(str(target)) or paths.get(target.os) or paths.get("default") or job.binary
    wanted = {PurePosixPath(inside).name, f"{job.binary}{target.executable_suffix}"}
    unpacked = unpack(file, folder / "unpacked")
    program = next((p for p in unpacked if p.name in wanted), None)
    if program is None:
        raise VerifyError(f"{file.name} holds no {job.binary}", hint="set `artifacts.binary_path`", code="DF5064")
    program.chmod(0o755)
    return program
