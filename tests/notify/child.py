"""`deployforge …` in a process of its own, on a project whose platforms are shelves: ``child.py NAMES ARGUMENT…``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def start(project: Path, names: str, *arguments: str, environ: dict[str, str]) -> subprocess.Popen[str]:
    """Start the command in the project's folder, with these variables only."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.notify.child", names, *arguments],
        cwd=project,
        env={**environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def run(project: Path, names: str, *arguments: str, environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run the command to its end."""
    process = start(project, names, *arguments, environ=environ)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


if __name__ == "__main__":
    from deployforge_tasks.cli.main import main
    from tests.graph.shelf import shelves

    with shelves(*sys.argv[1].split(",")):
        sys.exit(main(sys.argv[2:]))
