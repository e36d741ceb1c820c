"""`report`: where it goes, and in which form."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from tests.cli.conftest import Cli

Project = Callable[..., None]


def test_text_goes_where_it_can_be_read_on(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    result = cli("report")
    assert result.code == 0
    assert result.out.startswith("# hello-forge, ")
    assert "## Downloads" in result.out


@pytest.mark.parametrize(
    ("name", "begins"), [("r.md", b"# hello"), ("r.html", b"<!doctype html>"), ("r.pdf", b"%PDF-")]
)
def test_the_form_follows_from_the_name_of_the_file(cli: Cli, project: Project, name: str, begins: bytes) -> None:
    project({"npm": {}})
    result = cli("report", "--output", name)
    assert result.out == ""
    assert f"written: {name}" in result.err
    assert (cli.folder / name).read_bytes().startswith(begins)


def test_a_form_that_is_named_wins(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert cli("report", "--format", "html").out.startswith("<!doctype html>")


def test_programs_get_a_document(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    told = cli("report", "--json").json
    assert told["schema"] == "deployforge.report/1"
    assert told["summary"] == ["Nothing was counted", "nothing was released"]


def test_programs_get_their_document_beside_a_file_too(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert cli("report", "--json", "--output", "r.md").json["schema"] == "deployforge.report/1"
    assert (cli.folder / "r.md").read_text("utf-8").startswith("# hello-forge")


def test_one_format_at_a_time(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("report", "--json", "--format", "html")
    assert (done.code, done.json["error"]["message"]) == (2, "--json and --format html at once")


def test_a_pdf_needs_a_file(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    result = cli("report", "--format", "pdf")
    assert result.code == 2
    assert "--output" in result.err


def test_days_the_wrong_way_round_are_a_mistake(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert cli("report", "--since", "2026-02-02", "--until", "2026-01-01").code == 2


def test_a_file_that_cannot_be_written_is_named(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    result = cli("report", "--output", "no/such/folder.md")
    assert result.code == 3
    assert "DF3910" in result.err


@pytest.mark.parametrize("more", [("--since", "90d"), ("--output", "r.md"), ("--platforms", "npm")])
def test_a_digest_is_of_the_whole_week(cli: Cli, project: Project, more: tuple[str, ...]) -> None:
    project({"npm": {}})
    result = cli("report", "--send", *more)
    assert result.code == 2
    assert "leave the other options out" in result.err


def test_where_nobody_wants_the_digest_it_says_how_to(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    result = cli("report", "--send")
    assert result.code == 0
    assert "monitoring.routes" in result.err


def test_a_channel_that_is_away_ends_the_digest_with_a_failure(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    file = cli.folder / "deployforge.yml"
    config = yaml.safe_load(file.read_text("utf-8"))
    hook = {"kind": "webhook", "url": "http://127.0.0.1:9/hook"}
    config["monitoring"] = {
        "limit": 3,
        "channels": {"hook": hook},
        "routes": [{"events": ["digest"], "channels": ["hook"]}],
    }
    file.write_text(yaml.safe_dump(config), "utf-8")
    result = cli("report", "--send", "--json")
    assert result.code != 0
    assert [one["outcome"] for one in result.json["channels"]] == ["failed"]
