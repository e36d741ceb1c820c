"""The command line, called in this process in a project folder of its own."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from deployforge_tasks.cli.main import main
from tests.cli.place import Place, open_place
from tests.cli.shop import Shop, open_shop
from tests.graph.shelf import ShelfServer, shelves, write_project
from tests.support.running import running

SCREENS = Path(__file__).parent / "screens"
WRITE = os.environ.get("DEPLOYFORGE_WRITE_SCREENS") == "1"
#: What differs from run to run, and what stands for it on the kept screens.
_VOLATILE = (
    (re.compile(r"127\.0\.0\.1:\d{4,5}"), "127.0.0.1:PORT"),
    (re.compile(r"^\d\d:\d\d:\d\d ", re.MULTILINE), "HH:MM:SS "),
    (re.compile(r"\b\d+(\.\d+)?s\b"), "N.Ns"),
    (re.compile(r"\[Errno \d+\] "), ""),
    (re.compile(r"Python \d+\.\d+\.\d+\S*( · \S+ \S+)?"), "Python N.N.N"),
    (re.compile(r"\d+ GB free"), "N GB free"),
)


def _kept() -> dict[str, str]:
    """What programs need to start at all, on every system, and what keeps them from the keyring of who tests."""
    names = ("PATH", "SYSTEMROOT", "TEMP", "PYTHON_KEYRING_BACKEND")
    return {name: os.environ[name] for name in names if name in os.environ}


@dataclass(frozen=True)
class Result:
    """What a call left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Cli:
    """Calls the program in `folder`; `environ` is all of its environment."""

    folder: Path
    capture: pytest.CaptureFixture[str]
    environ: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str) -> Result:
        self.capture.readouterr()
        code = main(words)
        out, err = self.capture.readouterr()
        return Result(code, out, err)


@pytest.fixture
def cli(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Cli]:
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    made = Cli(folder, capsys, {"COLUMNS": "100", "DEPLOYFORGE_ACTOR": "ann", **_kept()})
    with patch.dict(os.environ, made.environ, clear=True):
        yield made


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ShelfServer]:
    with running(ShelfServer(tmp_path / "server")) as made:
        yield made


@pytest.fixture
def project(cli: Cli, server: ShelfServer) -> Iterator[Callable[..., None]]:
    """Writes a project whose platforms are shelves; they are the only platforms that there are."""
    names = ("npm", "pypi", "brew", "snap")
    with shelves(*names, needs={"brew": ("npm",)}):

        def write(platforms: Mapping[str, Mapping[str, Any]], **conditions: Any) -> None:
            write_project(cli.folder, {name: {"url": server.url, **o} for name, o in platforms.items()}, **conditions)

        yield write


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A project for the real command in processes of their own."""
    with open_shop(tmp_path) as made:
        yield made


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A project with a real registry that wants a credential, for the real command."""
    with open_place(tmp_path) as made:
        yield made


@pytest.fixture
def screen(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a screen with the kept one; `DEPLOYFORGE_WRITE_SCREENS=1` writes it anew, for a review of the change."""

    def same(name: str, text: str) -> None:
        for pattern, stand_in in _VOLATILE:
            text = pattern.sub(stand_in, text)
        text = "\n".join(line.rstrip() for line in text.splitlines()) + "\n"
        file = SCREENS / f"{name}.txt"
        if WRITE:
            file.write_text(text, encoding="utf-8")
        assert text == file.read_text(encoding="utf-8")

    return same
