"""A VS Code extension for one target: a folder of the project packaged by vsce, or the generated extension."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.effects.files import EPOCH, Entry, folder_entries
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.platforms._vsix import reproducible, vsix_bytes

#: Where the program lies in the extension.
PROGRAM_FOLDER = "bin"
_LEFT_OUT = shutil.ignore_patterns(".git", ".deployforge", ".env", "*.vsix")


def program_entries(artifact: Artifact | None, binary: str) -> list[Entry]:
    """The program and its other files below `PROGRAM_FOLDER`."""
    if artifact is None:
        return []
    name = f"{binary}{artifact.target.executable_suffix}"
    others = [Entry(f"{PROGRAM_FOLDER}/{f.name}", f) for f in artifact.runtime_files]
    return [Entry(f"{PROGRAM_FOLDER}/{name}", artifact.executable, 0o755), *others]


def generated(rendered: Path, artifact: Artifact | None, binary: str, target: str | None, pre_release: bool) -> bytes:
    """The VSIX of the rendered extension with the target's program inside."""
    files = [*folder_entries(rendered), *program_entries(artifact, binary)]
    return vsix_bytes(read_package(rendered), files, target=target, pre_release=pre_release)


def from_folder(
    processes: Processes,
    folder: Path,
    changes: dict[str, Any],
    *,
    programs: Sequence[Entry],
    target: str | None,
    pre_release: bool,
) -> bytes:
    """Package an extension's folder with vsce; the folder itself stays as it is.

    Args:
        changes: fields of package.json to set (version, categories).
        programs: files to put into the staged folder first.
        target: VS Code's word for the target, None for every one.

    Raises:
        DeployForgeError: vsce refused it; the message has its last lines.
    """
    with tempfile.TemporaryDirectory(prefix="deployforge-vscode-") as temporary:
        staged = Path(temporary) / "extension"
        shutil.copytree(folder, staged, ignore=_LEFT_OUT, symlinks=True)
        package = {**read_package(staged), **changes}
        (staged / "package.json").write_text(
            json.dumps(package, indent=2, ensure_ascii=False) + "\n", "utf-8", newline="\n"
        )
        for entry in programs:
            path = staged / entry.name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(entry.read())
            path.chmod(entry.mode)
        output = Path(temporary) / "extension.vsix"
        chosen = [*(["--target", target] if target else []), *(["--pre-release"] if pre_release else [])]
        # Dependencies that are not bundled are looked up in node_modules; without that folder there are none.
        bundled = [] if (staged / "node_modules").is_dir() else ["--no-dependencies"]
        processes.run(
            ["vsce", "package", "--no-update-package-json", "--out", output, *chosen, *bundled],
            cwd=staged,
            env={"SOURCE_DATE_EPOCH": str(EPOCH), "TZ": "UTC"},
        )
        return reproducible(output.read_bytes())


def read_package(folder: Path) -> dict[str, Any]:
    """The folder's package.json.

    Raises:
        PreflightError: there is none, or it is no JSON object.
    """
    try:
        package = json.loads((folder / "package.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise PreflightError(
            f"{folder / 'package.json'} cannot be read: {error}",
            hint="`platforms.vscode.path` names the folder of an extension",
            code="DF3220",
        ) from error
    if not isinstance(package, dict):
        raise PreflightError(
            f"{folder / 'package.json'} is no object", hint="it describes the extension", code="DF3220"
        )
    return package
