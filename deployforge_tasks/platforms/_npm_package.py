"""Packages for npm registries: rendered, packed and described."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Artifact, Package, Piece
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.effects.files import Entry, folder_entries, tar_bytes, write_atomic
from deployforge_tasks.platforms._npm_names import Names, package_names
from deployforge_tasks.platforms._npm_registry import integrity
from deployforge_tasks.platforms.base import Job

#: Folders of the main package besides `bin`, by strategy.
_EXTRA: Mapping[str, list[str]] = {"per_target_package": [], "bundle": ["vendor"], "download": ["lib"]}
_LIBC = {"gnu": "glibc", "musl": "musl"}


def make_package(job: Job[Any]) -> Package:
    """The packages of every target and the main one, as ``packages/*.tgz`` below the workdir."""
    names = package_names(job)
    by_target = {a.target: a for a in job.artifacts}
    pieces = [_target_piece(job, names, by_target[target]) for target in names.parts]
    return Package((*pieces, _main_piece(job, names, by_target)))


def read_manifest(tarball: bytes) -> dict[str, Any]:
    """The ``package.json`` of a packed package, with its README as registries show it."""
    with tarfile.open(fileobj=BytesIO(tarball)) as tar:
        manifest: dict[str, Any] = json.loads(_member(tar, "package/package.json"))
        manifest["readme"] = _member(tar, "package/README.md").decode()
    return manifest


def read_program(tarball: bytes, file: str) -> bytes:
    """The program inside a packed package; empty if it is not there."""
    with tarfile.open(fileobj=BytesIO(tarball)) as tar:
        return _member(tar, f"package/{file}")


def program_file(job: Job[Any], names: Names, target: Target) -> str:
    """Where the program of a target lies inside its package (or, when it is downloaded, in the user's cache)."""
    name = job.binary + target.executable_suffix
    if job.options.strategy == "download":
        return name
    return f"bin/{name}" if names.parts else f"vendor/{spelling(target, 'npm')}/{name}"


def _member(tar: tarfile.TarFile, name: str) -> bytes:
    try:
        file = tar.extractfile(name)
    except KeyError:
        return b""
    return file.read() if file else b""


def _target_piece(job: Job[Any], names: Names, artifact: Artifact) -> Piece:
    target = artifact.target
    name = names.parts[target]
    context = {
        **_common(job),
        "name": name,
        "description": f"{job.description('npm')} ({target})",
        "main": names.main,
        "platform": _platform_fields(target),
        "files": ["bin"],
    }
    folder = job.render("npm/target", context, to=f"target/{target.slug}")
    return _pack(job, name, folder, _program_entries(job, names, artifact), target)


def _main_piece(job: Job[Any], names: Names, artifacts: Mapping[Target, Artifact]) -> Piece:
    context = {
        **_common(job),
        "name": names.main,
        "description": job.description("npm"),
        "binary": job.binary,
        "issues": job.project.urls.issues,
        "keywords": job.project.keywords,
        "optional_dependencies": dict.fromkeys(names.parts.values(), job.version.semver),
        "programs": [_program(job, names, artifacts[target]) for target in job.targets],
        "downloads": job.options.strategy == "download",
        "files": ["bin", *_EXTRA[job.options.strategy]],
    }
    folder = job.render("npm/main", context, to="main")
    return _pack(job, names.main, folder, _beside_starter(job, names, artifacts), None)


def _beside_starter(job: Job[Any], names: Names, artifacts: Mapping[Target, Artifact]) -> list[Entry]:
    """What the main package carries besides its starter."""
    if job.options.strategy == "bundle":
        return [entry for target in job.targets for entry in _program_entries(job, names, artifacts[target])]
    if job.options.strategy == "download":
        return folder_entries(job.render("npm/download", {}, to="download"), "package/")
    return []


def _program(job: Job[Any], names: Names, artifact: Artifact) -> dict[str, Any]:
    """A row of the starter's table."""
    fields = _platform_fields(artifact.target)
    row = {
        "os": fields["os"][0],
        "cpu": fields["cpu"][0],
        "libc": fields["libc"][0] if "libc" in fields else None,
        "package": names.parts.get(artifact.target),
        "file": program_file(job, names, artifact.target),
    }
    if job.options.strategy != "download":
        return row
    # the release file's own name of the program, which may differ from the name of the command
    beside = [path.name for path in artifact.runtime_files]
    return {**row, "file": artifact.executable.name, "url": artifact.url, "sha256": artifact.sha256, "beside": beside}


def _platform_fields(target: Target) -> dict[str, list[str]]:
    """``os``, ``cpu`` and ``libc`` of package.json, by which npm chooses the package for a computer."""
    os, cpu = (spelling(target, "npm") or "").split("-")[:2]
    fields = {"os": [os], "cpu": [cpu]}
    return {**fields, "libc": [_LIBC[target.libc]]} if target.libc else fields


def _common(job: Job[Any]) -> dict[str, Any]:
    project = job.project
    author = project.author
    spdx = project.license.spdx
    return {
        "version": job.version.semver,
        "homepage": project.homepage,
        "repository": {"type": "git", "url": f"git+{project.source_url}.git"} if project.source_url else None,
        "author": {"name": author.name, **({"email": author.email} if author.email else {})} if author else None,
        "license": "UNLICENSED" if spdx.startswith("LicenseRef-") else spdx,
    }


def _program_entries(job: Job[Any], names: Names, artifact: Artifact) -> list[Entry]:
    file = program_file(job, names, artifact.target)
    folder = file.rpartition("/")[0]
    # 0755 in the archive: npm marks only files that `bin` names as executable
    program = Entry(f"package/{file}", artifact.executable, 0o755)
    return [program, *(Entry(f"package/{folder}/{path.name}", path) for path in artifact.runtime_files)]


def _pack(job: Job[Any], name: str, folder: Path, programs: list[Entry], target: Target | None) -> Piece:
    _check_rendered(folder, name, job.version.semver)
    scripts = [p.relative_to(folder).as_posix() for p in folder.glob("bin/*.js")]
    data = tar_bytes([*folder_entries(folder, "package/", executable=scripts), *programs])
    path = f"packages/{name.removeprefix('@').replace('/', '-')}.tgz"
    write_atomic(job.workdir / path, data)
    return Piece(name, integrity(data), path, len(data), str(target) if target else None)


def _check_rendered(folder: Path, name: str, version: str) -> None:
    """A user's own template may say anything, but not another name or version, and no install script."""
    try:
        manifest = json.loads((folder / "package.json").read_text("utf-8"))
        stated = (manifest["name"], manifest["version"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"the template for {name} gives no usable package.json: {error}",
            hint="it must be JSON with name and version",
            code="DF1322",
        ) from error
    if stated != (name, version):
        raise ConfigError(
            f"the template for {name}@{version} gives {stated[0]}@{stated[1]}",
            hint="use cookiecutter.name and cookiecutter.version",
            code="DF1322",
        )
    scripts = {"preinstall", "install", "postinstall"} & set(manifest.get("scripts") or {})
    if scripts:
        raise ConfigError(
            f"the template for {name} has an install script ({', '.join(sorted(scripts))})",
            hint="npm 12 and pnpm do not run it, so users would get no program; remove it",
            code="DF1322",
        )
