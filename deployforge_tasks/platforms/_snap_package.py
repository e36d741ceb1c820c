"""Packing a snap: a squashfs image with ``meta/snap.yaml`` and the program."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Artifact
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.process import Processes, which
from deployforge_tasks.platforms._squashfs import squashfs_bytes
from deployforge_tasks.platforms.base import Job


def architectures(job: Job[Any]) -> dict[str, Target]:
    """The store's word for each architecture -> the target that fills it; a program without libc comes first."""
    order = {None: 0, "musl": 1, "gnu": 2}
    found: dict[str, Target] = {}
    for target in sorted(job.targets, key=lambda t: order[t.libc]):
        if target.os == "linux" and (word := spelling(target, "snap")):
            found.setdefault(word, target)
    return dict(sorted(found.items()))


def stage(job: Job[Any], arch: str, context: Mapping[str, Any], artifact: Artifact) -> Path:
    """The folder to pack: the rendered ``meta/``, the program and its runtime files."""
    folder = job.render("snap", {**context, "arch": arch}, to=arch)
    for path in (artifact.executable, *artifact.runtime_files):
        to = folder / "bin" / (job.binary if path == artifact.executable else path.name)
        to.parent.mkdir(exist_ok=True)
        shutil.copyfile(path, to)
        to.chmod(0o755 if path == artifact.executable else 0o644)
    return folder


def pack(folder: Path, to: Path, binary: str) -> None:
    """Make the snap: the bytes of ``snap pack`` with a fixed SOURCE_DATE_EPOCH, on every system and without snapd."""
    write_atomic(to, squashfs_bytes(folder, {folder / "bin" / binary}))


def skeleton_problem(processes: Processes, folder: Path) -> str:
    """What snapd's own check says against the folder; nothing where ``snap`` is not on this machine."""
    if which("snap") is None:
        return ""
    done = processes.run(["snap", "pack", "--check-skeleton", folder], check=False, env={"HOME": os.devnull})
    return "" if done.returncode == 0 else " ".join((done.stderr or done.stdout).split())
