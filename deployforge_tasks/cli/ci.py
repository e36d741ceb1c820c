"""A part of a CI service's log that it folds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def folded(name: str, title: str, write: Callable[[str], None]) -> Iterator[None]:
    """Fold what is written inside, where the service can.

    Args:
        name: the service (`effects.machine.ci_service`).
        title: what stands for the part while it is folded.
        write: writes a line.

    GitHub: https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands ; GitLab:
    https://docs.gitlab.com/ci/jobs/job_logs/ ; Azure: https://learn.microsoft.com/azure/devops/pipelines/scripts/logging-commands
    """
    begin, end = _marks(name, title)
    if begin:
        write(begin())
    try:
        yield
    finally:
        if end:
            write(end())


def _marks(name: str, title: str) -> tuple[Callable[[], str] | None, Callable[[], str] | None]:
    if name == "github":
        return lambda: f"::group::{title}", lambda: "::endgroup::"
    if name == "azure":
        return lambda: f"##[group]{title}", lambda: "##[endgroup]"
    if name == "gitlab":
        return (
            lambda: f"\x1b[0Ksection_start:{int(time.time())}:deployforge\r\x1b[0K{title}",
            lambda: f"\x1b[0Ksection_end:{int(time.time())}:deployforge\r\x1b[0K",
        )
    return None, None
