"""The deployforge.yml that `init` writes: it loads, for every shape of repository."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from deployforge_tasks.operations import init
from deployforge_tasks.operations.settings import Settings
from tests.discovery import samples


def proposal(folder: Path, **answers: object) -> init.Proposal:
    return init.propose(init.look(folder), folder / "deployforge.yml", answers)


@pytest.mark.parametrize("name", samples.ALL)
def test_it_loads_without_errors(name: str, tmp_path: Path) -> None:
    folder = samples.ALL[name](tmp_path / name)
    made = proposal(folder)
    init.write(made.changes, folder)

    loaded = Settings(folder / "deployforge.yml", version="1.2.3", environ={}).load()

    assert loaded.project.name == name


@pytest.mark.parametrize("name", samples.ALL)
def test_a_second_look_at_it_changes_nothing(name: str, tmp_path: Path) -> None:
    folder = samples.ALL[name](tmp_path / name)
    init.write(proposal(folder).changes, folder)

    again = proposal(folder)

    assert again.changes == ()
    assert again.kept == ()


def test_its_first_line_names_a_schema_that_is_there(tmp_path: Path) -> None:
    folder = samples.otter(tmp_path / "otter")
    init.write(proposal(folder).changes, folder)

    first = (folder / "deployforge.yml").read_text("utf-8").splitlines()[0]

    assert first.startswith("# yaml-language-server: $schema=")
    assert (folder / first.rpartition("=")[2]).is_file()


def test_every_value_says_where_it_was_found(tmp_path: Path) -> None:
    text = proposal(samples.hedgehog(tmp_path / "hedgehog")).text
    lines = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]

    untold = [
        line for line in lines if "#" not in line and not line.endswith(":") and not line.lstrip().startswith("- ")
    ]

    assert untold == ["schema: 1"]


def test_what_was_found_by_nobody_stands_there_as_a_comment(tmp_path: Path) -> None:
    made = proposal(samples.plain(tmp_path / "thing"))

    assert {m.option for m in made.draft.missing} >= {"description", "license", "author", "source", "platforms"}
    assert "# license: MIT  # not found: " in made.text
    assert yaml.safe_load(made.text)["description"] == "thing"
