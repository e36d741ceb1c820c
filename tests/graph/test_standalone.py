"""A checkout with nothing but dodo.py and deployforge.yml: plain doit works there too."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.jobs import PROJECT

ROOT = Path(__file__).parents[2]
TWO_LINES = "from deployforge_tasks.graph.standalone import main\n\nmain()\n"


@pytest.fixture(params=["this repository's dodo.py", "two lines"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "two lines":
        (tmp_path / "dodo.py").write_text(TWO_LINES)
    else:
        shutil.copy(ROOT / "dodo.py", tmp_path)
    config = {**PROJECT, "version": "1.0.0", "artifacts": {"from": "directory"}, "platforms": {"npm": {}, "pypi": {}}}
    (tmp_path / "deployforge.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return tmp_path


def doit(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "doit", *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_it_lists_the_graph(folder: Path) -> None:
    listed = doit(folder, "list", "--all")
    assert listed.returncode == 0, listed.stderr
    assert "publish:npm" in listed.stdout
    assert "deploy:pypi" in listed.stdout


def test_a_place_that_is_only_counted_has_no_task(folder: Path) -> None:
    file = folder / "deployforge.yml"
    places = {"flathub": {"app": "com.example.HelloForge"}}
    file.write_text(yaml.safe_dump({**yaml.safe_load(file.read_text("utf-8")), "analytics": {"places": places}}))
    listed = doit(folder, "list", "--all")
    assert listed.returncode == 0, listed.stderr
    assert "stats:npm" in listed.stdout
    assert "flathub" not in listed.stdout


def test_an_unknown_task_fails(folder: Path) -> None:
    assert doit(folder, "deploy:nosuch").returncode == 3


def test_it_writes_our_state_not_doits(folder: Path) -> None:
    doit(folder, "clean", "package:npm")
    doit(folder, "render:npm")
    assert not list(folder.glob(".doit.db.d*")), "doit's own database was made"
