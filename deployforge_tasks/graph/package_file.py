"""``package.json`` in a platform's workdir: the package that was made, and the fingerprint of what it was made from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks import __version__
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Package, Piece
from deployforge_tasks.effects.file_lock import alone
from deployforge_tasks.effects.files import digest, write_atomic

if TYPE_CHECKING:
    from typing import Any

    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job

NAME = "package.json"
STAMP = "render.json"
#: Parts of the project that no package holds: a change there makes nothing again.
_NOT_PACKAGED = {"platforms", "credentials", "conditions", "verify", "artifacts", "hooks"}


def alone_in(workdir: Path, pause: Callable[[float], bool]) -> AbstractContextManager[None]:
    """Hold a platform's workdir: two runs at once must not write each other's files away.

    Raises:
        PublishError: another run holds it, and it took too long, or `pause` gives up.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    return alone(workdir.with_name(f".{workdir.name}.lock"), f"the work folder of {workdir.name}", pause=pause)


def write_package(workdir: Path, package: Package, fingerprint: str, files: Mapping[str, str] | None = None) -> None:
    """Note a package that was made, and of which release files (name -> sha256)."""
    pieces = [asdict(piece) for piece in package.pieces]
    data = {"fingerprint": fingerprint, "files": dict(files or {}), "pieces": pieces}
    write_atomic(workdir / NAME, json.dumps(data, indent=1) + "\n")


def made_already(workdir: Path, fingerprint: str, files: Mapping[str, str]) -> Package | None:
    """The package, if it was made from just this (by another run, a moment ago)."""
    packaged = read_package(workdir)
    if packaged is None or packaged[1] != fingerprint:
        return None
    made_of = json.loads((workdir / NAME).read_text("utf-8")).get("files")
    return packaged[0] if made_of == dict(files) else None


def read_package(workdir: Path) -> tuple[Package, str] | None:
    """The package with its fingerprint; None when there is none, or it is damaged (then it is made again)."""
    try:
        data = json.loads((workdir / NAME).read_text("utf-8"))
        package = Package(tuple(Piece(**piece) for piece in data["pieces"]))
        fingerprint = str(data["fingerprint"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    if any(piece.path and not (workdir / piece.path).exists() for piece in package.pieces):
        return None
    return package, fingerprint


def write_stamp(workdir: Path, fingerprint: str) -> None:
    """Note what the rendered files were made from."""
    write_atomic(workdir / STAMP, json.dumps({"fingerprint": fingerprint}) + "\n")


def stamp_is(workdir: Path, fingerprint: str) -> bool:
    """Whether the rendered files were made from this."""
    try:
        return bool(json.loads((workdir / STAMP).read_text("utf-8"))["fingerprint"] == fingerprint)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def fingerprint(context: RunContext, job: Job[Any], name: str) -> str:
    """What a package depends on besides the release files: options, project, version, templates and own inputs."""
    from deployforge_tasks.project.render import templates_folder

    options = context.loaded.options[name]
    parts: list[object] = [
        __version__,
        str(job.version),
        [str(target) for target in job.targets],
        _release_urls(job),
        options.model_dump(mode="json", exclude={"enabled", "required"}),
        context.project.model_dump(mode="json", exclude=_NOT_PACKAGED),
        folder_digest(templates_folder()),
        _paths_digest([context.root / options.templates] if options.templates else []),
        _paths_digest(context.platforms[name].inputs(job)),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _release_urls(job: Job[Any]) -> list[str]:
    """Where packages may point; decided by the options of another platform (`github`)."""
    try:
        return [job.release_url(job.asset_name(target)) for target in job.targets]
    except ConfigError:  # no repository is named, so that nothing can point there
        return []


@cache
def folder_digest(folder: Path) -> str:
    """Digest of a folder that does not change while we run (the built-in templates)."""
    return _paths_digest([folder])


def _paths_digest(paths: Iterable[Path]) -> str:
    lines = []
    for path in paths:
        files = sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        lines += [f"{file.relative_to(path).as_posix()} {digest(file)}" for file in files if file.exists()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
