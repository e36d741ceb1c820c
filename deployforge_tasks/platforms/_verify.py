"""What every platform's `verify` ends with: run the program and look whether it says its version."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.platforms.base import Job, Options

O = TypeVar("O", bound=Options)  # noqa: E741 - as in base


def said_version(job: Job[O], sandbox: Sandbox, program: Path, *, path: Sequence[Path] = ()) -> str:
    """Run a program that was installed in the sandbox; what it printed.

    Args:
        path: folders that come first on the program's PATH, as after a real installation.

    Raises:
        VerifyError: it does not run, or does not say the version.
    """
    return check_said(job, sandbox.run_program([program, *job.project.version_command], path=path))


def check_said(job: Job[O], said: str) -> str:
    """What an installed program printed, in one line.

    Raises:
        VerifyError: it does not say the version.
    """
    line = " ".join(said.split())
    if str(job.version) not in line:
        raise VerifyError(
            f"{job.binary} was installed and says `{line[:200]}`, not {job.version}",
            hint="does the program know its release? set the version when it is built, and look at the release files",
            code="DF5020",
        )
    return line
