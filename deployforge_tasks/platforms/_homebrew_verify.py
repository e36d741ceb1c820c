"""Installing a formula with brew, or doing what brew does where there is none."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._git import G, GitPlatform
from deployforge_tasks.platforms._git_verify import published_pins
from deployforge_tasks.platforms._release_files import run_download, said_version
from deployforge_tasks.platforms.base import Job


def verify(platform: GitPlatform[G], job: Job[G], *, tap: str, formula: str) -> Evidence:
    """With brew: add the tap, install by the full name (the only way since brew asks to trust a tap), run, remove.

    A formula that the user has installed is left alone.
    """
    pins = published_pins(platform, job)
    if which("brew") is None:
        return run_download(job, pins, client="git", reason="brew is not on this machine")
    full = f"{tap}/{formula}"
    had_tap = tap.lower() in _brew(job, "tap").lower().split()
    if formula in _brew(job, "list", "--formula", "-1").split():
        return run_download(job, pins, client="git", reason=f"{formula} is installed on this machine already")
    try:
        if not had_tap:
            _brew(job, "tap", tap, platform.place(job, write=False).url)
        _brew(job, "install", "--formula", full)
        sandbox = job.sandbox()
        program = Path(_brew(job, "--prefix", full).strip()) / "bin" / job.binary
        said = said_version(job, sandbox, program)
        return Evidence("install", _brew(job, "--version").splitlines()[0], said)
    finally:
        job.processes.run(["brew", "uninstall", "--force", full], env=_QUIET, check=False)
        if not had_tap:
            job.processes.run(["brew", "untap", tap], env=_QUIET, check=False)


_QUIET = {"HOMEBREW_NO_AUTO_UPDATE": "1", "HOMEBREW_NO_ANALYTICS": "1", "HOMEBREW_NO_ENV_HINTS": "1"}


def _brew(job: Job[G], *arguments: str) -> str:
    return job.processes.run(["brew", *arguments], env=_QUIET, timeout=job.project.verify.timeout).stdout
