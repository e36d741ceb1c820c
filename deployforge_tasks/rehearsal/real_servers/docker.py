"""CNCF Distribution as the container registry (https://distribution.github.io/distribution/about/configuration/)."""

from __future__ import annotations

import json
import urllib.request
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms._oci_image import VERSION_KEY
from deployforge_tasks.rehearsal.real_servers.process import RealServer
from deployforge_tasks.rehearsal.stand_ins.oci import BASE, PASSWORD, USER, OciStandIn

#: The bcrypt form of the password that is known to everybody (``htpasswd -Bbn``).
_HASH = "$2y$05$61l5HRUaYDpkyiNAfxfK4OfkKP2iTXdsM762eoZenCn/5N7msOefC"
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
)


class DockerRegistry(RealServer, OciStandIn):
    """A registry with one account."""

    name: ClassVar[str] = "docker-registry"
    program = "docker-registry"

    def start(self) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        (self.root / "users").write_text(f"{USER}:{_HASH}\n", "utf-8")
        config = {
            "version": 0.1,
            "log": {"level": "error"},
            "storage": {"filesystem": {"rootdirectory": str(self.root / "data")}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{self.new_port()}"},
            "auth": {"htpasswd": {"realm": "rehearsal", "path": str(self.root / "users")}},
        }
        (self.root / "config.yml").write_text(json.dumps(config), "utf-8")
        self.run(["serve", str(self.root / "config.yml")])
        self.title = self.version()

    def publications(self) -> list[Publication]:
        found = []
        for name in self._json("/v2/_catalog")["repositories"]:
            for tag in self._json(f"/v2/{name}/tags/list").get("tags") or () if name != BASE else ():
                with self._call("GET", f"/v2/{name}/manifests/{tag}", headers={"Accept": ", ".join(_MANIFESTS)}) as got:
                    digest, document = got.headers["Docker-Content-Digest"], json.load(got)
                version = str((document.get("annotations") or {}).get(VERSION_KEY, ""))
                found.append(Publication("docker", f"{name}:{tag}", version, digest))
        return found

    def _add_base(self) -> str:
        """The stand-in makes the base; it is pushed here as anything else."""
        reference = super()._add_base()
        for digest, blob in self._blobs[BASE].items():
            with self._call("POST", f"/v2/{BASE}/blobs/uploads/", b"") as opened:
                where = opened.headers["Location"].partition(self.url)[2]
            kind = {"Content-Type": "application/octet-stream"}
            self._call("PUT", f"{where}{'&' if '?' in where else '?'}digest={digest}", blob, kind).close()
        for digest, (kind_of, raw) in self._manifests[BASE].items():
            self._call("PUT", f"/v2/{BASE}/manifests/{digest}", raw, {"Content-Type": kind_of}).close()
        return reference

    def _json(self, path: str) -> Any:
        with self._call("GET", path) as answer:
            return json.load(answer)

    def _call(self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None) -> Any:
        account = {"Authorization": "Basic " + b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self.url}{path}", body, {**account, **(headers or {})}, method=method
        )
        return urllib.request.urlopen(request, timeout=30)  # noqa: S310 - see above
