"""The two files of an AUR package: what the templates need, and reading a .SRCINFO back."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.effects.files import is_archive
from deployforge_tasks.platforms._release_files import inner_path
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    from deployforge_tasks.platforms.aur import AurOptions


def package_name(job: Job[AurOptions]) -> str:
    """The package's name: what ships binaries ends in ``-bin``."""
    return job.options.package or f"{job.project.name.lower().replace(' ', '-')}-bin"


def srcinfo(text: str) -> dict[str, list[str]]:
    """The fields of a .SRCINFO (``key = value`` lines; a key may stand several times)."""
    fields: dict[str, list[str]] = {}
    for line in text.splitlines():
        key, sign, value = line.strip().partition(" = ")
        if sign and not key.startswith("#"):
            fields.setdefault(key, []).append(value)
    return fields


def context(job: Job[AurOptions]) -> dict[str, Any]:
    """The names for the templates; `quoted` holds the same values as words of a shell."""
    options = job.options
    provides = [job.binary] if options.provides is None else options.provides
    plain: dict[str, Any] = {
        "package": package_name(job),
        "description": _line(job.description("aur")),
        "homepage": _line(job.project.homepage or job.project.source_url),
        "license": _line(options.license or job.project.license.spdx),
        "binary": job.binary,
    }
    # In the order in which makepkg writes them into a .SRCINFO.
    lists = {
        "depends": options.depends,
        "provides": provides,
        "conflicts": provides if options.conflicts is None else options.conflicts,
    }
    artifacts = sorted((a for a in job.artifacts if spelling(a.target, "arch")), key=lambda a: str(a.target))
    return {
        **plain,
        "maintainer": _maintainer(job),
        "pkgver": job.version.arch,
        "pkgrel": options.pkgrel,
        "epoch": options.epoch,
        "lists": lists,
        "quoted": {
            **{name: _quote(value) for name, value in plain.items()},
            **{name: [_quote(value) for value in values] for name, values in lists.items()},
        },
        "files": [_file(job, artifact) for artifact in artifacts],
        "runtime_files": _runtime_files(artifacts),
    }


def _file(job: Job[AurOptions], artifact: Artifact) -> dict[str, str]:
    """One architecture's source; its local name holds the version, so that makepkg reuses no older download."""
    arch = str(spelling(artifact.target, "arch"))
    suffix = next((s for s in (".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".zip") if artifact.name.endswith(s)), "")
    local = f"{package_name(job)}-{job.version.arch}-{arch}{suffix}"
    source = f"{local}::{artifact.url}"
    program = inner_path(artifact, artifact.executable) if is_archive(artifact.name) else local
    return {
        "arch": arch,
        "source": source,
        "quoted_source": _quote(source),
        "quoted_program": _quote(program),
        "sha256": artifact.sha256,
    }


def _runtime_files(artifacts: list[Artifact]) -> list[dict[str, str]]:
    """Where the runtime files lie inside the release files, which must be the same place in each.

    Raises:
        ConfigError: it is not.
    """
    layouts = {tuple((_quote(inner_path(a, file)), _quote(file.name)) for file in a.runtime_files) for a in artifacts}
    if len(layouts) > 1:
        raise ConfigError(
            "the runtime files lie at another path in each release file",
            hint="give the release files the same layout",
            code="DF1312",
        )
    return [{"inside": inside, "name": name} for layout in layouts for inside, name in layout]


def _maintainer(job: Job[AurOptions]) -> str:
    author = job.project.author
    if job.options.maintainer or author is None:
        return _line(job.options.maintainer or job.project.name)
    return _line(f"{author.name} <{author.email}>" if author.email else author.name)


def _line(text: str) -> str:
    return " ".join(text.split())


def _quote(text: str) -> str:
    """One word of a shell, always in quotes."""
    quoted = shlex.quote(text)
    return quoted if quoted.startswith("'") else f"'{quoted}'"
