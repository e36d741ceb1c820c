"""A new platform as it is scaffolded passes every test, in a checkout and as a plugin."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.operations.scaffold import new_platform

ROOT = Path(__file__).parents[2]
NAME = "gitea_files"


def run(folder: Path, *command: str, path: Path | None = None) -> str:
    """Run a Python module in a folder, with that folder's own code."""
    environ = {**os.environ, "PYTHONPATH": str(path or folder)}
    done = subprocess.run(
        [sys.executable, "-m", *command],
        cwd=folder,
        env=environ,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of DeployForge with a new platform in it."""
    folder = tmp_path / "checkout"
    for name in ("deployforge_tasks", "templates", "tests", "docs"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("deployforge.yml", "pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, folder / name)
    run(folder, "deployforge_tasks", "platforms", "new", NAME, "--title", "Gitea files")
    return folder


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    """A new platform as a distribution of its own, installed as far as the import system can tell."""
    folder = tmp_path / "outside"
    folder.mkdir()
    new_platform(NAME, folder, title="Gitea files")
    source = folder / "deployforge-gitea-files"
    entry_points = tomllib.loads((source / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    info = source / "deployforge_gitea_files-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: deployforge-gitea-files\nVersion: 0.1.0\n")
    lines = [
        f"[{group}]\n" + "".join(f"{k} = {v}\n" for k, v in named.items()) for group, named in entry_points.items()
    ]
    (info / "entry_points.txt").write_text("\n".join(lines))
    return source


def test_a_new_platform_passes_the_contract_and_its_own_test(checkout: Path) -> None:
    tests = ["tests/platforms/test_contract.py", f"tests/platforms/test_{NAME}.py"]
    said = run(checkout, "pytest", "-q", "-p", "no:cacheprovider", *tests, "-k", NAME)
    assert " passed" in said
    assert "failed" not in said


def test_a_new_platform_is_clean_for_the_linter_and_the_type_checker(checkout: Path) -> None:
    if shutil.which("ruff", path=str(Path(sys.executable).parent)) is None:
        pytest.skip("ruff is not on this machine")
    files = [str(p.relative_to(checkout)) for p in checkout.rglob(f"*{NAME}.py")]
    assert len(files) == 3
    run(checkout, "ruff", "check", *files)
    run(checkout, "mypy", *files)


def test_a_new_platform_has_a_page(checkout: Path) -> None:
    page = (checkout / "docs" / "how-to" / "publish-to-gitea-files.md").read_text("utf-8")
    assert "# Publish to Gitea files" in page
    assert "GITEAFILES_TOKEN" in page


def test_a_plugin_passes_its_own_test(plugin: Path) -> None:
    assert " passed" in run(plugin, "pytest", "-q", "-p", "no:cacheprovider", "tests", path=plugin)


def test_a_plugin_brings_the_registry_that_it_is_rehearsed_with(plugin: Path) -> None:
    code = "from deployforge_tasks.rehearsal.registries import stand_ins; print(stand_ins()['gitea_files'].__name__)"
    environ = {**os.environ, "PYTHONPATH": str(plugin)}
    said = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True).stdout
    assert said.strip() == "GiteaFilesRegistry"


@pytest.mark.parametrize(
    ("name", "code"), [("Gitea", "DF1480"), ("../x", "DF1480"), ("npm", "DF1481"), ("github_release", "DF1481")]
)
def test_a_name_that_cannot_be_used_is_refused(tmp_path: Path, name: str, code: str) -> None:
    with pytest.raises(ConfigError) as caught:
        new_platform(name, tmp_path)
    assert caught.value.code == code
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    new_platform(NAME, tmp_path)
    with pytest.raises(ConfigError) as caught:
        new_platform(NAME, tmp_path)
    assert caught.value.code == "DF1482"


def test_the_command_lists_what_it_wrote(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cli: Callable[..., str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert "deployforge-gitea-files/deployforge_gitea_files/platform.py" in cli("platforms", "new", NAME)


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    from deployforge_tasks.cli.main import main

    def call(*words: str) -> str:
        assert main(words) == 0
        return capsys.readouterr().out

    return call
