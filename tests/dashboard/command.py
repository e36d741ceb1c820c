"""``deployforge dashboard`` as people start it."""

from __future__ import annotations

import json
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.cli.shop import COMMAND, Shop


@contextmanager
def commanded(shop: Shop, *words: str) -> Iterator[str]:
    """The command over the project of a shop; yields the address to sign on with, and ends it with Ctrl-C."""
    command = [*COMMAND, "dashboard", "--port", "0", "--json", *words]
    with subprocess.Popen(command, cwd=shop.folder, env=shop.environ, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        try:
            yield json.loads(process.stdout.readline())["sign_on"]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)
