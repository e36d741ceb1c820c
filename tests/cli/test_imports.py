"""What a command loads: no more than it needs, so that it starts quickly."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deployforge_tasks.platforms.registry import platforms

ROOT = Path(__file__).parents[2]
CONFIG = """\
name: hello
version: 1.0.0
description: A program
artifacts: {from: directory}
platforms:
  npm: {registry: "http://127.0.0.1:9"}
conditions: {retry_on_failure: 0, read_patience: 0}
"""


def loaded_by(folder: Path, *words: str) -> set[str]:
    """The modules that a command has loaded when it ends."""
    code = (
        f"import json, sys; from deployforge_tasks.cli.main import main; main({list(words)!r});"
        "print(json.dumps(sorted(sys.modules)), file=sys.stderr)"
    )
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "DEPLOYFORGE_KEYRING": "off"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one platform, which refuses the connection."""
    (tmp_path / "deployforge.yml").write_text(CONFIG)
    return tmp_path


def test_status_loads_the_platforms_that_the_project_names_and_no_other(project: Path) -> None:
    loaded = loaded_by(project, "status")
    assert [name for name in platforms() if f"deployforge_tasks.platforms.{name}" in loaded] == ["npm"]


def test_status_loads_nothing_that_only_a_deploy_needs(project: Path) -> None:
    heavy = {"doit", "jinja2", "cookiecutter", "rich", "docker", "twine", "psutil", "keyring"}
    assert loaded_by(project, "status") & {*heavy, "sqlalchemy.dialects.postgresql"} == set()


def test_help_loads_little_more_than_click(project: Path) -> None:
    heavy = {"yaml", "pydantic", "requests", "sqlalchemy", "doit", "pathlib", "shutil", "subprocess"}
    assert loaded_by(project, "--help") & heavy == set()
