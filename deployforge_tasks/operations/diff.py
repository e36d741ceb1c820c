"""Diff: what changes in the rendered files and pieces from one version to another. Sends nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.graph.context import RunContext
from deployforge_tasks.graph.jobs import previous_version
from deployforge_tasks.operations.changes import FileChange, compare_folders, without_version
from deployforge_tasks.operations.graph_run import choose
from deployforge_tasks.operations.rendering import render_locally

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Package
    from deployforge_tasks.project.load import Loaded

#: Where earlier versions are rendered again: never where a release of theirs may have left its files.
AGAIN = Path(".deployforge") / "again"


@dataclass(frozen=True)
class PlatformDiff:
    """What changes on one platform.

    `old` is the version it is compared with, None when there is none; `basis` tells where its files come from:
    ``release`` (the work folder of its release), ``rendered`` (rendered again, with today's templates and options),
    ``nothing`` (no earlier version) or ``unknown`` (its files cannot be had: `error` says why). `rendered` counts the
    rendered files, `pieces` and `size` (bytes) are those of the new version. An `error` with ``error_of`` "new" means
    that there is nothing to compare.
    """

    name: str
    old: str | None
    new: str
    basis: str = "nothing"
    files: tuple[FileChange, ...] = ()
    rendered: int = 0
    pieces: tuple[str, ...] = ()
    pieces_added: tuple[str, ...] = ()
    pieces_removed: tuple[str, ...] = ()
    size: int = 0
    error: DeployForgeError | None = None
    error_of: str = ""

    @property
    def changed(self) -> bool:
        return bool(self.files or self.pieces_added or self.pieces_removed)


@dataclass(frozen=True)
class Diff:
    """What changes, by platform; `exit_code` is 0, or that of the first version that could not be rendered."""

    project: str
    version: str
    platforms: Mapping[str, PlatformDiff]

    @property
    def exit_code(self) -> int:
        failed = [p.error for p in self.platforms.values() if p.error is not None and p.error_of == "new"]
        return failed[0].exit_code if failed else 0


def diff(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    old: str | None = None,
    ledger_url: str | None = None,
    loopback_only: bool = False,
) -> Diff:
    """Compare the loaded version with an earlier one.

    Args:
        loaded: the project; its version is the new one.
        platforms: only these (default: every enabled one).
        old: the version to compare with (default: on each platform the one published last, by the ledger).
        ledger_url: another ledger than the project's own.
        loopback_only: HTTP may reach nothing but this machine.

    Raises:
        ConfigError: the project, a version or a platform's name cannot be used.
    """
    context = RunContext(loaded, ledger_url=ledger_url, loopback_only=loopback_only, command="diff")
    try:
        names = choose(context, platforms)
        errors = render_locally(context, names)
        before = {name: old or previous_version(context, name) for name in names}
        found = {name: _new(context, name, before[name], errors[name]) for name in names}
        for version in dict.fromkeys(before.values()):
            good = [n for n in names if before[n] == version and errors[n] is None]
            if version is not None and good:
                found |= _compared(context, version, {name: found[name] for name in good})
    finally:
        context.close()
    return Diff(loaded.project.name, str(context.version), {name: found[name] for name in names})


def _new(context: RunContext, name: str, old: str | None, error: DeployForgeError | None) -> PlatformDiff:
    """The new version alone: everything is added."""
    new = str(context.version_of(name))
    if error is not None:
        return PlatformDiff(name, old, new, "unknown", error=error, error_of="new")
    package = _package(context, name)
    pieces = tuple(piece.name for piece in package.pieces) if package else ()
    size = sum(piece.size for piece in package.pieces) if package else 0
    files = compare_folders(None, context.workdir(name) / "rendered", ("", new))
    return PlatformDiff(name, None, new, "nothing", files, len(files), pieces, pieces, size=size)


def _compared(context: RunContext, version: str, new: Mapping[str, PlatformDiff]) -> dict[str, PlatformDiff]:
    """The same compared with an earlier version: with what its release left, else rendered again."""
    from deployforge_tasks.platforms.registry import load

    loaded = context.loaded
    earlier = load(loaded.file, profile=loaded.profile, version=version, environ=loaded.environ)
    released = RunContext(earlier, ledger_url=context.ledger_url, loopback_only=context.loopback_only)
    again = _Again(earlier, ledger_url=context.ledger_url, loopback_only=context.loopback_only)
    try:
        there = [name for name in new if name in released.platforms and _is_its_release(released, name)]
        rest = [name for name in new if name not in there and name in again.platforms]
        errors = render_locally(again, rest) if rest else {}
        found = {}
        for name, platform in new.items():
            error = errors.get(name)
            if error is not None:
                found[name] = replace(platform, old=version, basis="unknown", files=(), error=error, error_of="old")
            else:
                basis, source = ("release", released) if name in there else ("rendered", again)
                found[name] = _against(context, source, platform, version, basis)
        return found
    finally:
        released.close()
        again.close()


def _against(context: RunContext, source: RunContext, new: PlatformDiff, version: str, basis: str) -> PlatformDiff:
    name, versions = new.name, (version, new.new)
    files = compare_folders(source.workdir(name) / "rendered", context.workdir(name) / "rendered", versions)
    package = _package(source, name)
    old_pieces = {without_version(p.name, version): p.name for p in (package.pieces if package else ())}
    new_pieces = {without_version(piece, new.new): piece for piece in new.pieces}
    added = tuple(piece for key, piece in new_pieces.items() if key not in old_pieces)
    removed = tuple(piece for key, piece in old_pieces.items() if key not in new_pieces)
    return replace(new, old=version, basis=basis, files=files, pieces_added=added, pieces_removed=removed)


def _is_its_release(released: RunContext, name: str) -> bool:
    """Whether the work folder holds what was published, and not what somebody rendered there later."""
    package = _package(released, name)
    if package is None:
        return False
    receipts = released.ledger.receipts(released.key(name))
    return all(package.digests.get(piece, digest) == digest for piece, digest in receipts.items())


def _package(context: RunContext, name: str) -> Package | None:
    from deployforge_tasks.graph.package_file import read_package

    packaged = read_package(context.workdir(name))
    return packaged[0] if packaged else None


class _Again(RunContext):
    """An earlier version whose files are made again; its release files are taken from where they are."""

    def workdir(self, name: str) -> Path:
        return self.root / AGAIN / self.loaded.profile / str(self.version_of(name)) / name
