"""Building and installing a package of the AUR with makepkg and pacman, or doing what they do where they are not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.machine import runnable
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._git_verify import published_pins
from deployforge_tasks.platforms._release_files import run_download
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    from deployforge_tasks.platforms.aur import Aur, AurOptions


def verify(platform: Aur, job: Job[AurOptions]) -> Evidence:
    """With Arch's tools: fetch the package's files, build with makepkg, install into an empty root with pacman, run."""
    pins = published_pins(platform, job)
    reason = _cannot(job)
    if reason:
        return run_download(job, pins, client="git", reason=reason)
    sandbox = job.sandbox()
    build, root = sandbox.root / "build", sandbox.root / "root"
    build.mkdir()
    with platform.open(job) as repository:
        commit = platform.published_at(repository, job, platform.spelled(job.version))
        for path in platform.paths(job):
            (build / path).write_text(repository.read(path, commit) or "", "utf-8", newline="\n")
    sandbox.run(["makepkg", "--force", "--nodeps", "--noconfirm"], cwd=build, timeout=job.project.verify.timeout)
    packages = sorted(build.glob("*.pkg.tar*"))
    if len(packages) != 1:
        raise VerifyError("makepkg made no package", hint="see what it says in the task's log", code="DF5025")
    database = root / "var" / "lib" / "pacman"
    database.mkdir(parents=True)
    where: list[str | Path] = ["--root", root, "--dbpath", database, "--cachedir", sandbox.root / "cache"]
    sandbox.run(["fakeroot", "--", "pacman", "-U", "--noconfirm", *where, "--", packages[0]])
    version = sandbox.run(["makepkg", "--version"]).stdout.splitlines()[0]
    return Evidence("install", version, said_version(job, sandbox, root / "usr" / "bin" / job.binary))


def _cannot(job: Job[AurOptions]) -> str:
    """Why Arch's tools cannot be used here, or nothing."""
    for tool in ("makepkg", "pacman", "fakeroot"):
        if which(tool) is None:
            return f"{tool} is not on this machine"
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return "makepkg does not run as root"
    return "" if runnable(job.targets) else "there is no release file for this machine"
