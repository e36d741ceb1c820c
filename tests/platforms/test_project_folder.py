"""Relative paths in deployforge.yml begin in the project's folder, wherever the command was started."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.platforms._github_release import draft_fields
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.registry import platforms
from tests.platforms.test_crates import LIBRARY
from tests.platforms.test_vscode import EXTENSION
from tests.support.jobs import make_job, packaged

FILES = {
    "docs/notes.md": "Everything is new",
    "docker/Dockerfile": "FROM scratch\nCOPY hello-forge /\n",
    **{f"crate/{name}": text for name, text in LIBRARY.items()},
    **{f"extension/{name}": text for name, text in EXTENSION.items()},
}
CREDENTIALS = {"token": "a-token-of-no-registry", "pat": "a-token-of-no-registry"}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project's folder, while we are somewhere else."""
    folder, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    for name, text in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    return folder


def job_of(name: str, project: Path, options: Mapping[str, Any]) -> Job[Any]:
    folder = project.parent / "machine"
    return make_job(platforms()[name], folder, options=options, root=project, secrets=CREDENTIALS)


def test_release_notes(project: Path) -> None:
    assert draft_fields(job_of("github", project, {"notes": "docs/notes.md"}))["body"] == "Everything is new"


@pytest.mark.parametrize(
    ("name", "options", "file"),
    [
        ("crates", {"path": "crate"}, "Cargo.toml"),
        ("vscode", {"path": "extension"}, "package.json"),
        ("docker", {"dockerfile": "docker/Dockerfile"}, ""),
    ],
)
def test_what_a_package_is_made_from(project: Path, name: str, options: dict[str, str], file: str) -> None:
    (made_from,) = platforms()[name].inputs(job_of(name, project, options))
    assert (made_from / file).is_file()


def test_the_folder_of_an_extension(project: Path) -> None:
    job = job_of("vscode", project, {"path": "extension"})
    assert "hello-makers.hello-forge" in platforms()["vscode"].page(job)


@pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not on this machine")
def test_the_folder_of_a_crate(project: Path) -> None:
    job = job_of("crates", project, {"path": "crate", "build": False})
    assert packaged(platforms()["crates"], job).package is not None


def test_a_dockerfile(project: Path) -> None:
    from deployforge_tasks.platforms._docker_checks import _engine

    options = {"dockerfile": "docker/Dockerfile", "engine": "tcp://127.0.0.1:9"}
    assert [finding.id for finding in _engine(job_of("docker", project, options))] == ["DOCKER-009"]
