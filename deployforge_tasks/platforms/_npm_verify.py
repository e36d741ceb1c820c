"""Trying a published npm package: installed with npm in an empty place, or downloaded where npm cannot be had."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from urllib.parse import urlsplit

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.files import digest, write_atomic
from deployforge_tasks.effects.machine import runnable, runs_here
from deployforge_tasks.effects.process import which
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.platforms._npm_names import NpmOptions, package_names
from deployforge_tasks.platforms._npm_package import program_file, read_program
from deployforge_tasks.platforms._npm_registry import Registry
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job

_TOKEN = "DEPLOYFORGE_NPM_TOKEN"  # noqa: S105 - the name of a variable


def verify(job: Job[NpmOptions], registry: Registry) -> Evidence:
    """Install the published version and run it.

    Raises:
        VerifyError: it is not what we published, or does not run.
    """
    _check_published(job, registry)
    if runnable(job.targets) is None:
        return _download(job, registry, "this machine's system is not among the targets")
    for tool in ("npm", "node"):
        if which(tool) is None:
            return _download(job, registry, f"{tool} is not on this machine")
    return _install(job, registry)


def _check_published(job: Job[NpmOptions], registry: Registry) -> None:
    """What users get must be what we made."""
    for name in package_names(job).all:
        document, look = registry.document(name)
        published = document.integrity(job.version.semver) if document else None
        if published is None:
            raise VerifyError(
                f"{name}@{job.version.semver} is not there",
                hint="npm may need minutes; verify again later",
                url=look.url,
            )
        ours = job.digests.get(name)
        if ours and published and ours != published:
            raise VerifyError(
                f"{name}@{job.version.semver} is published with {published}, ours is {ours}",
                hint="somebody else published this version; raise the version",
                url=look.url,
            )


def _install(job: Job[NpmOptions], registry: Registry) -> Evidence:
    sandbox = job.sandbox()
    version, prefix = job.version.semver, sandbox.root / "prefix"
    token = job.secrets.get("token") if registry.auth_reads else None
    config = _user_config(sandbox, registry, signed_in=bool(token))
    options: list[str | Path] = ["--prefix", prefix, "--userconfig", config, "--registry", f"{registry.url}/"]
    npm = sandbox.run(["npm", "--version", "--userconfig", config]).stdout.strip()
    sandbox.run(
        ["npm", "install", "-g", *options, "--no-audit", "--no-fund", "--", f"{package_names(job).main}@{version}"],
        env={"npm_config_cache": str(sandbox.home / "npm-cache"), "npm_config_update_notifier": "false"},
        secrets={_TOKEN: token} if token else None,
    )
    folder = prefix if sys.platform == "win32" else prefix / "bin"
    starter = folder / (f"{job.binary}.cmd" if sys.platform == "win32" else job.binary)
    said = said_version(job, sandbox, starter, path=[folder])
    _check_program(job, sandbox)
    return Evidence("install", f"npm {npm}", said)


def _user_config(sandbox: Sandbox, registry: Registry, *, signed_in: bool) -> Path:
    """A private npmrc; the token itself stays in the environment of that one process."""
    config = sandbox.home / "npmrc"
    lines = [f"registry={registry.url}/"]
    if signed_in:
        parts = urlsplit(registry.url)
        lines.append(f"//{parts.netloc}{parts.path}/:_authToken=${{{_TOKEN}}}")
    write_atomic(config, "\n".join(lines) + "\n")
    return config


def _check_program(job: Job[NpmOptions], sandbox: Sandbox) -> None:
    """The installed executable is byte for byte that of a release file for this machine."""
    names = package_names(job)
    for artifact in job.artifacts:
        if not runs_here(artifact.target):
            continue
        downloaded = job.options.strategy == "download"
        file = artifact.executable.name if downloaded else program_file(job, names, artifact.target)
        place = sandbox.home if downloaded else sandbox.root
        installed = [p for p in place.rglob(Path(file).name) if p.is_file() and p.as_posix().endswith(f"/{file}")]
        if any(digest(path) == digest(artifact.executable) for path in installed):
            return
    raise VerifyError(
        f"npm installed {names.main}, but no program of this release for this machine",
        hint="look at os, cpu and libc of the target packages, and at what npm printed",
        code="DF5021",
    )


def _download(job: Job[NpmOptions], registry: Registry, reason: str) -> Evidence:
    """Fetch every tarball as npm would; compare digests and the programs inside."""
    names = package_names(job)
    by_target = {a.target: a for a in job.artifacts}
    for name in names.all:
        data = registry.tarball(name, job.version.semver)
        if job.options.strategy == "download":
            _check_links(job)
            continue
        for target in job.targets:
            if names.parts.get(target, names.main) != name:
                continue
            program = read_program(data, program_file(job, names, target))
            if hashlib.sha256(program).hexdigest() != digest(by_target[target].executable):
                raise VerifyError(
                    f"{name}@{job.version.semver} holds another program than {by_target[target].name}",
                    hint="raise the version and release again",
                    code="DF5021",
                )
    return Evidence("download", "DeployForge", f"{len(names.all)} packages, digests and programs as released", reason)


def _check_links(job: Job[NpmOptions]) -> None:
    """What the starter would download is what was released."""
    for artifact in job.artifacts:
        if hashlib.sha256(job.http.get(artifact.url).content).hexdigest() != artifact.sha256:
            raise VerifyError(
                f"{artifact.url} is another file than the one that was released",
                hint="restore the release file, or raise the version and release again",
                code="DF5021",
                url=artifact.url,
            )
