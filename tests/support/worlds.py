"""A whole project on a machine, released by the real command in a process of its own, through a fault proxy."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.registries import Registries
from deployforge_tasks.rehearsal.server import StandIn
from tests.support.cases import sample_options
from tests.support.hello import release_files
from tests.support.jobs import PROJECT
from tests.support.proxy import FaultProxy

#: Requests that change something (git's upload-pack and the gallery's query are reads that are sent as POST).
WRITES = ("POST|PUT|PATCH|DELETE", r"^(?!.*(git-upload-pack|extensionquery))")
TARGETS = ("linux/amd64", "windows/amd64")
CONDITIONS = {
    "retry_on_failure": 3,
    "retry_delay": 0.02,
    "settle": 1.5,
    "settle_interval": 0.02,
    "read_patience": 1.0,
    "timeout": 3.0,
}


@dataclass
class World:
    """One platform, its registries behind a proxy, and a project folder that releases to it."""

    platform: str
    registries: Registries
    proxy: FaultProxy
    folder: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def registry(self) -> StandIn:
        """The registry of the platform itself."""
        return _registry_of(self.platform, self.registries)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """Start ``deployforge <words>`` in the project folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "deployforge_tasks", *words],
            cwd=self.folder,
            env=self.environ,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run ``deployforge <words>`` to its end."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=120)
        finally:
            process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def deploy(self) -> subprocess.CompletedProcess[str]:
        return self.run("deploy", "--platforms", self.platform, "--yes")

    def start_deploy(self) -> subprocess.Popen[str]:
        return self.start("deploy", "--platforms", self.platform, "--yes")

    def change(self, change: Callable[[dict[str, Any]], None]) -> None:
        """Change the project's configuration."""
        file = self.folder / "deployforge.yml"
        config = yaml.safe_load(file.read_text("utf-8"))
        change(config)
        file.write_text(yaml.safe_dump(config), "utf-8")

    def go_on_to(self, version: str) -> None:
        """Make the next version's release files; the hubs publish them already."""
        shutil.rmtree(self.folder / "dist")
        release_files(self.folder / "dist", version, TARGETS)
        self.change(lambda config: config.update(version=version))
        self.publish_hubs()

    def publish_hubs(self) -> None:
        for hub in platforms()[self.platform].needs:
            done = self.run("deploy", "--platforms", hub, "--yes")
            assert done.returncode == 0, done.stdout + done.stderr

    def forget_everything(self) -> None:
        """Be a fresh machine: no state, no ledger, no work folders."""
        shutil.rmtree(self.folder / ".deployforge", ignore_errors=True)
        for path in self.folder.glob(".doit.db*"):
            path.unlink()

    def publications(self) -> list[Publication]:
        """What the platform's own registry has, in a stable order."""
        return sorted((p for p in self.registry.publications() if p.platform == self.platform), key=repr)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Rows of the ledger."""
        with sqlite3.connect(self.folder / ".deployforge" / "ledger.db") as ledger:
            return ledger.execute(query).fetchall()

    def writes(self) -> int:
        """How many changing requests have reached the registry whole."""
        return len(self.proxy.forwarded(*WRITES))


@contextmanager
def world(platform: str, folder: Path, kinds: Mapping[str, type[StandIn]] | None = None) -> Iterator[World]:
    """A project with one platform; the hubs that it needs have published already.

    Args:
        kinds: the registry class for each platform (default: the stand-ins); one over ssh has no proxy before it.
    """
    needs = platforms()[platform].needs
    with ExitStack() as stack:
        chosen = {n: sample_options(n) for n in (*needs, platform)}
        registries = stack.enter_context(Registries(folder / "registries", chosen, kinds))
        proxy = stack.enter_context(FaultProxy(_registry_of(platform, registries).url))
        made = World(platform, registries, proxy, folder / "project")
        _write_project(made, (*needs, platform))
        made.publish_hubs()
        yield made


def _registry_of(platform: str, registries: Registries) -> StandIn:
    return next(r for r in registries.running.values() if platform in r.serves)


def _write_project(made: World, names: Sequence[str]) -> None:
    overlay = made.registries.overlay()
    options = {n: {**sample_options(n), **overlay["platforms"].get(n, {})} for n in names}
    if made.registry.url.startswith("http"):
        options[made.platform] = made.proxy.through(options[made.platform])
    dist = made.folder / "dist"
    release_files(dist, "1.0.0", TARGETS)
    config = {
        **PROJECT,
        "version": "1.0.0",
        "artifacts": {"from": "directory", "directory": "dist", "targets": list(TARGETS)},
        "platforms": options,
        "credentials": {n: c for n, c in overlay["credentials"].items() if n in names},
        "conditions": CONDITIONS,
        "verify": {"install": False},
    }
    (made.folder / "deployforge.yml").write_text(yaml.safe_dump(json.loads(json.dumps(config))), "utf-8")
    made.environ = {**os.environ, **made.registries.environ(), "NO_COLOR": "1"}
