"""People with roles, each with a client of their own, at a dashboard where they sign on with tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.testclient import TestClient

from deployforge_tasks.access.roles import Role
from tests.dashboard.site import ADDRESS, Site, open_site

HTML = {"accept": "text/html"}


@dataclass
class People:
    """A site where people sign on with tokens."""

    site: Site

    def token(self, name: str, role: Role) -> str:
        """A token of somebody."""
        return self.site.desk.records.tokens.new(self.site.desk.project, name, role, days=1, made_by="a test")[1]

    def stranger(self) -> TestClient:
        """A browser of somebody who has not signed on."""
        return TestClient(self.site.app, base_url=ADDRESS, headers=HTML, follow_redirects=False)

    def someone(self, name: str, role: Role) -> TestClient:
        """A browser of somebody who has."""
        client = self.stranger()
        assert client.post("/sign-on/token", data={"token": self.token(name, role)}).status_code == 303
        return client


@contextmanager
def open_people(folder: Path, **section: Any) -> Iterator[People]:
    """A dashboard with `dashboard.auth: token`, and more of that section."""
    with open_site(folder, dashboard={"auth": "token", **section}) as site:
        yield People(site)
