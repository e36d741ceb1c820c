"""The machine we run on: which of a version's programs can be tried here."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from deployforge_tasks.core.targets import Target


def runs_here(target: Target) -> bool:
    """Whether this machine can run the target's program; one without a libc is static and runs beside any."""
    try:
        here = Target.parse(f"{platform.system()}/{platform.machine()}")
    except ValueError:
        return False
    libc = {"glibc": "gnu"}.get(platform.libc_ver()[0], "musl") if target.libc else None
    return (target.os, target.arch, target.libc) == (here.os, here.arch, libc)


def runnable(targets: Iterable[Target]) -> Target | None:
    """The first of the targets whose programs this machine can run, or None."""
    return next((target for target in targets if runs_here(target)), None)
