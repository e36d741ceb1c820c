"""Real Python package indexes: pypiserver (https://github.com/pypiserver/pypiserver) and pypiron."""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.real_servers.process import RealServer
from deployforge_tasks.rehearsal.stand_ins.pypi import TOKEN, Pypi

_JSON = "application/vnd.pypi.simple.v1+json"


class PypiServer(RealServer, Pypi):
    """An index that lets everybody upload, and takes no file twice."""

    name: ClassVar[str] = "pypiserver"
    program = "pypi-server"

    places = (str(Path(sys.executable).parent),)

    def start(self) -> None:
        packages = self.root / "packages"
        packages.mkdir(parents=True, exist_ok=True)
        where = ["-i", "127.0.0.1", "-p", str(self.new_port())]
        self.run(["run", *where, "-a", ".", "-P", ".", "--disable-fallback", "--hash-algo", "sha256", str(packages)])
        self.title = self.version()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"pypi": {"registry": f"{self.url}/", "index": self.url, "username": "__token__"}}

    def publications(self) -> list[Publication]:
        files = sorted((self.root / "packages").iterdir())
        return [_publication(file.name) for file in files if file.is_file()]


class Pypiron(RealServer, Pypi):
    """A current simple index, and uploads as PyPI's."""

    name: ClassVar[str] = "pypiron"
    program = "pypiron"

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        settings = {
            "PYPIRON_DATA_DIR": str(self.root / "data"),
            "PYPIRON_BIND_ADDR": f"127.0.0.1:{self.new_port()}",
            "PYPIRON_ADVISORY_FEED": "",
            "PYPIRON_MALWARE_BLOCK": "false",
            "PYPIRON_ADMIN_PASS": "rehearsal-admin",
            "PYPIRON_UPLOADER_USER": "__token__",
            "PYPIRON_UPLOADER_PASS": TOKEN,
            "PYPIRON_WAIT_ON_UPLOAD": "true",
        }
        self.run(["serve"], settings)
        self.title = self.version()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"pypi": {"registry": f"{self.url}/legacy/", "index": self.url, "username": "__token__"}}

    def publications(self) -> list[Publication]:
        projects = [str(entry["name"]) for entry in self._read("/simple/")["projects"]]
        files = [file for name in projects for file in self._read(f"/simple/{name}/")["files"]]
        return [_publication(str(file["filename"]), str(file["hashes"].get("sha256", ""))) for file in files]

    def _read(self, path: str) -> Any:
        request = urllib.request.Request(f"{self.url}{path}", headers={"Accept": _JSON})  # noqa: S310 - our own server
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
            return json.load(response)


def _publication(file: str, digest: str = "") -> Publication:
    """A file of an index, by its name: ``name-version[-…].whl`` or ``name-version.tar.gz``."""
    parts = file.removesuffix(".tar.gz").split("-")
    return Publication("pypi", parts[0].replace("_", "-"), parts[1], digest, {"part": file})
