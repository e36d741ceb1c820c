"""A real OpenID Connect provider in a process of its own, and people who sign on there with a browser of plain HTTP."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import pytest
import requests

from tests.support.registries import TOOLS

CLIENT = "deployforge"
SECRET = "secret-of-the-client"
#: Who has an account, and what is known of them.
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "ann": {"groups": ["staff", "release-team"], "email_verified": True},
    "ben": {"groups": ["staff"], "email_verified": True},
    "guest": {"email_verified": True},
    "mallory": {"groups": ["release-team"], "email": "ann@people.example", "email_verified": False},
    "oscar": {"groups": ["release-team"], "email": "ann@people.example", "email_verified": "false"},
}


@dataclass(frozen=True)
class RunningProvider:
    """The provider at an address."""

    issuer: str

    def lie(self, kind: str) -> None:
        """Let it sign wrongly from now on; "" for no more."""
        requests.post(f"{self.issuer}/lie", params={"kind": kind}, timeout=10).raise_for_status()

    def sign_on(self, address: str, person: str) -> str:
        """Go to an address of the provider and sign on there; returns where the browser is sent back to."""
        browser = requests.Session()
        answer = browser.get(address, allow_redirects=False, timeout=10)
        for _ in range(10):
            if answer.is_redirect:
                target = urljoin(answer.url, answer.headers["location"])
                if not target.startswith(self.issuer):
                    return target
                answer = browser.get(target, allow_redirects=False, timeout=10)
                continue
            prompt = re.search(r'name="prompt" value="(\w+)"', answer.text)
            action = re.search(r'action="([^"]+)"', answer.text)
            assert prompt is not None, answer.text
            assert action is not None
            form = {"prompt": prompt[1], "login": person, "password": "any"}
            answer = browser.post(urljoin(answer.url, action[1]), data=form, allow_redirects=False, timeout=10)
        raise AssertionError("the provider does not come to an end")


@contextmanager
def running_provider(*, redirects: list[str], only_userinfo: bool = False) -> Iterator[RunningProvider]:
    """Start it.

    Args:
        redirects: where it may send people back to.
        only_userinfo: claims about people are on its page only, not in ID tokens.
    """
    node = shutil.which("node")
    if node is None or not (TOOLS / "oidc" / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("needs node and npm's oidc-provider (.ci/install-tools)")
    config = {
        "client": CLIENT,
        "secret": SECRET,
        "redirects": redirects,
        "people": PEOPLE,
        "onlyUserinfo": only_userinfo,
    }
    script = Path(__file__).with_name("oidc_provider.mjs")
    process = subprocess.Popen(
        [node, str(script), str(TOOLS / "oidc"), json.dumps(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        yield RunningProvider(process.stdout.readline().strip())
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()  # type: ignore[union-attr]
