"""Crates: the upload's framing and metadata, the sparse index, and a generated crate that carries binstall's metadata.

Sources: https://doc.rust-lang.org/cargo/reference/registry-web-api.html and registry-index.html,
https://github.com/cargo-bins/cargo-binstall/blob/main/SUPPORT.md
"""

from __future__ import annotations

import json
import struct
import tarfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from deployforge_tasks.core.endpoints import CRATES_GIT_INDEX
from deployforge_tasks.core.errors import NetworkError, PreflightError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.core.targets import spelling
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import Entry, folder_entries, tar_bytes
from deployforge_tasks.platforms._release_files import inner_path

_FORMATS = {".tar.gz": "tgz", ".tgz": "tgz", ".tar.xz": "txz", ".tar.bz2": "tbz2", ".tar": "tar", ".zip": "zip"}


def index_path(name: str) -> str:
    """Where the index keeps a crate: ``1/a``, ``2/ab``, ``3/a/abc``, ``se/rd/serde``."""
    lower = name.lower()
    if len(lower) < 4:
        return f"3/{lower[0]}/{lower}" if len(lower) == 3 else f"{len(lower)}/{lower}"
    return f"{lower[:2]}/{lower[2:4]}/{lower}"


def index_entries(text: str, url: str) -> list[dict[str, Any]]:
    """The lines of a crate's index file, one a version.

    Raises:
        NetworkError: the file is no index.
    """
    try:
        entries = [json.loads(line) for line in text.splitlines() if line.strip()]
        return [{**entry, "vers": str(entry["vers"]), "cksum": str(entry["cksum"])} for entry in entries]
    except (ValueError, TypeError, KeyError) as error:
        raise _no_index(url) from error


def index_entry(entries: Sequence[dict[str, Any]], version: str) -> dict[str, Any] | None:
    """The line of a version, or None; build metadata does not count, as on the registry."""
    plain = version.partition("+")[0]
    return next((e for e in reversed(entries) if e["vers"].partition("+")[0] == plain), None)


def newest(entries: Sequence[dict[str, Any]], url: str) -> tuple[dict[str, Any], Version] | None:
    """The line that cargo chooses when no version is named: the newest that is not yanked, a finished one first.

    Raises:
        NetworkError: as `index_entries`.
    """
    try:
        offered = [(e, Version.parse(e["vers"])) for e in entries if not e.get("yanked")]
    except ValueError as error:
        raise _no_index(url) from error
    return max(offered, key=lambda o: (not o[1].is_prerelease, o[1].precedence), default=None)


def _no_index(url: str) -> NetworkError:
    hint = "a proxy or an outage page may stand in between"
    return NetworkError("the index's answer is no index file", hint=hint, url=url)


def download_url(dl: str, name: str, version: str, checksum: str) -> str:
    """The URL of a crate by the index's `dl` setting, with or without markers."""
    prefix = index_path(name).rpartition("/")[0]
    markers = {
        "{crate}": name,
        "{version}": version,
        "{prefix}": prefix,
        "{lowerprefix}": prefix.lower(),
        "{sha256-checksum}": checksum,
    }
    if not any(marker in dl for marker in markers):
        return f"{dl.rstrip('/')}/{name}/{version}/download"
    for marker, value in markers.items():
        dl = dl.replace(marker, value)
    return dl


def upload_body(metadata: Mapping[str, Any], crate: bytes) -> bytes:
    """The body of ``PUT /api/v1/crates/new``: both parts after their length as 32 bits, little end first."""
    text = json.dumps(metadata, separators=(",", ":"), sort_keys=True).encode()
    return struct.pack("<I", len(text)) + text + struct.pack("<I", len(crate)) + crate


def upload_metadata(package: Mapping[str, Any], *, crates_io: bool, readme: str | None) -> dict[str, Any]:
    """The upload's metadata from a package of ``cargo metadata``.

    Args:
        package: the package's object.
        crates_io: the upload goes to crates.io itself; elsewhere its dependencies from there must say so.
        readme: text of the readme file.
    """
    same = ("authors", "description", "documentation", "homepage", "keywords", "categories", "license", "repository")
    return {
        "name": package["name"],
        "vers": package["version"],
        "deps": [_dependency(d, crates_io) for d in package["dependencies"] if not _local_only(d)],
        "features": dict(package["features"]),
        "badges": {},
        **{key: package[key] for key in same},
        "license_file": package["license_file"],
        "links": package["links"],
        "readme": readme,
        "readme_file": package["readme"],
        "rust_version": package["rust_version"],
    }


def _local_only(dependency: Mapping[str, Any]) -> bool:
    """A development dependency by path alone: it is left out of what is published, as cargo does."""
    return dependency["kind"] == "dev" and dependency.get("path") is not None and dependency["req"] == "*"


def _dependency(dependency: Mapping[str, Any], crates_io: bool) -> dict[str, Any]:
    registry = dependency["registry"]
    return {
        "name": dependency["name"],
        "version_req": dependency["req"],
        "features": dependency["features"],
        "optional": dependency["optional"],
        "default_features": dependency["uses_default_features"],
        "target": dependency["target"],
        "kind": dependency["kind"] or "normal",
        "registry": registry or (None if crates_io else CRATES_GIT_INDEX),
        "explicit_name_in_toml": dependency["rename"],
    }


def manifest_of(crate: Path) -> dict[str, Any]:
    """The manifest inside of a ``.crate`` file."""
    with tarfile.open(crate) as tar:
        for member in tar:
            parts = PurePosixPath(member.name).parts
            if len(parts) == 2 and parts[1] == "Cargo.toml" and (file := tar.extractfile(member)):
                return tomllib.loads(file.read().decode("utf-8"))
    raise PreflightError(f"{crate.name} holds no Cargo.toml", hint="is it a crate?", code="DF3210")


def has_program(crate: Path) -> bool:
    """Whether installing the crate makes a program."""
    with tarfile.open(crate) as tar:
        names = {"/".join(PurePosixPath(n).parts[1:]) for n in tar.getnames()}
    return bool(manifest_of(crate).get("bin")) or "src/main.rs" in names or any(n.startswith("src/bin/") for n in names)


def toml(value: str | Sequence[str]) -> str:
    """A TOML string or list of strings: JSON's escapes are valid there, as long as nothing is a surrogate pair."""
    return json.dumps(value if isinstance(value, str) else list(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def binstall_overrides(artifacts: Sequence[Artifact]) -> list[dict[str, str]]:
    """Per release file what cargo-binstall needs: triple, URL, format, path of the program inside, digest.

    Raises:
        ArtifactError: a release file does not hold the program.
    """
    return [
        {
            "triple": str(spelling(artifact.target, "rust")),
            "url": toml(artifact.url),
            "format": toml(_format(artifact)),
            "program": toml(inner_path(artifact, artifact.executable)),
            "sha256": toml(artifact.sha256),
        }
        for artifact in artifacts
    ]


def _format(artifact: Artifact) -> str:
    lower = artifact.name.lower()
    for suffix, name in _FORMATS.items():
        if lower.endswith(suffix):
            return name
    return "bin"


def crate_bytes(folder: Path, name: str, version: str) -> bytes:
    """A ``.crate`` of a folder whose manifest is already in its final form."""
    root = f"{name}-{version}/"
    entries = folder_entries(folder, root)
    original = next(e for e in entries if e.name == f"{root}Cargo.toml")
    return tar_bytes([*entries, Entry(f"{root}Cargo.toml.orig", original.data)])
