"""Running what users get from the snap store: with snapd where it runs, else by downloading as snapd would."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from typing import Any

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import NetworkError, VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.clock import poll
from deployforge_tasks.effects.files import digest
from deployforge_tasks.effects.machine import runs_here
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._snap_options import SnapOptions, channels, file_piece, snap_name, store_of
from deployforge_tasks.platforms._snap_package import architectures
from deployforge_tasks.platforms._snap_store import channel_of
from deployforge_tasks.platforms._squashfs_read import read_file
from deployforge_tasks.platforms._verify import check_said, said_version
from deployforge_tasks.platforms.base import Job


def verify(job: Job[SnapOptions]) -> Evidence:
    """Install or download the version from its first channel and run it."""
    entry = _entry(job)
    reason = _why_no_snapd(job)
    if not reason:
        return Evidence("install", _snapd_version(job), _install(job))
    return _by_download(job, entry, reason)


def _entry(job: Job[SnapOptions]) -> dict[str, Any]:
    """The channel map's line for this version, waiting for the public API to show it."""
    arches = architectures(job)
    arch = next((a for a, t in arches.items() if _runs(t)), next(iter(arches)))
    wanted = (channels(job)[0], arch, str(job.version))
    store = store_of(job)

    def ask() -> dict[str, Any] | None:
        told, _ = store.public(snap_name(job))
        entries = told.entries if told else []
        lines = ((channel_of(e["channel"]), e["channel"]["architecture"], e.get("version")) for e in entries)
        return next((e for e, line in zip(entries, lines, strict=True) if line == wanted), None)

    entry = poll(job.clock, ask, lambda found: found is not None, job.patience)
    if entry is None:
        raise NetworkError(
            f"the store does not show {job.version} in {wanted[0]} for {arch}",
            hint="wait some minutes and verify again",
            url=job.options.api,
        )
    return entry


def _by_download(job: Job[SnapOptions], entry: dict[str, Any], reason: str) -> Evidence:
    sandbox = job.sandbox()
    arch, download = entry["channel"]["architecture"], entry["download"]
    path = sandbox.home / file_piece(job, arch)
    job.http.download(download["url"], path)
    found = digest(path, "sha3_384")
    ours = job.digests.get(file_piece(job, arch)) or found
    if found != download["sha3-384"] or found != ours:
        raise VerifyError(
            f"the downloaded {path.name} has the digest {found}, not {ours}",
            hint="run again; if it stays so, somebody else uploaded this version",
            code="DF5320",
            url=download["url"],
        )
    target = architectures(job)[arch]
    program = sandbox.root / job.binary
    program.write_bytes(read_file(path, f"bin/{job.binary}"))
    program.chmod(0o755)
    if not _runs(target):
        return Evidence("download", "the store's API", "", f"{reason}; this machine cannot run {target} programs")
    return Evidence("download", "the store's API", said_version(job, sandbox, program), reason)


def _runs(target: Target) -> bool:
    """Whether its program runs here: a base snap has no musl, so a program for that has to be static."""
    return runs_here(replace(target, libc=None) if target.libc == "musl" else target)


def _why_no_snapd(job: Job[SnapOptions]) -> str:
    """Why snapd cannot install it here; installing changes the machine, so it needs root and a snap not yet there."""
    if sys.platform != "linux" or which("snap") is None:
        return "snapd is not on this machine"
    if job.options.api.rstrip("/") != endpoints.SNAP_STORE_API:
        return "snapd only installs from the public store"
    if "unavailable" in _snapd_version(job):
        return "snapd does not run on this machine"
    if os.geteuid() != 0:
        return "only root can install snaps"
    if job.processes.run(["snap", "list", snap_name(job)], check=False).returncode == 0:
        return f"{snap_name(job)} is installed on this machine already"
    return ""


def _snapd_version(job: Job[SnapOptions]) -> str:
    lines = job.processes.run(["snap", "version"], check=False).stdout.splitlines()
    words = next((line.split() for line in lines if line.startswith("snapd")), ["snapd", "unavailable"])
    return " ".join(words)


def _install(job: Job[SnapOptions]) -> str:
    name = snap_name(job)
    options = ["--classic"] if job.options.confinement == "classic" else []
    options += ["--devmode"] if job.options.confinement == "devmode" else []
    try:
        job.processes.run(["snap", "install", f"--channel={channels(job)[0]}", *options, name])
        command = name if job.binary == name else f"{name}.{job.binary}"
        done = job.processes.run(["snap", "run", command, *job.project.version_command])
        return check_said(job, done.stdout + done.stderr)
    finally:
        job.processes.run(["snap", "remove", "--purge", name], check=False)
