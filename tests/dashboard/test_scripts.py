"""The pages' own scripts: small modules that say why they are there, with types that fit."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from deployforge_tasks.dashboard.rendering import STATIC
from tests.support.registries import TOOLS

FOLDER = STATIC / "js"
SCRIPTS = sorted(FOLDER.glob("*.js"))
TSC = TOOLS / "typescript" / "node_modules" / ".bin" / "tsc"
#: Lines of a module at most: one that is longer has more than one idea.
MOST = 250

each_script = pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)


def test_every_script_is_a_module_in_one_folder() -> None:
    assert SCRIPTS
    assert {file for file in STATIC.rglob("*") if file.suffix in (".js", ".mjs", ".cjs")} == set(SCRIPTS)


@each_script
def test_a_script_is_small_and_begins_by_saying_why_it_is_there(script: Path) -> None:
    lines = script.read_text("utf-8").splitlines()
    assert len(lines) <= MOST
    assert lines[0].startswith("// ")
    assert len(lines[0].split()) > 4


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
@each_script
def test_a_script_is_a_module_that_can_be_read(script: Path) -> None:
    text = script.read_text("utf-8")
    command = ["node", "--check", "--input-type=module"]
    found = subprocess.run(
        command, check=False, input=text, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    assert found.returncode == 0, found.stderr


@pytest.mark.skipif(not TSC.exists(), reason="needs typescript (.ci/install-tools)")
def test_the_types_of_all_scripts_fit() -> None:
    options = ["--allowJs", "--checkJs", "--noEmit", "--strict", "--target", "es2022", "--module", "es2022"]
    command = [str(TSC), *options, "--lib", "es2022,dom,dom.iterable", *(script.name for script in SCRIPTS)]
    found = subprocess.run(
        command, check=False, cwd=FOLDER, capture_output=True, text=True, encoding="utf-8", timeout=120
    )
    assert found.returncode == 0, found.stdout
