"""Real registry servers for tests: verdaccio (npm), pypiserver and pypiron (PyPI), on loopback, empty."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

TOOLS = Path(os.environ.get("DEPLOYFORGE_TEST_TOOLS", "/opt/deployforge-tools"))
VERDACCIO = TOOLS / "verdaccio" / "node_modules" / ".bin" / "verdaccio"
PYPIRON = TOOLS / "pypiron" / "bin" / "pypiron"
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


@contextmanager
def pypiron(folder: Path) -> Iterator[Server]:
    """An empty pypiron: a current simple index as JSON, and uploads as PyPI's."""
    folder.mkdir(parents=True)
    port, token = free_port(), "pypi-for-tests"
    settings = {
        "PYPIRON_DATA_DIR": str(folder / "data"),
        "PYPIRON_BIND_ADDR": f"127.0.0.1:{port}",
        "PYPIRON_ADVISORY_FEED": "",
        "PYPIRON_MALWARE_BLOCK": "false",
        "PYPIRON_ADMIN_PASS": "admin-for-tests",
        "PYPIRON_UPLOADER_USER": "__token__",
        "PYPIRON_UPLOADER_PASS": token,
        "PYPIRON_WAIT_ON_UPLOAD": "true",
    }
    with _serving([str(PYPIRON), "serve"], folder, f"http://127.0.0.1:{port}", "/simple/", settings) as url:
        yield Server(url, token)


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
def _serving(
    command: list[str], folder: Path, url: str, alive: str, settings: Mapping[str, str] | None = None
) -> Iterator[str]:
    environment = {**os.environ, **(settings or {})}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL
        )
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
