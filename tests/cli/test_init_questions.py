"""What `init` asks in a real terminal: only what it could not find, and before it changes a file."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.discovery import samples

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="only on systems with pseudo-terminals")


class Terminal:
    """The command in a terminal, with a person who answers."""

    def __init__(self, folder: Path, *words: str) -> None:
        import pexpect

        kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
        self.child: Any = pexpect.spawn(
            sys.executable,
            ["-m", "deployforge_tasks", "init", *words],
            cwd=str(folder),
            env={**kept, "CI": "false", "TERM": "dumb", "NO_COLOR": "1", "COLUMNS": "200"},
            dimensions=(50, 200),
            encoding="utf-8",
            timeout=30,
        )

    def answer(self, question: str, text: str) -> None:
        self.child.expect_exact(question)
        self.child.sendline(text)

    def end(self) -> tuple[int, str]:
        import pexpect

        self.child.expect(pexpect.EOF)
        self.child.close()
        return int(self.child.exitstatus), str(self.child.before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return samples.commit(samples.write(tmp_path / "elk", {"go.mod": "module elk\n"}))


def test_what_is_missing_is_asked_and_written(folder: Path) -> None:
    terminal = Terminal(folder)
    terminal.answer("What does the program do", "Runs in forests")
    terminal.answer("web page", "")
    terminal.answer("Who publishes it", "Ann Lee")
    terminal.answer("licence", "")  # the offered one
    terminal.answer("repository on GitHub", "elks/elk")
    terminal.answer("release files named", "")
    terminal.answer("Where is it published", "npm, pypy")
    terminal.answer("unknown: pypy", "npm, pypi")
    terminal.answer("mail address", "ann@elk.example")

    code, said = terminal.end()

    assert code == 0, said
    data = yaml.safe_load((folder / "deployforge.yml").read_text())
    assert data["description"] == "Runs in forests"
    assert data["license"] == "MIT"
    assert data["author"] == {"name": "Ann Lee", "email": "ann@elk.example"}
    assert data["source"]["repo"] == "elks/elk"
    assert set(data["platforms"]) == {"npm", "pypi"}


def test_nothing_is_asked_when_everything_is_found(tmp_path: Path) -> None:
    code, said = Terminal(samples.hedgehog(tmp_path / "hedgehog")).end()

    assert code == 0
    assert "?" not in said.replace("?:", "")


@pytest.mark.parametrize(("answer", "changed"), [("y", True), ("n", False)])
def test_a_change_is_shown_and_asked_for(tmp_path: Path, answer: str, changed: bool) -> None:
    folder = samples.hedgehog(tmp_path / "hedgehog")
    (folder / "deployforge.yml").write_text("name: mine\ndescription: Mine\n")
    terminal = Terminal(folder)
    terminal.answer("Write this to deployforge.yml?", answer)

    code, _ = terminal.end()

    assert code == 0
    assert ("platforms:" in (folder / "deployforge.yml").read_text()) is changed


def test_doits_settings_are_asked_for(tmp_path: Path) -> None:
    folder = samples.hedgehog(tmp_path / "hedgehog")
    (folder / "pyproject.toml").write_text('[project]\nname = "hedgehog"\n')
    terminal = Terminal(folder)
    terminal.answer("Add doit's settings to pyproject.toml", "y")
    terminal.answer("Write this to pyproject.toml?", "y")

    assert terminal.end()[0] == 0
    assert "[tool.doit]" in (folder / "pyproject.toml").read_text()


def test_ctrl_c_writes_nothing(folder: Path) -> None:
    import pexpect

    terminal = Terminal(folder)
    terminal.child.expect_exact("What does the program do")
    for _ in range(5):  # readline misses a signal that comes just before it waits: a person presses again, too
        terminal.child.kill(signal.SIGINT)
        if terminal.child.expect([pexpect.EOF, pexpect.TIMEOUT], timeout=6) == 0:
            break
    terminal.child.close()

    assert terminal.child.exitstatus == 130
    assert not (folder / "deployforge.yml").exists()
