"""{{ cookiecutter.title }} in memory: one address a version, a token, nothing is ever overwritten."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deployforge_tasks.core.model import Publication
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

TOKEN = "{{ cookiecutter.name }}-rehearsal-token"  # noqa: S105 - opens nothing but this stand-in


class {{ cookiecutter.class }}Registry(StandIn):
    """As far as uploading and looking up go."""

    name = "{{ cookiecutter.name }}"
    serves = ("{{ cookiecutter.name }}",)

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self._files: dict[tuple[str, str, str], bytes] = {}

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"{{ cookiecutter.name }}": {"registry": self.url}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"{{ cookiecutter.name }}": {"token": TOKEN}}

    def publications(self) -> list[Publication]:
        with self.lock:
            return [
                Publication("{{ cookiecutter.name }}", package, version, hashlib.sha256(data).hexdigest(), {"part": name})
                for (package, version, name), data in self._files.items()
            ]

    @route("GET", r"/(?P<package>[^/]+)/(?P<version>[^/]+)")
    def listing(self, _: Request, package: str, version: str) -> Reply:
        files = [
            {"name": name, "sha256": hashlib.sha256(data).hexdigest()}
            for (of, at, name), data in self._files.items()
            if (of, at) == (package, version)
        ]
        return Reply(200, {"files": files}) if files else Reply(404, {"message": "not found"})

    @route("GET", r"/(?P<package>[^/]+)/(?P<version>[^/]+)/(?P<name>[^/]+)")
    def file(self, _: Request, package: str, version: str, name: str) -> Reply:
        data = self._files.get((package, version, name))
        return Reply(404, {"message": "not found"}) if data is None else Reply(200, data)

    @route("PUT", r"/(?P<package>[^/]+)/(?P<version>[^/]+)/(?P<name>[^/]+)")
    def upload(self, request: Request, package: str, version: str, name: str) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return Reply(403, {"message": "the token is not accepted"})
        if (package, version, name) in self._files:
            return Reply(409, {"message": f"{name} already exists"})
        self._files[package, version, name] = request.body
        return Reply(201, {"message": "created"})
