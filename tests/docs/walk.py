"""Runs the commands of a documentation page, all of a page in one shell, and compares what they print.

A ``console`` block has commands (``$ …``) and below each what it prints. There ``…`` stands for any text, alone on a
line for any lines; durations, times of day and ports match any others, and one space matches several.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
_MARK = "@@command@@"
_WILD = (
    (re.compile(r"\d\d:\d\d:\d\d"), r"\d\d:\d\d:\d\d"),
    (re.compile(r"\b(\d+m )?[\d.]+s(?= |$)"), r"(\d+m )?[\d.]+s"),
    (re.compile(r"127\.0\.0\.1:\d+"), r"127\.0\.0\.1:\d+"),
    (re.compile(r" *… *"), r".*"),
    (re.compile(r" +"), r" +"),
)


@dataclass(frozen=True)
class Step:
    """A command of a page, and what the page says that it prints."""

    command: str
    expected: str


def steps(page: Path) -> list[Step]:
    """The commands of a page in their order."""
    found = []
    for block in re.findall(r"^```console\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = part.partition("\n")
            found.append(Step(command, expected))
    return found


def copy_of_the_project(folder: Path) -> Path:
    """What a user has after cloning, without the code (which is installed)."""
    folder.mkdir()
    for name in ("dodo.py", "pyproject.toml", "deployforge.yml", ".doit.db.example"):
        shutil.copy(ROOT / name, folder)
    shutil.copytree(ROOT / "docs", folder / "docs", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


def run(commands: list[str], folder: Path) -> list[str]:
    """What each command prints, both streams together."""
    script = ["trap 'kill $(jobs -p) 2>/dev/null' EXIT", *(line for c in commands for line in _shell(c))]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("DEPLOYFORGE_")}
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-c", "\n".join(script)],
        cwd=folder,
        env={**kept, "PATH": path, "NO_COLOR": "1", "COLUMNS": "300"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        timeout=240,
        check=False,
    )
    return done.stdout.split(f"{_MARK}\n")[1:]


def _shell(command: str) -> list[str]:
    """A command of the script; one in the background is waited for until it says its first line.

    The exit code of the command before is kept for a page that shows ``$?``.
    """
    mark = f"code=$?; echo {_MARK}; (exit $code)"
    if not command.endswith(" &"):
        return [mark, command]
    return [
        mark,
        'said=$PWD/.said; mkfifo "$said"',
        f'{command.removesuffix(" &")} > "$said" &',
        'exec 9< "$said"; read -r line <&9; echo "$line"',
    ]


def matches(said: str, expected: str) -> bool:
    """Whether the output is what the page shows."""
    pattern = "".join(r"(?:.*\n)*?" if line == "…" else _pattern(line) + r" *\n" for line in expected.splitlines())
    return re.fullmatch(pattern, said) is not None


def _pattern(line: str) -> str:
    pieces, rest = [], line.rstrip()
    while rest:
        found = [(m.start(), m.end(), wild) for shape, wild in _WILD if (m := shape.search(rest))]
        start, end, wild = min(found, key=lambda f: (f[0], -f[1]), default=(len(rest), len(rest), ""))
        pieces += [re.escape(rest[:start]), wild]
        rest = rest[end:]
    return "".join(pieces)
