"""The release files of one version: brought here, compared with what is known, unpacked and tried; kept on disk."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import ArtifactError, NetworkError
from deployforge_tasks.core.events import Log
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.core.targets import Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock
from deployforge_tasks.effects.file_lock import alone, sleep
from deployforge_tasks.effects.files import digest, write_atomic
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.machine import runs_here
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.project.checksums import FROZEN, compare
from deployforge_tasks.project.hub import Hub
from deployforge_tasks.project.naming import Naming
from deployforge_tasks.project.program import check_header, check_version, take_out
from deployforge_tasks.project.schema import Project
from deployforge_tasks.project.secrets import as_names
from deployforge_tasks.project.sources import Sources
from deployforge_tasks.project.strict import Options

#: The credential of private releases: https://docs.github.com/en/rest/authentication
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")


class ArtifactStore:
    """The release files of one version.

    Args:
        project: says where they come from and what they are called.
        version: the version.
        root: the project's folder.
        workdir: the version's work folder; they are kept in ``artifacts`` below it.
        environ: where a token for private releases is looked for.
        options: the platforms' options; those of ``github`` decide where users download.
        pause: waits some seconds for another run that brings the same file; False gives up.
    """

    def __init__(
        self,
        project: Project,
        version: Version,
        root: Path,
        workdir: Path,
        *,
        http: Http,
        processes: Processes,
        environ: Mapping[str, str],
        clock: Clock,
        log: Log,
        options: Mapping[str, Options],
        pause: Callable[[float], bool] = sleep,
    ) -> None:
        self._pause = pause
        self._naming = Naming(project, version)
        self._root = root
        self._folder = workdir / "artifacts"
        self._http = http
        self._processes = processes
        self._clock = clock
        self._log = log
        self._hub = Hub(self._naming, options, http, _token(project, environ))
        self._sources = Sources(self._naming, root, self._hub, http, processes, log)

    @property
    def repo(self) -> str:
        """``owner/name`` of the repository that has the release.

        Raises:
            ConfigError: nobody says which.
        """
        return self._hub.repo

    @property
    def tag(self) -> str:
        """The release's tag."""
        return self._hub.tag

    @property
    def targets(self) -> tuple[Target, ...]:
        return self._naming.targets

    def asset_name(self, target: Target) -> str:
        """Name of a target's release file."""
        return self._naming.asset(target)

    def release_url(self, name: str) -> str:
        """Where users download the release file of that name."""
        if self._naming.project.artifacts.source == "urls":
            for target in self.targets:
                if self.asset_name(target) == name:
                    return self._naming.url(target)
        return self._hub.download_url(name)

    def inputs(self, target: Target) -> list[Path]:
        """Files of the project that a target's release file is made from."""
        artifacts, binary = self._naming.project.artifacts, self._naming.project.binary
        found = [self._root / file.src for file in (binary.runtime_files if binary else ())]
        if artifacts.source == "build" and artifacts.build:
            found += [path for pattern in artifacts.build.inputs for path in self._root.glob(pattern)]
        if artifacts.source == "directory":
            found += [path for path in self._sources.files() if path.name == self.asset_name(target)]
        return sorted({path for path in found if path.is_file()})

    def manifest(self, target: Target) -> Path:
        """The file that is written last: the release file is here and checked."""
        return self._folder / target.slug / "manifest.json"

    def get(self, target: Target) -> Artifact:
        """What `obtain` made.

        Raises:
            ArtifactError: it was not called yet, or somebody removed the files.
        """
        artifact = self._read(target)
        if artifact is None:
            task = "build" if self._naming.project.artifacts.source == "build" else "fetch"
            raise ArtifactError(
                f"the release file of {target} is not here", hint=f"run `doit {task}:{target.slug}`", code="DF3101"
            )
        return artifact

    def obtain(self, target: Target, frozen: Mapping[str, str]) -> Artifact:
        """Fetch or build a target's release file, compare it, unpack it and try the program.

        Args:
            target: the target.
            frozen: digests by file name that were published first; a difference is an error.

        Raises:
            ArtifactError: it is missing, changed, or not what it should be.
            NetworkError: no answer.
        """
        folder = self.manifest(target).parent
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / ".lock", f"the release file of {target}", pause=self._pause):
            kept = self._kept(target, frozen)
            if kept is not None:
                return kept
            self.manifest(target).unlink(missing_ok=True)
            return self._obtain(target, folder / self.asset_name(target), frozen)

    def _obtain(self, target: Target, path: Path, frozen: Mapping[str, str]) -> Artifact:
        expected = self._sources.bring(target, path)
        known = frozen.get(path.name)
        if known and self._naming.project.artifacts.source == "build" and digest(path) != known:
            self._published_instead(path, known)
        sha256 = digest(path)
        try:
            compare(path.name, sha256, {**({FROZEN: known} if known else {}), **expected})
        except ArtifactError:
            path.unlink()  # the next try downloads it anew
            raise
        program = take_out(self._naming, target, path, self._root, path.parent / "files")
        check_header(program.executable, target)
        if runs_here(target):
            check_version(self._naming, program.executable, self._processes)
        artifact = Artifact(
            target,
            path.name,
            path,
            sha256,
            path.stat().st_size,
            self._public_url(path.name),
            program.executable,
            program.runtime_files,
        )
        self._write(artifact)
        return artifact

    def _published_instead(self, path: Path, known: str) -> None:
        """A build that is not reproducible must not stop a release that has begun: its first build was published."""
        other = path.with_name(f"{path.name}.published")
        try:
            self._http.download(self.release_url(path.name), other)
        except (NetworkError, ValueError):
            return
        if digest(other) == known:
            self._log.warning(f"{path.name} came out different this time; taking the published one")
            other.replace(path)
        else:
            other.unlink()

    def _public_url(self, name: str) -> str:
        """Follows the options as they are now, whenever the file was brought here."""
        has_url = self._naming.project.artifacts.source == "urls" or self._hub.has_repo
        return self.release_url(name) if has_url else ""

    # --- what is kept on disk ---------------------------------------------------------------------------------------

    def _kept(self, target: Target, frozen: Mapping[str, str]) -> Artifact | None:
        """What an earlier run left, if it is still what is wanted."""
        artifact = self._read(target)
        if artifact is None or digest(artifact.path) != artifact.sha256:
            return None
        if artifact.name in frozen:
            return artifact if frozen[artifact.name] == artifact.sha256 else None
        key = self._key(target)
        return artifact if key is not None and self._stored(target).get("key") == key else None

    def _key(self, target: Target) -> str | None:
        """A digest of everything that a release file is made from; None when nobody can know that."""
        artifacts = self._naming.project.artifacts
        if artifacts.source == "build" and not (artifacts.build and artifacts.build.inputs):
            return None
        inputs = {str(path): digest(path) for path in self.inputs(target)}
        binary = self._naming.project.binary
        program = binary.model_dump(mode="json") if binary else None
        parts = (str(self._naming.version), self._hub.tag, artifacts.model_dump(mode="json"), program, inputs)
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def _write(self, artifact: Artifact) -> None:
        folder = self.manifest(artifact.target).parent
        data = {
            "key": self._key(artifact.target),
            "name": artifact.name,
            "sha256": artifact.sha256,
            "size": artifact.size,
            "executable": artifact.executable.relative_to(folder).as_posix(),
            "runtime_files": [path.relative_to(folder).as_posix() for path in artifact.runtime_files],
        }
        write_atomic(self.manifest(artifact.target), json.dumps(data, indent=2) + "\n")

    def _stored(self, target: Target) -> dict[str, Any]:
        try:
            stored: dict[str, Any] = json.loads(self.manifest(target).read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stored

    def _read(self, target: Target) -> Artifact | None:
        data, folder = self._stored(target), self.manifest(target).parent
        if not data or data["name"] != self.asset_name(target):
            return None
        path, executable = folder / data["name"], folder / data["executable"]
        runtime_files = tuple(folder / name for name in data["runtime_files"])
        if not all(file.is_file() for file in (path, executable, *runtime_files)):
            return None
        url = self._public_url(path.name)
        return Artifact(target, path.name, path, data["sha256"], data["size"], url, executable, runtime_files)


def _token(project: Project, environ: Mapping[str, str]) -> str | None:
    named = project.credentials.get("github", {})
    variables = (*(name for names in named.values() for name in as_names(names)), *_TOKENS)
    return next((environ[name] for name in variables if environ.get(name)), None)
