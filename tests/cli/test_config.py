"""Looking at the configuration: where values come from, and bringing a file up to date."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Cli

FILE = """\
# our release
name: hello
description: ${WHAT:-a program}
license: MIT
version: 1.0.0
platforms:
  github_release: {}  # keep this
  npm: {access: public}
credentials:
  github_release: {token: OUR_TOKEN}
profiles:
  staging:
    platforms:
      npm: {access: restricted}
"""


@pytest.fixture
def file(cli: Cli) -> Path:
    path = cli.folder / "deployforge.yml"
    path.write_text(FILE)
    return path


@pytest.fixture
def origin(cli: Cli, file: Path) -> Callable[..., str]:
    """The origin that is shown for a value."""
    assert file.exists()

    def of(path: str, *words: str) -> str:
        values = cli("config", "show", "--origin", "--json", *words).json["values"]
        return next(str(value["origin"]) for value in values if value["path"] == path)

    return of


def test_a_value_of_the_file_has_its_line_and_column(origin: Callable[..., str]) -> None:
    assert origin("platforms.npm.access") == "deployforge.yml:8:17"


def test_a_value_of_a_profile_has_the_place_in_the_profile(origin: Callable[..., str]) -> None:
    assert origin("platforms.npm.access", "--profile", "staging") == "deployforge.yml:14:21"


def test_a_value_that_nobody_wrote_is_a_default(origin: Callable[..., str]) -> None:
    assert origin("conditions.retry_on_failure") == "default"


def test_a_variable_in_a_value_is_named(origin: Callable[..., str]) -> None:
    assert origin("description") == "deployforge.yml:3:14, with WHAT"


def test_a_short_form_is_the_origin_of_what_it_stands_for(origin: Callable[..., str]) -> None:
    assert origin("license.spdx") == "deployforge.yml:4:10"


def test_origins_are_a_table_for_people(cli: Cli, file: Path) -> None:
    assert file.exists()
    rows = [line.split() for line in cli("config", "show", "--origin").out.splitlines()]
    assert ["name", "hello", "deployforge.yml:2:7"] in rows


def test_migrating_shows_the_difference_and_writes_nothing_without_agreement(cli: Cli, file: Path) -> None:
    done = cli("config", "migrate", "--dry-run")
    assert done.code == 0
    assert "-  github_release: {}  # keep this" in done.out
    assert "+  github: {}  # keep this" in done.out
    assert cli("config", "migrate").code == 2
    assert file.read_text() == FILE


def test_migrating_changes_only_what_it_names(cli: Cli, file: Path) -> None:
    done = cli("config", "migrate", "--yes")
    assert done.code == 0
    wanted = FILE.replace("github_release", "github").replace("name: hello", "schema: 1\nname: hello", 1)
    assert file.read_text() == wanted
    assert cli("config", "check").code == 0


def test_a_migrated_file_is_up_to_date(cli: Cli, file: Path) -> None:
    cli("config", "migrate", "--yes")
    text = file.read_text()
    done = cli("config", "migrate", "--yes")
    assert (done.code, "is up to date" in done.out) == (0, True)
    assert file.read_text() == text


def test_a_name_in_quotes_is_brought_up_to_date_too(cli: Cli, file: Path) -> None:
    file.write_text('schema: 1\nname: x\nplatforms:\n  "github_release": {enabled: false}\n', "utf-8")
    assert cli("config", "migrate", "--yes").code == 0
    assert '  "github": {enabled: false}' in file.read_text("utf-8")


def test_a_file_that_is_no_yaml_is_left_alone(cli: Cli, file: Path) -> None:
    file.write_text("name: [")
    assert cli("config", "migrate", "--yes").code == 3
    assert file.read_text() == "name: ["
