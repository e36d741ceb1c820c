"""Profiles, variables, versions and secrets: where values come from."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConfigError
from tests.project.kinds import load_text, problem_of

PROFILES = """\
platforms: {docker: {port: 80, images: [a, b]}}
profiles:
  staging:
    conditions: {retry_on_failure: 1}
    platforms: {docker: {images: [c]}, snap: {enabled: false}}
  empty:
"""


def docker(folder: Path, text: str, **more: Any) -> dict[str, Any]:
    return load_text(folder, text, **more).options["docker"].model_dump()


# --- profiles


def test_a_profile_overrides_deep_inside(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, PROFILES, profile="staging")
    options = loaded.options["docker"].model_dump()
    assert (options["port"], options["images"]) == (80, ["c"])
    assert loaded.project.conditions.retry_on_failure == 1
    assert not loaded.options["snap"].enabled


def test_without_a_profile_nothing_is_overridden(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, PROFILES)
    assert loaded.options["docker"].model_dump()["images"] == ["a", "b"]
    assert loaded.profiles == ("staging", "empty")


@pytest.mark.parametrize("name", ["rehearsal", "production", "empty"])
def test_built_in_and_empty_profiles_change_nothing(tmp_path: Path, name: str) -> None:
    assert docker(tmp_path, PROFILES, profile=name) == docker(tmp_path, PROFILES)


def test_an_unknown_profile_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no profile `stagign`") as caught:
        load_text(tmp_path, PROFILES, profile="stagign")
    assert caught.value.hint == "did you mean `staging`?"


def test_a_problem_in_a_profile_has_its_place_there(tmp_path: Path) -> None:
    text = "platforms: {docker: {}}\nprofiles:\n  x:\n    platforms: {docker: {port: many}}\n"
    assert problem_of(tmp_path, text, profile="x").place == "deployforge.yml:6:32"


def test_an_overlay_wins_over_the_profile(tmp_path: Path) -> None:
    overlay = {"platforms": {"docker": {"images": ["z"]}, "github_release": {"required": False}}}
    loaded = load_text(tmp_path, PROFILES, profile="staging", overlay=overlay)
    assert loaded.options["docker"].model_dump()["images"] == ["z"]
    assert not loaded.options["github"].required


# --- variables


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${WHO}", "you"),
        ("a-${WHO}-b", "a-you-b"),
        ("${NOBODY:-me}", "me"),
        ("${NOBODY:-}", ""),
        ("$${WHO}", "${WHO}"),
        ("$WHO", "$WHO"),
    ],
)
def test_variables_of_the_environment_are_filled_in(tmp_path: Path, text: str, value: str) -> None:
    assert docker(tmp_path, f'platforms: {{docker: {{note: "{text}"}}}}', environ={"WHO": "you"})["note"] == value


def test_a_variable_may_be_a_number(tmp_path: Path) -> None:
    assert docker(tmp_path, 'platforms: {docker: {port: "${PORT:-8080}"}}')["port"] == 8080


def test_a_variable_that_is_not_set_is_a_problem_at_its_place(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, 'platforms: {docker: {note: "${NOBODY}"}}')
    assert (problem.place, problem.message) == ("deployforge.yml:3:28", "the environment variable NOBODY is not set")


def test_a_secret_in_an_option_is_refused_and_not_shown(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, 'platforms: {docker: {note: "${MY_TOKEN}"}}', environ={"MY_TOKEN": "s3cr3t-value"})
    assert "secret" in problem.message
    assert "s3cr3t-value" not in str(problem)


@pytest.mark.parametrize("spelling", ["${version}", "{version}"])
def test_the_version_is_filled_in_but_not_in_patterns(tmp_path: Path, spelling: str) -> None:
    options = docker(
        tmp_path, f'platforms: {{docker: {{note: "v{spelling}", images: ["a:{spelling}"]}}}}', version="1.2.3"
    )
    assert options["note"] == "v1.2.3"
    assert options["images"] == [f"a:{spelling}"]


def test_a_platforms_own_version_is_filled_in_there(tmp_path: Path) -> None:
    text = 'platforms: {docker: {version: 1.2.3.1, note: "${version}"}}'
    assert docker(tmp_path, text, version="1.2.3")["note"] == "1.2.3.1"


# --- the version


def test_an_argument_wins_over_the_file(tmp_path: Path) -> None:
    assert str(load_text(tmp_path, "version: 1.0.0\n", version="v2.0.0").version) == "2.0.0"


def test_the_files_version_is_read_as_written(tmp_path: Path) -> None:
    assert str(load_text(tmp_path, "version: 1.10\n").version) == "1.10"


def test_a_doubled_v_is_refused(tmp_path: Path) -> None:
    assert problem_of(tmp_path, "", version="vv1.0.0").message.startswith("`vv1.0.0` is not a version")


def git(folder: Path, *arguments: str) -> None:
    who = [
        "-c",
        "user.name=T",
        "-c",
        "user.email=t@example.com",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    ]
    subprocess.run(["git", *who, *arguments], cwd=folder, check=True, capture_output=True)


def test_the_tag_of_the_checkout_is_the_version(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    for tag in ("hello-1.9.0", "hello-1.10.0", "nightly"):
        git(tmp_path, "tag", tag)
    assert str(load_text(tmp_path, 'source: {tag: "hello-{version}"}\n').version) == "1.10.0"
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "second")
    assert load_text(tmp_path, 'source: {tag: "hello-{version}"}\n').version is None


def test_another_commit_than_that_of_the_tag_is_a_warning_if_wanted(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q")
    git(tmp_path, "commit", "-q", "--allow-empty", "-m", "first")
    text = "version: 1.0.0\nsource: {require_tag_commit: true}\n"
    message = "the checked-out commit does not carry the tag v1.0.0"
    assert message in [w.message for w in load_text(tmp_path, text).warnings]
    git(tmp_path, "tag", "v1.0.0")
    assert message not in [w.message for w in load_text(tmp_path, text).warnings]


def test_a_secret_of_the_environment_is_not_in_the_text_of_a_configuration(tmp_path: Path) -> None:
    assert "s3cr3t-value" not in repr(load_text(tmp_path, "", environ={"MY_TOKEN": "s3cr3t-value"}))


def test_a_folder_that_is_no_checkout_has_no_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert load_text(tmp_path, "").version is None


# --- credentials


def test_a_secret_written_into_the_file_is_refused_and_not_shown(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "credentials: {docker: {password: dckr-pat_1234}}\n")
    assert "not the name of an environment variable" in problem.message
    assert "dckr" not in str(problem)


def test_an_unknown_credential_is_refused_with_a_suggestion(tmp_path: Path) -> None:
    assert problem_of(tmp_path, "credentials: {docker: {pasword: MINE}}\n").hint == "did you mean `password`?"
