"""Loading: every problem at once, each at its place, with a hint."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.project.load import read_env_file
from tests.project.kinds import load_text, problem_of, problems_of


def test_every_problem_is_told_at_once_in_the_files_order(tmp_path: Path) -> None:
    found = problems_of(
        tmp_path,
        """\
        vrsion: 1.0.0
        platforms:
          docker:
            image: a
            port: many
          snap: {grade: nightly}
          dokcer: {}
        """,
    )
    assert [(p.place, p.path) for p in found] == [
        ("deployforge.yml:3:1", "vrsion"),
        ("deployforge.yml:6:5", "platforms.docker.image"),
        ("deployforge.yml:7:11", "platforms.docker.port"),
        ("deployforge.yml:8:17", "platforms.snap.grade"),
        ("deployforge.yml:9:3", "platforms.dokcer"),
    ]
    assert [p.hint for p in found] == [
        "did you mean `version`?",
        "did you mean `images`?",
        "",
        "",
        "did you mean `docker`?",
    ]
    assert found[3].message == "`nightly` is not one of stable, devel"


def test_an_option_deep_inside_has_its_own_suggestions(tmp_path: Path) -> None:
    problem = next(p for p in problems_of(tmp_path, "platforms: {docker: {extra: [{nmae: a}]}}\n") if "nmae" in p.path)
    assert problem.path == "platforms.docker.extra[0].nmae"
    assert problem.hint == "did you mean `name`?"


def test_a_missing_option_is_told_where_it_belongs(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "", head="name: hello\n")
    assert (problem.place, problem.message) == ("deployforge.yml:1:1", "`description` is missing")


def test_problems_between_sections_are_told_together_with_those_inside(tmp_path: Path) -> None:
    found = problems_of(tmp_path, 'artifacts: {asset: "{nmae}"}\nplatforms: {snap: {grade: nightly}}\n')
    assert [p.path for p in found] == ["artifacts.asset", "platforms.snap.grade"]


def test_an_unknown_platform_that_is_switched_off_is_a_warning(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "platforms: {flathub: {enabled: false, app_id: a.b.c}}\n")
    assert any(p.path == "platforms.flathub" for p in loaded.warnings)


def test_a_platform_without_options_has_its_defaults(tmp_path: Path) -> None:
    assert load_text(tmp_path, "platforms:\n  snap:\n").options["snap"].enabled


def test_a_switched_off_platform_keeps_its_options(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "platforms: {docker: {enabled: false, port: 81}}\n")
    assert loaded.options["docker"].model_dump()["port"] == 81


def test_an_alias_is_the_platform_itself(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "platforms: {github_release: {}}\n")
    assert list(loaded.options) == ["github"]
    assert list(loaded.project.platforms) == ["github"]


def test_a_platform_under_two_names_is_refused(tmp_path: Path) -> None:
    assert "is there already" in problem_of(tmp_path, "platforms: {github: {}, github_release: {}}\n").message


def test_a_missing_file_is_an_error_with_a_hint(tmp_path: Path) -> None:
    from deployforge_tasks.project.load import load_project

    with pytest.raises(ConfigError, match="is not there") as caught:
        load_project(tmp_path / "deployforge.yml", {}, {}, environ={})
    assert caught.value.hint


def test_two_targets_with_one_file_name_are_refused(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, 'artifacts: {asset: "{name}-{os}.tar.gz"}\n')
    assert "would both be called" in problem.message


def test_a_targets_table_knows_only_targets(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "artifacts: {ext: {default: tar.gz, widnows: zip}}\n")
    assert (problem.path, problem.hint) == ("artifacts.ext.widnows", "did you mean `windows`?")


def test_a_build_without_a_command_is_refused(tmp_path: Path) -> None:
    assert problem_of(tmp_path, "artifacts: {from: build}\n").path == "artifacts.from"


@pytest.mark.parametrize(("text", "seconds"), [("90", 90.0), ("90s", 90.0), ("10m", 600.0), ("1h30m", 5400.0)])
def test_a_duration_may_have_units(tmp_path: Path, text: str, seconds: float) -> None:
    assert load_text(tmp_path, f"verify: {{timeout: {text}}}\n").project.verify.timeout == seconds


def test_a_duration_with_an_unknown_unit_is_refused(tmp_path: Path) -> None:
    assert "is not a duration" in problem_of(tmp_path, "verify: {timeout: 3 weeks}\n").message


def test_a_platforms_own_advice_is_a_warning_at_its_place(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "platforms: {snap: {grade: devel}}\n")
    assert ("deployforge.yml:3:27", "platforms.snap.grade") in [(w.place, w.path) for w in loaded.warnings]


def test_a_file_that_repeats_another_version_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "main.go").write_text('Version = "1.0.28"')
    loaded = load_text(tmp_path, 'version: 1.0.42\nversion_files: [{path: main.go, regex: \'Version = "([^"]+)"\'}]\n')
    assert "main.go says 1.0.28, the release is 1.0.42" in [w.message for w in loaded.warnings]


def test_an_env_file_is_read_and_the_process_wins(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("# names\nexport A='one two'\nB=3 # three\nC=file\n")
    loaded = load_text(tmp_path, "", environ={"C": "process"}, env_file=tmp_path / ".env")
    assert loaded.environ == {"A": "one two", "B": "3", "C": "process"}


def test_an_empty_variable_does_not_hide_what_the_env_file_says(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TOKEN=file\n")
    loaded = load_text(tmp_path, "", environ={"TOKEN": "", "OTHER": ""}, env_file=tmp_path / ".env")
    assert loaded.environ == {"TOKEN": "file", "OTHER": ""}
    assert loaded.from_file == {"TOKEN"}


def test_a_broken_line_of_an_env_file_is_never_shown(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("A=1\nmy-secret-without-a-name\n")
    with pytest.raises(ConfigError, match=r"line 2 of \.env") as caught:
        read_env_file(tmp_path / ".env")
    assert "my-secret" not in caught.value.message + caught.value.hint
