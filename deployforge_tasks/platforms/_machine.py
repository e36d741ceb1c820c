"""The target of the machine we run on: which of a version's programs can be tried here."""

from __future__ import annotations

import platform
from collections.abc import Iterable

from deployforge_tasks.core.targets import Target


def runnable(targets: Iterable[Target]) -> Target | None:
    """The first of the targets whose programs this machine can run, or None."""
    try:
        here = Target.parse(f"{platform.system()}/{platform.machine()}")
    except ValueError:
        return None
    return next((t for t in targets if (t.os, t.arch) == (here.os, here.arch)), None)
