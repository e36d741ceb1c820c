"""Real registry servers for tests: verdaccio (npm) and pypiserver (PyPI), on loopback, empty."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(os.environ.get("DEPLOYFORGE_TEST_TOOLS", "/opt/deployforge-tools"))
VERDACCIO = TOOLS / "verdaccio" / "node_modules" / ".bin" / "verdaccio"
NPM12 = TOOLS / "npm12" / "bin"

_VERDACCIO = """\
storage: ./storage
auth: {htpasswd: {file: ./htpasswd, max_users: 10}}
uplinks: {}
packages: {'**': {access: $all, publish: $authenticated, unpublish: $authenticated}}
web: {enable: false}
log: {type: stdout, format: pretty, level: error}
max_body_size: 100mb
"""


@dataclass(frozen=True)
class Server:
    """A running registry: its URL and a credential for it."""

    url: str
    token: str


@contextmanager
def verdaccio(folder: Path) -> Iterator[Server]:
    """An empty verdaccio with one user."""
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(_VERDACCIO)
    port = free_port()
    command = [str(VERDACCIO), "-c", "config.yaml", "-l", f"127.0.0.1:{port}"]
    with _serving(command, folder, f"http://127.0.0.1:{port}", "/-/ping") as url:
        yield Server(url, _sign_up(url))


@contextmanager
def pypiserver(folder: Path) -> Iterator[Server]:
    """An empty pypiserver that lets everybody upload."""
    (folder / "packages").mkdir(parents=True)
    port = free_port()
    options = [
        "run",
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-a",
        ".",
        "-P",
        ".",
        "--disable-fallback",
        "--hash-algo",
        "sha256",
    ]
    command = [sys.executable, "-W", "ignore", "-m", "pypiserver", *options, str(folder / "packages")]
    with _serving(command, folder, f"http://127.0.0.1:{port}", "/simple/") as url:
        yield Server(url, "pypi-any")


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _sign_up(url: str) -> str:
    body = json.dumps({"name": "tester", "password": "s3cret-for-tests"}).encode()
    request = urllib.request.Request(f"{url}/-/user/org.couchdb.user:tester", body, method="PUT")
    request.add_header("Content-Type", "application/json")
    with urllib.request.urlopen(request) as response:
        return str(json.load(response)["token"])


@contextmanager
def _serving(command: list[str], folder: Path, url: str, alive: str) -> Iterator[str]:
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        try:
            _wait_for(url + alive, process, folder / "server.log")
            yield url
        finally:
            process.kill()
            process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(url, timeout=5).close()
        except OSError:
            if process.poll() is not None:
                break
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"the server did not start: {log.read_text('utf-8', 'replace')}")


def missing(tool: str) -> bool:
    """Whether a program is not on PATH."""
    return shutil.which(tool) is None
