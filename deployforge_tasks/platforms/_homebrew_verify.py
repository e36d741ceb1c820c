"""Installing a formula with brew, or doing what brew does where there is none."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.process import Completed, which
from deployforge_tasks.platforms._git import G, GitPlatform
from deployforge_tasks.platforms._git_verify import published_pins
from deployforge_tasks.platforms._release_files import run_download
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job


def verify(platform: GitPlatform[G], job: Job[G], *, tap: str, formula: str, remote: str | None) -> Evidence:
    """With brew: install by the full name, run, and remove it again; a formula that the user has is left alone.

    The full name makes brew add the tap and trust this one formula (https://docs.brew.sh/Tap-Trust); a tap that is not
    on GitHub (`remote`) has to be added first, which newer versions of brew refuse.
    """
    pins = published_pins(platform, job)
    if which("brew") is None:
        return run_download(job, pins, client="git", reason="brew is not on this machine")
    if formula in _brew(job, "list", "--formula", "-1").stdout.split():
        return run_download(job, pins, client="git", reason=f"{formula} is installed on this machine already")
    full = f"{tap}/{formula}"
    had_tap = tap.lower() in _brew(job, "tap").stdout.lower().split()
    try:
        if remote and not had_tap and _brew(job, "tap", tap, remote, check=False).returncode != 0:
            return run_download(job, pins, client="git", reason="brew refuses a tap that is not on GitHub")
        _brew(job, "install", "--formula", full)
        program = Path(_brew(job, "--prefix", full).stdout.strip()) / "bin" / job.binary
        client = _brew(job, "--version").stdout.splitlines()[0]
        return Evidence("install", client, said_version(job, job.sandbox(), program))
    finally:
        _brew(job, "uninstall", "--force", full, check=False)
        if not had_tap:
            _brew(job, "untap", tap, check=False)


_QUIET = {"HOMEBREW_NO_AUTO_UPDATE": "1", "HOMEBREW_NO_ANALYTICS": "1", "HOMEBREW_NO_ENV_HINTS": "1"}


def _brew(job: Job[G], *arguments: str, check: bool = True) -> Completed:
    return job.processes.run(["brew", *arguments], env=_QUIET, timeout=job.project.verify.timeout, check=check)
