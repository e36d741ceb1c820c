"""The sample program as release files: real executables, built once a machine and kept in the system's cache folder."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from filelock import FileLock

from deployforge_tasks.core.model import Artifact
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.files import Entry, digest, tar_bytes, write_atomic, zip_bytes

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "hello"
BINARY = "hello-forge"


def asset_name(target: Target, version: str) -> str:
    """The name of a target's release file."""
    return f"{BINARY}-{version}-{target.os}-{target.arch}.{'zip' if target.os == 'windows' else 'tar.gz'}"


def executable(target: Target, version: str) -> Path:
    """The sample program for a target (built on first use)."""
    sources = b"".join((EXAMPLE / name).read_bytes() for name in ("hello.c", "build.py"))
    folder = Path(tempfile.gettempdir()) / f"deployforge-hello-{hashlib.sha256(sources).hexdigest()[:12]}" / version
    path = folder / target.slug / f"{BINARY}{target.executable_suffix}"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"{target.slug}.lock"):
        if not path.exists():
            partial = folder / f"{target.slug}.partial{target.executable_suffix}"
            subprocess.run(
                [sys.executable, str(EXAMPLE / "build.py"), f"{target.os}/{target.arch}", version, str(partial)],
                check=True,
            )
            path.parent.mkdir(exist_ok=True)
            partial.rename(path)
    return path


def release_files(
    folder: Path, version: str, targets: Sequence[str], url: str = "http://127.0.0.1:9"
) -> list[Artifact]:
    """The release files for the targets, as the graph's fetch stage would hand them to a platform."""
    return [_release_file(folder, version, Target.parse(text), url) for text in targets]


def _release_file(folder: Path, version: str, target: Target, url: str) -> Artifact:
    program = executable(target, version)
    entries = [Entry(program.name, program, 0o755)]
    name = asset_name(target, version)
    path = folder / name
    write_atomic(path, zip_bytes(entries) if name.endswith(".zip") else tar_bytes(entries))
    return Artifact(target, name, path, digest(path), path.stat().st_size, f"{url}/{name}", program)
