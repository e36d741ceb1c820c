"""Taking the program out of a release file, and making sure that it is what it should be."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.executables import HEADER_SIZE, read_header
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.files import is_archive, unpack
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.project.naming import Naming
from deployforge_tasks.project.sources import missing_runtime_file


@dataclass(frozen=True)
class Program:
    """An unpacked release file: the program and the files that travel with it."""

    executable: Path
    runtime_files: tuple[Path, ...]


def take_out(naming: Naming, target: Target, release_file: Path, root: Path, to: Path) -> Program:
    """Unpack a release file into a fresh folder.

    Raises:
        ArtifactError: it is unsafe, or the program or a runtime file is not in it.
    """
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir(parents=True)
    if is_archive(release_file.name):
        executable = _find(naming, target, release_file.name, to, unpack(release_file, to))
    else:
        executable = to / naming.executable(target)
        shutil.copyfile(release_file, executable)
    executable.chmod(0o755)
    return Program(executable, _runtime_files(naming, root, to))


def _find(naming: Naming, target: Target, name: str, folder: Path, files: list[Path]) -> Path:
    inside = naming.inner_path(target)
    wanted = inside or naming.executable(target)
    exact = folder / wanted
    found = [exact] if exact in files else [] if inside else [f for f in files if f.name == wanted]
    if len(found) == 1:
        return found[0]
    listed = ", ".join(sorted(f.relative_to(folder).as_posix() for f in files)[:8])
    what = "holds more than one" if found else "does not hold"
    raise ArtifactError(
        f"{name} {what} {wanted}; it holds {listed or 'nothing'}",
        hint="say where the program lies in it with `artifacts.binary_path`",
        code="DF3114",
    )


def _runtime_files(naming: Naming, root: Path, folder: Path) -> tuple[Path, ...]:
    """The runtime files, from the release file or else copied from the project."""
    found = []
    for file in naming.project.binary.runtime_files if naming.project.binary else ():
        inside = folder / file.src
        if not inside.is_file():
            inside = next((p for p in sorted(folder.rglob(Path(file.src).name)) if p.is_file()), inside)
        if not inside.is_file() and (root / file.src).is_file():
            inside.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(root / file.src, inside)
        if inside.is_file():
            found.append(inside)
        elif file.required:
            raise missing_runtime_file(file.src)
    return tuple(found)


def check_header(executable: Path, target: Target) -> None:
    """The program is built for its target.

    Raises:
        ArtifactError: it is for something else, or no executable at all.
    """
    with executable.open("rb") as file:
        header = read_header(file.read(HEADER_SIZE))
    if header is not None and header.fits(target):
        return
    what = f"is built for {header}" if header else "is no ELF, Mach-O or PE executable"
    raise ArtifactError(
        f"{executable.name} of {target} {what}",
        hint="check the build and the names of the release files (`artifacts.asset`, `artifacts.words`)",
        code="DF3115",
    )


def check_version(naming: Naming, executable: Path, processes: Processes) -> None:
    """The program says the version that is being released.

    Raises:
        ArtifactError: it says another one, or does not run.
    """
    binary = naming.project.binary
    command = naming.project.version_command
    shown = " ".join([executable.name, *command])
    said = processes.run([executable, *command], cwd=executable.parent, clean=True, timeout=60, check=False)
    output = " ".join((said.stdout + said.stderr).split())
    if said.returncode != 0 or str(naming.version) not in output:
        raise ArtifactError(
            f"`{shown}` says {output[:200]!r} (exit code {said.returncode}), not {naming.version}",
            hint="build it with the version, or correct `binary.version_command`",
            code="DF3117",
        )
    for arguments in binary.smoke if binary else ():
        processes.run([executable, *arguments], cwd=executable.parent, clean=True, timeout=60)
