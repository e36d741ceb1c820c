"""The four places release files come from: a GitHub release, a folder, URLs, or a build command."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin

from deployforge_tasks.core.errors import ArtifactError, ConfigError, NetworkError, StatusError
from deployforge_tasks.core.events import Log
from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.files import EPOCH, Entry, is_archive, tar_bytes, write_atomic, zip_bytes
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.project import checksums
from deployforge_tasks.project.hub import Hub
from deployforge_tasks.project.naming import Naming, fill
from deployforge_tasks.project.problems import did_you_mean
from deployforge_tasks.project.schema import Build


@dataclass(frozen=True)
class Sources:
    """Brings a target's release file to a path. `root` is the project's folder."""

    naming: Naming
    root: Path
    hub: Hub
    http: Http
    processes: Processes
    log: Log

    def bring(self, target: Target, to: Path) -> dict[str, str]:
        """Put the release file at `to`; returns the digests that others tell about it, by who says so.

        Raises:
            ArtifactError: it is not where it should be, or cannot be built.
            NetworkError: no answer.
        """
        match self.naming.project.artifacts.source:
            case "build":
                self._build(target, to)
                return {}
            case "directory":
                return self._copy(to)
            case "urls":
                return self._download(target, to)
            case "github_release":
                return self._from_hub(target, to)

    # --- downloads ------------------------------------------------------------------------------------------------

    def _from_hub(self, target: Target, to: Path) -> dict[str, str]:
        try:
            asset = self.hub.find(to.name)
            self.http.download(asset.url, to, headers=asset.headers)
        except (NetworkError, ArtifactError) as error:
            if not self._fall_back(target, to, error):
                raise
            return {}
        host = {"the host": asset.sha256} if asset.sha256 else {}
        return self._told(to.name, host, self._hub_file)

    def _download(self, target: Target, to: Path) -> dict[str, str]:
        url = self.naming.url(target)
        if not url:
            raise ConfigError(f"artifacts.urls has no entry for {target}", hint="add it, or `default:`", code="DF1008")
        try:
            self.http.download(url, to)
        except NetworkError as error:
            if not self._fall_back(target, to, error):
                raise
        return self._told(to.name, {}, lambda name: self._read(urljoin(url, name)))

    def _fall_back(self, target: Target, to: Path, error: Exception) -> bool:
        """Try the further URLs in turn."""
        for url in self.naming.fallbacks(target):
            self.log.warning(f"{error}; trying {url}")
            try:
                self.http.download(url, to)
            except NetworkError as again:
                error = again
                continue
            return True
        return False

    def _hub_file(self, name: str) -> str | None:
        asset = self.hub.assets().get(name)
        return self._read(asset.url, asset.headers) if asset else None

    def _read(self, url: str, headers: Mapping[str, str] | None = None) -> str | None:
        try:
            return self.http.get(url, headers=dict(headers or {})).text
        except StatusError as error:
            if error.status == 404:
                return None
            raise

    # --- checksums ------------------------------------------------------------------------------------------------

    def _told(self, name: str, host: dict[str, str], read: Callable[[str], str | None]) -> dict[str, str]:
        """The digests of a file that `artifacts.checksums` asks for."""
        wanted = self.naming.project.artifacts.checksums
        if wanted.source == "computed":
            return {}
        if wanted.source == "host":
            if not host:
                raise ArtifactError(
                    f"the host tells no digest of {name}", hint="use `checksums: {from: auto}`", code="DF3112"
                )
            return host
        text = None if host and wanted.source == "auto" else read(wanted.file)
        digest = checksums.parse(text or "").get(name)
        if digest is None and wanted.source == "file":
            what = f"{wanted.file} does not name {name}" if text else f"there is no {wanted.file}"
            raise ArtifactError(what, hint="correct `artifacts.checksums.file`", code="DF3113")
        return {**host, wanted.file: digest} if digest else host

    # --- a folder -------------------------------------------------------------------------------------------------

    def _copy(self, to: Path) -> dict[str, str]:
        path = self.in_directory(to.name)
        shutil.copyfile(path, to)

        def read(name: str) -> str | None:
            file = path.parent / name
            return file.read_text("utf-8") if file.is_file() else None

        return self._told(to.name, {}, read)

    def in_directory(self, name: str) -> Path:
        """The release file in the project's folder of release files.

        Raises:
            ArtifactError: it is not there, or twice.
        """
        folder = self.root / self.naming.project.artifacts.directory
        files = self.files()
        found = [path for path in files if path.name == name]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(str(path.relative_to(folder)) for path in found)
            raise ArtifactError(f"{name} is there more than once: {listed}", hint="remove one", code="DF3106")
        hint = did_you_mean(name, sorted({path.name for path in files})[:10]) or "build the release files first"
        raise ArtifactError(f"{name} is not in {folder}", hint=hint, code="DF3105")

    def files(self) -> list[Path]:
        """Every file in the folder of release files, our own work folder left out."""
        folder = self.root / self.naming.project.artifacts.directory
        found = (path for path in folder.rglob("*") if ".deployforge" not in path.relative_to(folder).parts)
        return sorted(path for path in found if path.is_file())

    # --- building -------------------------------------------------------------------------------------------------

    def _build(self, target: Target, to: Path) -> None:
        build = self.naming.project.artifacts.build
        assert build is not None
        output = to.parent / "build" / self.naming.executable(target)
        shutil.rmtree(output.parent, ignore_errors=True)
        output.parent.mkdir(parents=True)
        names = {**self.naming.names(target), "output": str(output), "python": sys.executable}
        command = [fill(part, names, "artifacts.build.command") for part in _words(build)]
        env = {name: fill(value, names, "artifacts.build.env") for name, value in build.env.items()}
        self.processes.run(
            command, cwd=self.root / build.cwd, env={"SOURCE_DATE_EPOCH": str(EPOCH), **env}, timeout=build.timeout
        )
        if not output.is_file():
            raise ArtifactError(
                f"the build of {target} left no {output.name}", hint="it must write to {output}", code="DF3107"
            )
        self._pack(target, output, to)

    def _pack(self, target: Target, executable: Path, to: Path) -> None:
        """Write the release file, byte for byte the same for the same program."""
        if not is_archive(to.name):
            shutil.copyfile(executable, to)
            return
        entries = [Entry(self.naming.inner_path(target) or executable.name, executable, 0o755)]
        for file in self.naming.project.binary.runtime_files if self.naming.project.binary else ():
            if (self.root / file.src).is_file():
                entries.append(Entry(file.src, self.root / file.src))
            elif file.required:
                raise missing_runtime_file(file.src)
        write_atomic(to, _packed(to.name, entries))


def _packed(name: str, entries: list[Entry]) -> bytes:
    if name.endswith(".zip"):
        return zip_bytes(entries)
    if name.endswith((".tar.gz", ".tgz", ".tar")):
        return tar_bytes(entries, gz=not name.endswith(".tar"))
    raise ConfigError(
        f"a release file is not written as {name.rpartition('.')[2]}", hint="use tar.gz or zip", code="DF1009"
    )


def _words(build: Build) -> list[str]:
    """The command as program and arguments; a text is split as a shell splits it."""
    return shlex.split(build.command, posix=os.name != "nt") if isinstance(build.command, str) else build.command


def missing_runtime_file(src: str) -> ArtifactError:
    """The error for a runtime file that is nowhere."""
    return ArtifactError(
        f"the runtime file {src} is neither in the release file nor in the project",
        hint="correct `binary.runtime_files`, or say `required: false`",
        code="DF3116",
    )
