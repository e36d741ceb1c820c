"""A real cargo registry (cargo-http-registry: a git index, no accounts) for one test, on a free port."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deployforge_tasks.effects.clock import Clock, Patience, poll
from tests.support.registries import TOOLS

SERVER = shutil.which(
    "cargo-http-registry", path=os.pathsep.join([str(TOOLS / "cargo" / "bin"), os.environ.get("PATH", "")])
)


@contextmanager
def cargo_http_registry(folder: Path) -> Iterator[str]:
    """Run the server; yields its base URL. Its index is the git repository ``<base URL>/git``."""
    assert SERVER is not None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    identity = {
        f"GIT_{who}_{what}": "test@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
    }
    server = subprocess.Popen(
        [SERVER, "--addr", f"127.0.0.1:{port}", str(folder)],
        env={**os.environ, **identity},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        assert poll(Clock(), lambda: _answers(port), bool, Patience(0.02, 0.2, 15))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.kill()
        server.wait()


def _answers(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False
