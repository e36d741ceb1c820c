"""{{ cookiecutter.title }}: what is particular about it."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from {{ cookiecutter.stand_in }} import TOKEN, {{ cookiecutter.class }}Registry


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[{{ cookiecutter.class }}Registry]:
    registry = {{ cookiecutter.class }}Registry(tmp_path / "registry")
    registry.start()
    yield registry
    registry.stop()


@pytest.fixture
def project(tmp_path: Path, registry: {{ cookiecutter.class }}Registry) -> Path:
    """A project with one release file, to be published to the registry."""
    folder = tmp_path / "project"
    (folder / "dist").mkdir(parents=True)
    arch, machine = ("amd64", b"\x3e") if "arm" in platform.machine().lower() else ("arm64", b"\xb7")
    head = b"\x7fELF\x02\x01\x01" + bytes(11) + machine + bytes(45)  # of a program that does not run on this machine
    (folder / "dist" / f"hello-1.0.0-linux-{arch}").write_bytes(head)
    config = {
        "name": "hello",
        "version": "1.0.0",
        "description": "A program that says hello",
        "artifacts": {
            "from": "directory",
            "targets": [f"linux/{arch}"],
            "asset": "{name}-{version}-{os}-{arch}",
            "ext": {"default": ""},
        },
        "platforms": {"{{ cookiecutter.name }}": registry.overlay({})["{{ cookiecutter.name }}"]},
    }
    (folder / "deployforge.yml").write_text(yaml.safe_dump(config))
    return folder


def deploy(project: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "deployforge_tasks", "deploy", "--yes"]
    environ = {**os.environ, "{{ cookiecutter.prefix }}_TOKEN": TOKEN}
    return subprocess.run(command, cwd=project, env=environ, capture_output=True, text=True, check=False, timeout=120)


def test_a_release_is_published_once_and_comes_back_as_it_was(project: Path, registry: {{ cookiecutter.class }}Registry) -> None:
    first = deploy(project)
    assert first.returncode == 0, first.stdout + first.stderr
    published = registry.publications()

    assert deploy(project).returncode == 0
    assert registry.publications() == published
    assert len(published) == 2


def test_the_manifest_names_every_release_file_with_its_digest(project: Path, registry: {{ cookiecutter.class }}Registry) -> None:
    assert deploy(project).returncode == 0
    by_part = {p.extra["part"]: p.digest for p in registry.publications()}
    manifest = json.loads(next(project.rglob("rendered/manifest.json")).read_text("utf-8"))
    assert manifest["version"] == "1.0.0"
    assert {file["name"]: file["sha256"] for file in manifest["files"]}.items() <= by_part.items()
