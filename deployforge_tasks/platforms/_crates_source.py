"""A crate from a folder of the project: staged with the release's version, then packaged by cargo itself."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.effects.process import Processes

#: Never part of a source crate, whatever the manifest's `include` says.
_LEFT_OUT = shutil.ignore_patterns("target", ".git", "node_modules", ".deployforge", ".env", "*.pem")
_VERSION = re.compile(r"""^(version\s*=\s*)(?:"[^"]*"|'[^']*')""", re.MULTILINE)
_PACKAGE_TABLE = re.compile(r"^\[package\]\s*$", re.MULTILINE)


def package_folder(
    processes: Processes, folder: Path, name: str, version: str, *, features: Sequence[str], build: bool
) -> tuple[bytes, dict[str, Any], str | None]:
    """Package a crate's folder with another version; the folder itself stays as it is.

    Returns:
        The ``.crate``, cargo's metadata of the package, and the text of its readme.

    Raises:
        PreflightError: the folder is no crate of that name, or asks its workspace for its version.
        DeployForgeError: cargo refused it; the message has cargo's last lines.
    """
    # Outside of the project: no workspace, git repository or .cargo/config.toml above may have a say.
    with tempfile.TemporaryDirectory(prefix="deployforge-crate-") as temporary:
        staged = Path(temporary) / "crate"
        _stage(folder, staged, name, version)
        chosen = [f"--features={','.join(features)}"] if features else []
        processes.run(
            ["cargo", "package", "--allow-dirty", "--quiet", *chosen, *([] if build else ["--no-verify"])],
            cwd=staged,
            env={"CARGO_TARGET_DIR": str(Path(temporary) / "target")},
        )
        metadata = _metadata(processes, staged)
        readme = metadata.get("readme")
        text = (staged / readme).read_text("utf-8") if readme else None
        crate = Path(temporary) / "target" / "package" / f"{name}-{version}.crate"
        return crate.read_bytes(), metadata, text


def read_manifest(folder: Path) -> dict[str, Any]:
    """The folder's Cargo.toml.

    Raises:
        PreflightError: there is none, or it is no TOML.
    """
    try:
        return tomllib.loads((folder / "Cargo.toml").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PreflightError(
            f"{folder / 'Cargo.toml'} cannot be read: {error}",
            hint="`platforms.crates.path` names the folder of a crate",
            code="DF3212",
        ) from error


def _stage(folder: Path, staged: Path, name: str, version: str) -> None:
    package = read_manifest(folder).get("package", {})
    if package.get("name") != name:
        raise PreflightError(
            f"{folder} is the crate `{package.get('name')}`, not `{name}`",
            hint="set `platforms.crates.package_name` or `path`",
            code="DF3213",
        )
    shutil.copytree(folder, staged, ignore=_LEFT_OUT)
    manifest = staged / "Cargo.toml"
    manifest.write_text(_with_version(manifest.read_text("utf-8"), version), "utf-8", newline="\n")
    if read_manifest(staged)["package"].get("version") != version:
        raise PreflightError(
            f"the version in {folder / 'Cargo.toml'} cannot be set",
            hint='write a plain `version = "0.0.0"` in its [package] table',
            code="DF3214",
        )


def _with_version(text: str, version: str) -> str:
    """The manifest with another version in its ``[package]`` table; comments and order stay."""
    start = _PACKAGE_TABLE.search(text)
    if not start:
        return text
    head, table = text[: start.end()], text[start.end() :]
    end = re.search(r"^\[", table, re.MULTILINE)
    body, rest = (table[: end.start()], table[end.start() :]) if end else (table, "")
    if _VERSION.search(body):
        body = _VERSION.sub(rf'\g<1>"{version}"', body, count=1)
    elif not re.search(r"^version\b", body, re.MULTILINE):
        body = f'\nversion = "{version}"{body}'
    return head + body + rest


def _metadata(processes: Processes, folder: Path) -> dict[str, Any]:
    done = processes.run(["cargo", "metadata", "--no-deps", "--format-version", "1"], cwd=folder)
    package: dict[str, Any] = json.loads(done.stdout)["packages"][0]
    return package
