"""`doit …` in a process of its own, on a project whose platforms are shelves: ``child.py NAMES ARGUMENT…``."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]


def start(project: Path, names: str, *arguments: str, stdout: IO[str] | int = subprocess.PIPE) -> subprocess.Popen[str]:
    """Start doit in the project's folder, with the plugins that the project's own pyproject.toml names."""
    _write_plugins(project)
    return subprocess.Popen(
        [sys.executable, "-m", "tests.graph.child", names, *arguments],
        cwd=project,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
    )


def doit(project: Path, names: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run doit to its end."""
    process = start(project, names, *arguments)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def _write_plugins(project: Path) -> None:
    """The same ``[tool.doit]`` as in our own pyproject.toml."""
    config = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["doit"]
    lines = ["[tool.doit]", f'loader = "{config["loader"]}"']
    for kind, plugins in config["plugins"].items():
        lines += [f"[tool.doit.plugins.{kind}]", *(f'{name} = "{where}"' for name, where in plugins.items())]
    (project / "pyproject.toml").write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    from doit.doit_cmd import DoitMain

    from tests.graph.shelf import shelves

    editable = "DEPLOYFORGE_TEST_EDITABLE" in os.environ
    with shelves(*sys.argv[1].split(","), editable=editable):
        sys.exit(DoitMain().run(sys.argv[2:]))
