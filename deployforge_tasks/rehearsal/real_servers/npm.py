"""Verdaccio as the npm registry (https://verdaccio.org/docs/configuration)."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.real_servers.process import RealServer
from deployforge_tasks.rehearsal.stand_ins.npm import Npm

_CONFIG = """\
storage: ./storage
auth: {{htpasswd: {{file: ./htpasswd, max_users: 10}}}}
uplinks: {{}}
packages: {{'**': {{access: {readers}, publish: $authenticated, unpublish: $authenticated}}}}
web: {{enable: false}}
log: {{type: stdout, format: pretty, level: error}}
max_body_size: 500mb
"""
_PASSWORD = "rehearsal-password"  # noqa: S105 - of an account that ends with the rehearsal


class Verdaccio(RealServer, Npm):
    """npm."""

    name: ClassVar[str] = "verdaccio"
    program = "verdaccio"
    readers: ClassVar[str] = "$all"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.token = ""

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "config.yaml").write_text(_CONFIG.format(readers=self.readers), "utf-8")
        self.run(["-c", "config.yaml", "-l", f"127.0.0.1:{self.new_port()}"])
        self.token = _sign_up(self.url)
        self.title = self.version()

    def secrets(self) -> dict[str, dict[str, str]]:
        return {platform: {"token": self.token} for platform in self.serves}

    def publications(self) -> list[Publication]:
        found = []
        for file in sorted((self.root / "storage").glob("**/package.json")):
            document = json.loads(file.read_text("utf-8"))
            for number, manifest in document["versions"].items():
                found.append(
                    Publication(self.serves[0], document["name"], number, str(manifest["dist"].get("integrity", "")))
                )
        return found


class VerdaccioForGithub(Verdaccio):
    """GitHub Packages: readers must be signed in."""

    name: ClassVar[str] = "verdaccio-github"
    serves: ClassVar[tuple[str, ...]] = ("github_packages",)
    readers: ClassVar[str] = "$authenticated"


def _sign_up(url: str) -> str:
    body = json.dumps({"name": "rehearsal", "password": _PASSWORD}).encode()
    request = urllib.request.Request(  # noqa: S310 - our own server
        f"{url}/-/user/org.couchdb.user:rehearsal", body, {"Content-Type": "application/json"}, method="PUT"
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - see above
        return str(json.load(response)["token"])
