"""The version that pip installs when it is asked for none."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._pypi_index import File, Index
from deployforge_tasks.platforms._spelling import as_released

if TYPE_CHECKING:
    from packaging.version import Version as PythonVersion

# https://packaging.python.org/specifications/version-specifiers/#pre-releases
_WORDS = {"a": "alpha", "b": "beta", "rc": "rc"}


@dataclass(frozen=True)
class _Release:
    version: PythonVersion
    files: list[File]


def newest(index: Index, name: str, ours: Version) -> Live | None:
    """The newest release with a file that is not yanked; a pre-release only where there is nothing else.

    The simple index is read, as pip does; the project's JSON document is cached for longer. Where the version is
    `ours`, it is spelled as that is.
    """
    files, look = index.simple(name)
    offered = [file for file in files.values() if file.yanked is None]
    if not offered:
        return None
    releases = _releases(offered)
    if not releases:
        raise NetworkError(
            f"the index lists files of {name} and none with a version",
            hint="check the option `index` of pypi",
            url=look.url,
        )
    best = max(releases, key=lambda r: (not r.version.is_prerelease, r.version))
    channel = "newest pre-release" if best.version.is_prerelease else "newest"
    return Live(_spelled(best.version, ours), look, channel, _since(best.files))


def _releases(files: list[File]) -> list[_Release]:
    found: dict[PythonVersion, list[File]] = {}
    for file in files:
        version = _version(file.name)
        if version:
            found.setdefault(version, []).append(file)
    return [_Release(version, files) for version, files in found.items()]


def _version(name: str) -> PythonVersion | None:
    """The version in a file's name; None for kinds of files that pip does not install."""
    from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

    try:
        return parse_wheel_filename(name)[1] if name.endswith(".whl") else parse_sdist_filename(name)[1]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return None


def _spelled(found: PythonVersion, ours: Version) -> str:
    """The version as ``deployforge.yml`` has it: Python's ``1.2.0rc1`` is ``1.2.0-rc.1``."""
    own = as_released(str(found), ours, lambda version: version.pep440)
    if own != str(found) or found.is_postrelease or found.local:
        return own
    pre = f"-{_WORDS[found.pre[0]]}.{found.pre[1]}" if found.pre else ""
    return f"{found.base_version}{pre}" if found.dev is None else f"{found.base_version}-dev.{found.dev}"


def _since(files: list[File]) -> datetime | None:
    times = [time for file in files if (time := moment(file.uploaded))]
    return min(times, default=None)
