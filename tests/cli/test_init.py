"""`deployforge init` as people call it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.discovery.companions import DOIT_SETTINGS
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, Asset, Release
from deployforge_tasks.rehearsal.stand_ins.github import GitHub
from tests.cli.conftest import Cli
from tests.cli.test_screens import Screen
from tests.discovery import samples
from tests.docs.walk import ROOT


def files(folder: Path) -> dict[str, str]:
    names = ("deployforge.yml", "dodo.py", ".gitignore", "pyproject.toml")
    return {n: (folder / n).read_text("utf-8") for n in names if (folder / n).exists()}


def test_it_writes_everything_that_a_release_needs(cli: Cli) -> None:
    samples.otter(cli.folder)

    done = cli("init", "--yes")

    assert done.code == 0, done.err
    assert set(files(cli.folder)) == {"deployforge.yml", "dodo.py", ".gitignore"}
    assert files(cli.folder)[".gitignore"].splitlines()[1:] == [".deployforge/", ".doit.db*"]
    assert cli("config", "check").code == 0


def test_the_screen(cli: Cli, screen: Screen) -> None:
    samples.hedgehog(cli.folder)

    done = cli("init", "--yes")

    screen("init", done.out + "\n--- stderr\n" + done.err)


def test_print_writes_nothing_and_gives_the_file_on_stdout(cli: Cli, screen: Screen) -> None:
    samples.hedgehog(cli.folder)

    done = cli("init", "--yes", "--print")

    assert set(files(cli.folder)) == set()
    screen("init-print", done.out)


def test_a_second_run_says_that_all_is_well(cli: Cli) -> None:
    samples.otter(cli.folder)
    cli("init", "--yes")

    done = cli("init", "--yes")

    assert "deployforge.yml is as it should be" in done.out


def test_a_file_that_is_there_is_not_overwritten_by_yes_alone(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / "deployforge.yml").write_text("name: mine\ndescription: My words\n")

    done = cli("init", "--yes")

    assert (cli.folder / "deployforge.yml").read_text() == "name: mine\ndescription: My words\n"
    assert "+++ b/deployforge.yml" in done.err
    assert "deployforge.yml stays as it is" in done.err


def test_force_writes_it_after_showing_what_changes(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / "deployforge.yml").write_text("name: mine\ndescription: My words\n")

    done = cli("init", "--yes", "--force")

    text = (cli.folder / "deployforge.yml").read_text()
    assert text.startswith("name: mine\ndescription: My words\n")
    assert "+platforms:" in done.err
    assert "platforms:" in text
    assert cli("config", "check").code == 0


def test_windows_line_ends_stay(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / ".gitignore").write_bytes(b"a\r\nb\r\n")

    cli("init", "--yes")

    assert (cli.folder / ".gitignore").read_bytes().count(b"\n") == (cli.folder / ".gitignore").read_bytes().count(
        b"\r\n"
    )


def test_lines_are_added_to_gitignore_and_none_is_taken_away(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / ".gitignore").write_text("mine\n.doit.db*\n")

    cli("init", "--yes")

    lines = (cli.folder / ".gitignore").read_text().splitlines()
    assert lines[:2] == ["mine", ".doit.db*"]
    assert lines.count(".doit.db*") == 1
    assert ".deployforge/" in lines


def test_a_changed_repository_changes_only_what_changed(cli: Cli) -> None:
    samples.otter(cli.folder)
    cli("init", "--yes")
    before = (cli.folder / "deployforge.yml").read_text()
    text = samples.GORELEASER.replace("otters, name: scoop-bucket", "otters, name: other-bucket")
    samples.write(cli.folder, {".goreleaser.yaml": text})

    cli("init", "--yes", "--force")

    after = (cli.folder / "deployforge.yml").read_text()
    assert [b for a, b in zip(before.splitlines(), after.splitlines(), strict=True) if a != b] == [
        "    bucket: otters/other-bucket  # from .goreleaser.yaml:39"
    ]


def test_a_dodo_file_of_ones_own_stays(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / "dodo.py").write_text("def task_x(): pass\n")

    done = cli("init", "--yes", "--force")

    assert (cli.folder / "dodo.py").read_text() == "def task_x(): pass\n"
    assert "a task file of your own" in done.out


def test_the_dodo_file_lets_plain_doit_list_the_release(cli: Cli) -> None:
    import subprocess
    import sys

    samples.otter(cli.folder)
    cli("init", "--yes")

    done = subprocess.run(
        [sys.executable, "-m", "doit", "list"], cwd=cli.folder, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
    assert "deploy" in done.stdout


def test_doit_settings_come_only_when_they_are_asked_for(cli: Cli) -> None:
    samples.otter(cli.folder)
    (cli.folder / "pyproject.toml").write_text('[project]\nname = "otter"\n')

    cli("init", "--yes", "--force")
    without = files(cli.folder)["pyproject.toml"]
    cli("init", "--yes", "--force", "--pyproject")

    assert "doit" not in without
    assert 'loader = "deployforge"' in files(cli.folder)["pyproject.toml"]


def test_the_doit_settings_are_those_of_this_project() -> None:
    own = (ROOT / "pyproject.toml").read_text("utf-8")

    assert own[own.index("[tool.doit]") :].strip() == DOIT_SETTINGS[DOIT_SETTINGS.index("[tool.doit]") :].strip()


def test_json_gives_every_finding_with_its_source(cli: Cli) -> None:
    samples.otter(cli.folder)

    data = cli("init", "--json", "--dry-run").json

    assert data["schema"] == "deployforge.init/1"
    assert {"option", "value", "source", "rank", "others"} <= set(data["found"][0])
    assert all(row["source"] for row in data["found"])
    assert {row["key"] for row in data["not_carried_over"]} >= {"nfpms", "signs"}
    assert {row["path"] for row in data["files"] if not row["written"]} == {"deployforge.yml", "dodo.py", ".gitignore"}
    assert set(files(cli.folder)) == set()


def test_what_is_missing_is_a_warning(cli: Cli) -> None:
    done = cli("init", "--yes")

    assert done.code == 0
    assert "warning: not found: description" in done.err
    assert cli("config", "check").code == 0


def test_what_the_file_has_is_not_missing(cli: Cli) -> None:
    (cli.folder / "deployforge.yml").write_text("name: elk\ndescription: Runs\nlicense: MIT\n")

    missing = {row["option"] for row in cli("init", "--json", "--dry-run").json["missing"]}

    assert "author" in missing
    assert not {"description", "license"} & missing


def test_a_place_that_cannot_be_written_is_an_error(cli: Cli) -> None:
    (cli.folder / ".deployforge").write_text("in the way")

    done = cli("init", "--yes")

    assert done.code == 3
    assert "DF1442" in done.err


def test_another_file_is_named_with_c(cli: Cli) -> None:
    samples.otter(cli.folder)

    cli("init", "--yes", "-c", "release.yml")

    assert (cli.folder / "release.yml").exists()
    assert not (cli.folder / "deployforge.yml").exists()


def test_a_tool_without_configuration_here_is_an_error(cli: Cli) -> None:
    done = cli("init", "--from", "jreleaser", "--yes")

    assert done.code == 3
    assert "DF1441" in done.err


def test_an_unknown_tool_is_a_misuse(cli: Cli) -> None:
    done = cli("init", "--from", "gorelaser", "--yes")

    assert done.code == 2
    assert "did you mean `goreleaser`?" in done.err


def test_a_file_that_is_no_text_is_not_touched(cli: Cli) -> None:
    (cli.folder / "deployforge.yml").write_bytes(b"\xff\xfe\0")

    done = cli("init", "--yes", "--force")

    assert done.code == 3
    assert "DF1443" in done.err
    assert (cli.folder / "deployforge.yml").read_bytes() == b"\xff\xfe\0"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    made = GitHub(tmp_path / "hub")
    made.start()
    yield made
    made.stop()


def publish(hub: GitHub, tag: str, *names: str, prerelease: bool) -> None:
    repo = hub.repository("otters/otter")
    assert repo is not None
    assets = {n: Asset(n, name, "application/zip", b"x") for n, name in enumerate(names, 1)}
    repo.releases[1] = Release(1, tag, tag, "", draft=False, prerelease=prerelease, commitish="main", assets=assets)
    repo.latest = None if prerelease else 1


@pytest.mark.parametrize("prerelease", [False, True], ids=["release", "only a pre-release"])
def test_online_takes_the_names_of_the_newest_release(cli: Cli, hub: GitHub, prerelease: bool) -> None:
    samples.otter(cli.folder)
    publish(hub, "v2.1.0", "otter-v2.1.0-linux-arm64.zip", "otter-v2.1.0-macos-arm64.zip", prerelease=prerelease)

    data = cli("init", "--json", "--dry-run", "--api", f"{hub.url}{API}").json

    assert data["release_files"]["asset"] == "{name}-v{version}-{os}-{arch}.{ext}"
    assert data["release_files"]["source"] == "GitHub (v2.1.0)"


def test_githubs_token_is_sent_to_no_other_server(cli: Cli, hub: GitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.otter(cli.folder)
    publish(hub, "v2.1.0", "otter-linux-arm64.zip", prerelease=False)
    monkeypatch.setenv("GITHUB_TOKEN", "wrong-and-would-be-refused")

    data = cli("init", "--json", "--dry-run", "--api", f"{hub.url}{API}").json

    assert data["release_files"]["source"] == "GitHub (v2.1.0)"


def test_online_without_a_release_goes_on(cli: Cli, hub: GitHub) -> None:
    samples.otter(cli.folder)

    data = cli("init", "--json", "--dry-run", "--api", f"{hub.url}{API}").json

    assert "otters/otter has no release with files yet" in [t["message"] for t in data["troubles"]]
    assert data["release_files"]["asset"] == "{name}_{os}_{arch}.{ext}"


def test_online_without_a_network_goes_on(cli: Cli) -> None:
    samples.otter(cli.folder)

    done = cli("init", "--json", "--dry-run", "--api", "http://127.0.0.1:9")

    assert done.code == 0
    assert any(t["source"] == "GitHub" for t in json.loads(done.out)["troubles"])
