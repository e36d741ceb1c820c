"""The real dashboard command over a real project, with somebody who uses it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from tests.cli.shop import COMMAND, Shop, open_shop
from tests.dashboard.listener import eventually
from tests.graph.shelf import VERSION

if TYPE_CHECKING:
    from playwright.sync_api import Page

_ONE_TIME_LINK = re.compile(r"(http://127\.0\.0\.1:\d+)(/\S+)")


@dataclass
class Office:
    """A shop whose dashboard runs in a process of its own."""

    shop: Shop
    process: subprocess.Popen[str]
    address: str
    door: str
    """What was printed: the address that signs on."""
    browser: requests.Session

    def get(self, path: str) -> requests.Response:
        return self.browser.get(f"{self.address}{path}", headers={"Accept": "text/html"}, timeout=60)

    def post(self, path: str, **fields: str | list[str]) -> requests.Response:
        headers = {"Accept": "text/html", "Origin": self.address, "Sec-Fetch-Site": "same-origin"}
        return self.browser.post(f"{self.address}{path}", data=fields, headers=headers, timeout=60)

    def opens(self, window: Page, path: str) -> None:
        """Open a page in a real browser, signed on with the same session."""
        cookies = [(cookie.name, cookie.value or "") for cookie in self.browser.cookies]
        window.context.add_cookies([{"name": name, "value": value, "url": self.address} for name, value in cookies])
        window.goto(f"{self.address}{path}")

    def form(self, path: str) -> str:
        """The name of the form on a page."""
        found = re.search(r'name="form" value="([^"]+)"', self.get(path).text)
        assert found
        return found[1]

    def deploy(self, *platforms: str, version: str = VERSION) -> int:
        """Deploy, as a person does who has looked; the number of the run."""
        chosen = list(platforms) or ["east", "west", "north"]
        path = f"/deploy?look=1&version={version}"
        answer = self.post("/deploy", form=self.form(path), version=version, platforms=chosen, typed=version)
        return int(answer.url.rpartition("/")[2])

    def ended(self, run: int) -> dict[str, object]:
        """The run, once it has ended."""
        eventually(lambda: self.shop.newest()["state"] == "finished", seconds=60)
        found = self.shop.newest()
        assert found["run"] == run
        return found


@contextmanager
def open_office(folder: Path) -> Iterator[Office]:
    """A shop with its dashboard open."""
    with open_shop(folder) as shop:
        process = subprocess.Popen(
            [*COMMAND, "dashboard", "--port", "0"],
            cwd=shop.folder,
            env=shop.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
        )
        assert process.stdout
        try:
            said = ""
            for line in process.stdout:
                said += line
                if found := _ONE_TIME_LINK.search(line):
                    break
            else:
                raise AssertionError(said)
            with requests.Session() as browser:
                office = Office(shop, process, found[1], found[0], browser)
                browser.get(office.door, timeout=30)
                yield office
        finally:
            process.kill()
            process.wait()
            process.stdout.close()
