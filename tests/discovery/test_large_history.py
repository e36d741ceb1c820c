"""A program with twelve places, grown over many attempts: the shape of ContextLite (docs/contextlite-mapping.md)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from deployforge_tasks.operations import init
from tests.discovery import samples

TWELVE = {
    "github", "npm", "github_packages", "pypi", "docker", "homebrew", "scoop", "chocolatey", "crates", "vscode", "snap",
    "aur",
}  # fmt: skip
CHECKOUT = os.environ.get("DEPLOYFORGE_CONTEXTLITE", "")


@pytest.fixture
def made(tmp_path: Path) -> init.Proposal:
    folder = samples.hedgehog(tmp_path / "hedgehog")
    return init.propose(init.look(folder), folder / "deployforge.yml")


def test_all_twelve_places_are_found_and_which_of_them_are_off(made: init.Proposal) -> None:
    states = {one.name: one.enabled for one in made.draft.platforms if one.name in TWELVE}

    assert set(states) == TWELVE
    assert {name for name, on in states.items() if not on} == {"scoop", "chocolatey", "vscode"}


def test_the_names_of_the_release_files_are_those_of_the_workflow_that_publishes(made: init.Proposal) -> None:
    naming = made.draft.naming

    assert naming is not None
    assert naming.asset == "{name}-{version}-{os}-{arch}.{ext}"
    assert naming.ext == {"default": "tar.gz", "windows": "zip"}
    assert len(naming.targets) == 6
    assert ("dist/scoop/hedgehog.json", "hedgehog_Windows_x86_64.zip") in made.draft.other_names


def test_twenty_fields_contradict_the_tag(made: init.Proposal) -> None:
    values = [c.field.value for c in made.contradictions]

    assert len(values) >= 20
    assert set(values) == {
        "1.0.28", "1.0.6", "1.0.0", "1.0.38", "1.0.15", "1.0.7", "0.1.0", "0.0.1-next", "git", "VERSION_PLACEHOLDER",
    }  # fmt: skip
    assert {c.expected for c in made.contradictions} == {"1.0.42"}


def test_malformed_tags_and_the_empty_workflow_are_told(made: init.Proposal) -> None:
    assert (made.found.newest, made.found.malformed) == ("1.0.42", ("vv1.0.47", "vv1.1.19"))
    assert ".github/workflows/empty.yml" in {trouble.source for trouble in made.troubles}


def test_credentials_are_named_as_the_workflows_name_them(made: init.Proposal) -> None:
    found = {o: c.value for o, c in made.draft.choices.items() if o.startswith("credentials.")}

    assert found == {
        "credentials.github.token": "GITHUB_TOKEN",
        "credentials.npm.token": "NPM_TOKEN",
        "credentials.github_packages.token": "GITHUB_TOKEN",
        "credentials.pypi.token": "PYPI_TOKEN",
        "credentials.docker.username": "DOCKERHUB_USERNAME",
        "credentials.docker.password": "DOCKERHUB_TOKEN",
        "credentials.chocolatey.key": "CHOCOLATEY_API_KEY",
        "credentials.crates.token": "CARGO_REGISTRY_TOKEN",
        "credentials.vscode.pat": "VSCODE_MARKETPLACE_TOKEN",
        "credentials.snap.credentials": "SNAPCRAFT_STORE_CREDENTIALS",
        "credentials.aur.ssh_key": "AUR_SSH_KEY",
    }


@pytest.mark.skipif(not CHECKOUT, reason="only on a machine with a checkout of ContextLite (DEPLOYFORGE_CONTEXTLITE)")
def test_the_real_repository_shows_the_same() -> None:
    folder = Path(CHECKOUT)
    made = init.propose(init.look(folder), folder / "there-is-none.yml")

    assert made.draft.choices["name"].value == "contextlite"
    assert {one.name for one in made.draft.platforms} >= TWELVE
    assert made.draft.naming is not None
    assert made.draft.naming.asset == "{name}-{version}-{os}-{arch}.{ext}"
    assert len(made.contradictions) >= 20
    assert {"vv1.0.47", "vv1.1.19"} <= set(made.found.malformed)
