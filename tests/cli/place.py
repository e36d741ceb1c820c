"""A project with a registry on this machine, and the real command in it: in a script or at a terminal."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.rehearsal.stand_ins.npm import Npm
from tests.cli.terminals import as_seen
from tests.support.canaries import Arguments, found_below, found_in
from tests.support.jobs import PROJECT
from tests.support.running import running

WRONG = "npm_wrong-token-7d1c0a"
WIDTH, HEIGHT = 120, 40
posix = pytest.mark.skipif(sys.platform == "win32", reason="not on Windows: it has no pseudo-terminals")


def without_dates(text: str) -> str:
    return re.sub(r"\d{4}-\d\d-\d\d", "YYYY-MM-DD", text)


@dataclass
class Place:
    """A project that publishes to a registry on this machine."""

    folder: Path
    registry: Npm
    environ: dict[str, str]
    shown: list[str] = field(default_factory=list)

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return self.command(sys.executable, "-m", "deployforge_tasks", *words, stdin=stdin)

    def command(self, *command: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        with Arguments(process) as arguments:
            out, err = process.communicate(stdin, timeout=60)
        self.shown += [out, err, *(line.decode(errors="replace") for line in arguments.seen)]
        return subprocess.CompletedProcess(command, process.returncode, out, err)

    def json(self, *words: str, stdin: str = "") -> Any:
        return json.loads(self.run(*words, "--json", stdin=stdin).stdout)

    @contextmanager
    def terminal(self, *words: str) -> Iterator[Any]:
        import pexpect

        child = pexpect.spawn(
            sys.executable,
            ["-m", "deployforge_tasks", *words],
            cwd=str(self.folder),
            env=self.environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(HEIGHT, WIDTH),
        )
        child.delaybeforesend = None
        with (self.folder.parent / "terminal.log").open("a+", encoding="utf-8", newline="") as log:
            child.logfile_read = log
            try:
                yield child
                child.expect(pexpect.EOF)
                child.close()
            finally:
                child.close(force=True)
                log.seek(0)
                self.shown.append(log.read())

    def seen(self) -> str:
        """What stands on the terminals of this test now, as a person sees it."""
        return as_seen(self.shown[-1], WIDTH, HEIGHT)

    def assert_unseen(self, *secrets: str, but: Path | None = None) -> None:
        """No secret was printed, stands in an argument list, or is left in the project."""
        assert found_in("\n".join(self.shown).encode(), secrets) == []
        left = found_below([self.folder], secrets)
        assert [line for line in left if but is None or not line.startswith(str(but))] == []


@contextmanager
def open_place(folder: Path) -> Iterator[Place]:
    """A place without credentials and without a keyring, in a new folder."""
    project = folder / "project"
    project.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP") if name in os.environ}
    root = Path(__file__).parents[2]
    quiet = {"NO_COLOR": "1", "TERM": "xterm", "COLUMNS": str(WIDTH), "PYTHONPATH": str(root)}
    nowhere = {"PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring", "HOME": str(folder / "home")}
    with running(Npm(folder / "registry")) as registry:
        config = {
            **PROJECT,
            "version": "1.0.0",
            "artifacts": {"from": "directory", "targets": ["linux/amd64"]},
            "platforms": {"npm": {"registry": registry.url}},
            "conditions": {"settle": 2, "settle_interval": 0.02},
            "verify": {"install": False},
        }
        (project / "deployforge.yml").write_text(yaml.safe_dump(config), "utf-8")
        yield Place(project, registry, {**kept, **quiet, **nowhere})
