"""A midnight: twelve platforms, a bad token and a registry that is down; one engineer, one more command."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.registries import Registries
from tests.support.cases import sample_options
from tests.support.faults import refuse
from tests.support.hello import release_files
from tests.support.jobs import PROJECT
from tests.support.proxy import FaultProxy
from tests.support.worlds import CONDITIONS, TARGETS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with pseudo terminals")

NAMES = sorted(platforms())
DOWN, BAD_TOKEN = "pypi", "npm"
VERSION = "1.0.0"


@dataclass
class Midnight:
    """The project, the twelve registries, and what stands before the one that is down."""

    folder: Path
    registries: Registries
    proxy: FaultProxy

    @property
    def env_file(self) -> Path:
        return self.folder / "release.env"

    def write_secrets(self, **changes: str) -> None:
        """The credentials, one a line, some of them changed."""
        values = {**self.registries.environ(), **changes}
        self.env_file.write_text("".join(f"{name}={json.dumps(value)}\n" for name, value in values.items()))

    def publications(self) -> list[Publication]:
        return self.registries.publications()

    def ledger(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / ".deployforge" / "ledger.db") as ledger:
            return ledger.execute(query).fetchall()


@pytest.fixture
def midnight(tmp_path: Path) -> Iterator[Midnight]:
    options = {name: sample_options(name) for name in NAMES}
    with Registries(tmp_path / "registries", options) as registries:
        down = next(r for r in registries.running.values() if DOWN in r.serves)
        with FaultProxy(down.url) as proxy:
            made = Midnight(tmp_path / "project", registries, proxy)
            write_project(made, options)
            proxy.when(do=refuse, times=None)
            yield made


def write_project(made: Midnight, options: dict[str, dict[str, Any]]) -> None:
    overlay = made.registries.overlay()
    configured = {name: {**options[name], **overlay["platforms"].get(name, {})} for name in NAMES}
    configured[DOWN] = made.proxy.through(configured[DOWN])
    release_files(made.folder / "dist", VERSION, TARGETS)
    config = {
        **PROJECT,
        "version": VERSION,
        "artifacts": {"from": "directory", "directory": "dist", "targets": list(TARGETS)},
        "platforms": configured,
        "credentials": overlay["credentials"],
        "conditions": {**CONDITIONS, "retry_on_failure": 1},
        "verify": {"install": False},
    }
    (made.folder / "deployforge.yml").write_text(yaml.safe_dump(json.loads(json.dumps(config))), "utf-8")


def terminal(made: Midnight, *words: str) -> Any:
    from tests.cli.terminals import Screen

    command = [sys.executable, "-m", "deployforge_tasks", *words, "--env-file", made.env_file.name]
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    environ = {**kept, "TERM": "xterm-256color", "LANG": "C.UTF-8", "DEPLOYFORGE_KEYRING": "off"}
    return Screen(command, made.folder, environ, width=140, height=70)


def test_one_suggested_command_finishes_a_release_that_failed_on_two_of_twelve_platforms(midnight: Midnight) -> None:
    assert len(NAMES) >= 12
    token = midnight.registries.overlay()["credentials"][BAD_TOKEN]["token"]
    midnight.write_secrets(**{token: "npm_this-token-was-revoked"})

    with terminal(midnight, "deploy") as screen:
        screen.waits_for(f"Type {VERSION} to publish")
        screen.presses(f"{VERSION}\r")
        assert screen.ends(180) != 0
        said = screen.text

    assert f"{len(NAMES) - 2} published" in said, said
    assert f"2 of {len(NAMES)} platforms were not released" in said, said
    failed = {line.split()[1] for line in said.splitlines() if line.strip().startswith("✗")}
    assert failed == {DOWN, BAD_TOKEN}
    suggested = re.search(r"`deployforge (retry[^`]*)`", said)
    assert suggested, said

    midnight.write_secrets()  # the engineer makes a new token, and the registry is up again
    midnight.proxy.clear()
    with terminal(midnight, *suggested[1].split()) as screen:
        screen.waits_for(f"Type {VERSION} to publish")
        screen.presses(f"{VERSION}\r")
        assert screen.ends(180) == 0, screen.text

    published = midnight.ledger("select platform, piece from intents where outcome in ('received', 'published')")
    assert {platform for platform, _ in published} == set(NAMES)
    assert [item for item, count in Counter(published).items() if count > 1] == []
    assert midnight.ledger("select * from intents where outcome is null") == []
    there = Counter((p.platform, p.name, p.version, p.extra.get("part", "")) for p in midnight.publications())
    assert {platform for platform, *_ in there} == set(NAMES)
    assert [item for item, count in there.items() if count > 1] == []
