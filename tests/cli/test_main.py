"""Exit codes, streams, JSON and what happens when something goes wrong."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from deployforge_tasks.cli import exit_codes
from deployforge_tasks.core import errors
from deployforge_tasks.core.redact import redactor
from tests.cli.conftest import Cli

Project = Callable[..., None]


def test_an_unknown_command_suggests_the_nearest(cli: Cli) -> None:
    done = cli("deply")
    assert (done.code, done.out) == (2, "")
    assert "unknown command `deply`" in done.err
    assert "did you mean `deploy`?" in done.err


def test_an_unknown_platform_suggests_the_nearest(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("deploy", "--platforms", "nmp", "--yes")
    assert done.code == 2
    assert "did you mean `npm`?" in done.err


def test_a_platform_that_is_not_configured_says_how_to_add_it(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("status", "--platforms", "pypi")
    assert done.code == 2
    assert "pypi is not in the configuration" in done.err
    assert "platforms show pypi" in done.err


def test_a_platform_that_is_switched_off_says_so(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {"enabled": False}})
    done = cli("deploy", "--platforms", "pypi", "--yes")
    assert done.code == 2
    assert "pypi is disabled" in done.err


@pytest.mark.parametrize("command", ["deploy", "status", "rehearse", "rollback"])
def test_leaving_out_every_platform_never_means_all_of_them(cli: Cli, project: Project, command: str) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli(command, "--except", "npm,pypi", "--yes")
    assert done.code == 2
    assert "no platform is left to work on" in done.err


def test_a_missing_configuration_is_exit_3(cli: Cli) -> None:
    done = cli("config", "check")
    assert done.code == 3
    assert "DF1002" in done.err


def test_a_missing_env_file_names_the_option_that_asked_for_it(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("config", "check", "--env-file", "none.env")
    assert done.code == 3
    assert "name the file with --env-file" in done.err


def test_a_version_that_cannot_be_read_is_a_problem_of_the_project(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    file = cli.folder / "deployforge.yml"
    file.write_text(file.read_text("utf-8").replace("version: 1.0.0", "version: vv1"), "utf-8")
    done = cli("deploy", "--dry-run")
    assert done.code == 3
    assert "deployforge.yml has 1 problem" in done.err


def test_each_line_of_progress_is_shown_once(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    lines = cli("deploy", "--yes").err.splitlines()
    assert len([line for line in lines if line.split()[1:4] == ["npm", "publish", "started"]]) == 1


@pytest.mark.parametrize("words", [("--json", "deply"), ("deply", "--json"), ("--json=document", "deply")])
def test_usage_errors_are_json_where_json_is_wanted(cli: Cli, words: tuple[str, ...]) -> None:
    done = cli(*words)
    assert done.code == 2
    assert done.err == ""
    assert done.json["error"]["hint"] == "did you mean `deploy`?"


def test_configuration_errors_as_json_have_every_problem(cli: Cli, project: Project) -> None:
    project({"npm": {"urll": "x"}, "pypi": {"pieces": "many"}})
    done = cli("config", "check", "--json")
    assert done.code == 3
    assert [p["path"] for p in done.json["error"]["problems"]] == ["platforms.npm.urll", "platforms.pypi.pieces"]


def test_nothing_final_is_published_without_agreement(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("deploy")
    assert done.code == 2
    assert "cannot be undone" in done.err
    assert "--yes" in done.err
    assert cli("status", "--json").json["platforms"][0]["state"] == "absent"


def test_a_deploy_as_json_is_one_document(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli("deploy", "--yes", "--json")
    assert (done.code, done.err) == (0, "")
    assert done.json["schema"] == "deployforge.deploy/1"
    assert {p["name"]: p["outcome"] for p in done.json["platforms"]} == {"npm": "published", "pypi": "published"}


def test_a_stream_has_every_event_and_ends_with_the_document(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    documents = [json.loads(line) for line in cli("deploy", "--yes", "--json=stream").out.splitlines()]
    assert {d["schema"] for d in documents[:-1]} == {"deployforge.event/1"}
    assert [d["kind"] for d in documents if d.get("kind") == "receipt"] == ["receipt"]
    assert documents[-1]["schema"] == "deployforge.deploy/1"


def test_a_dry_run_publishes_nothing(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("deploy", "--dry-run", "--json")
    assert done.json["platforms"][0]["plan"]["action"] == "publish"
    assert cli("status", "--json").json["platforms"][0]["state"] == "absent"


def test_the_version_on_the_command_line_is_deployed(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert cli("deploy", "v2.0.0", "--yes", "--json").json["version"] == "2.0.0"
    assert cli("status", "2.0.0", "--json").json["platforms"][0]["state"] == "same"


def test_status_that_could_not_ask_everybody_is_exit_6(cli: Cli, project: Project) -> None:
    project({"npm": {"url": "http://127.0.0.1:9"}}, retry_on_failure=0)
    assert cli("status").code == 6


def test_except_leaves_a_platform_out(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {}})
    assert [p["name"] for p in cli("status", "--except", "npm", "--json").json["platforms"]] == ["pypi"]


def test_verbose_names_the_doit_equivalent(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    assert "doit -n 3 deploy:npm version=1.0.0" in cli("deploy", "-v", "-n", "3", "--yes").err


def test_quiet_leaves_the_summary(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    done = cli("deploy", "-q", "--yes")
    assert done.err == ""
    assert "1 published" in done.out


def test_another_directory_and_configuration(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    (cli.folder / "deployforge.yml").rename(cli.folder / "other.yml")
    os.chdir("/")
    done = cli("-C", str(cli.folder), "config", "check", "-c", "other.yml")
    assert done.code == 0


@pytest.mark.parametrize(
    ("environ", "words", "colored"),
    [
        ({}, (), False),
        ({"FORCE_COLOR": "1"}, (), True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, (), False),
        ({"NO_COLOR": "1"}, ("--color", "always"), True),
        ({"FORCE_COLOR": "1"}, ("--color", "never"), False),
    ],
)
def test_colour(cli: Cli, project: Project, environ: dict[str, str], words: tuple[str, ...], colored: bool) -> None:
    project({"npm": {}})
    with patch.dict(os.environ, environ):
        assert ("\x1b[" in cli("status", *words).out) is colored


def test_meaning_does_not_depend_on_colour(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    plain = cli("status", "--color", "never").out
    colored = cli("status", "--color", "always").out
    import click

    assert click.unstyle(colored) == plain


def _broken(error: BaseException) -> Any:
    def fail(*_: object, **__: object) -> None:
        raise error

    return patch("deployforge_tasks.operations.config.check", fail)


@pytest.mark.parametrize("number", [errno.EACCES, errno.EROFS, errno.ENOSPC])
def test_a_folder_that_is_not_ours_and_a_full_disk_are_no_faults_of_our_own(cli: Cli, number: int) -> None:
    with _broken(OSError(number, os.strerror(number), "templates/npm")):
        done = cli("config", "check")
    assert done.code == 3
    assert f"error: templates/npm cannot be used: {os.strerror(number)}   DF1500" in done.err
    assert "hint: check who owns it" in done.err
    assert list(cli.folder.glob("**/crash-*")) == []


def test_a_fault_of_our_own_is_exit_70_with_a_report_and_no_traceback(cli: Cli) -> None:
    redactor.add("canary-crash-secret")
    with _broken(RuntimeError("boom canary-crash-secret")):
        done = cli("config", "check")
    (report,) = (cli.folder / ".deployforge").glob("crash-*.txt")
    text = report.read_text(encoding="utf-8")
    assert done.code == 70
    assert "Traceback" not in done.err
    assert report.name in done.err
    assert "Traceback" in text
    assert "canary-crash-secret" not in text + done.err


def test_an_interrupt_is_exit_130(cli: Cli) -> None:
    with _broken(KeyboardInterrupt()):
        assert cli("config", "check").code == 130


@pytest.mark.parametrize(
    "kind",
    [
        errors.ConfigError,
        errors.CredentialError,
        errors.PreflightError,
        errors.PublishError,
        errors.NetworkError,
        errors.VerifyError,
        errors.RollbackError,
    ],
)
def test_an_error_exits_with_its_class_and_shows_message_hint_and_id(
    cli: Cli, kind: type[errors.DeployForgeError]
) -> None:
    with _broken(kind("npm refused the token", hint="make a new one", platform="npm")):
        done = cli("config", "check")
    assert done.code == kind.exit_code
    assert done.err == f"error: npm refused the token   {kind.code}\n\nhint: make a new one\n"


def test_every_exit_code_of_an_error_is_documented() -> None:
    kinds = [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, errors.DeployForgeError)]
    assert {kind.exit_code for kind in kinds} <= set(exit_codes.EXIT_CODES)


def test_github_actions_get_error_lines_and_a_summary(cli: Cli, project: Project, tmp_path: Path) -> None:
    project({"npm": {}, "snap": {"flaw": "100% broken"}})
    page = tmp_path / "summary.md"
    with patch.dict(os.environ, {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_STEP_SUMMARY": str(page)}):
        done = cli("deploy", "--yes")
    assert "::error title=snap DF3010::SHELF-001 100%25 broken%0Ahint: mend it" in done.err
    assert "| snap | ✗ failed |" in page.read_text(encoding="utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="the system does not tell the time of children")
def test_help_is_instant() -> None:
    """Processor time against a bare interpreter, the best of three each: other work on the machine does not count."""

    def best(*words: str) -> float:
        times = []
        for _ in range(3):
            before = os.times()
            subprocess.run([sys.executable, *words], check=True, capture_output=True)
            after = os.times()
            children = (after.children_user - before.children_user, after.children_system - before.children_system)
            times.append(sum(children))
        return min(times)

    assert best("-m", "deployforge_tasks", "--help") - best("-c", "pass") < 0.15


def test_a_reader_that_went_away_is_no_fault(cli: Cli) -> None:
    child = subprocess.Popen(
        [sys.executable, "-m", "deployforge_tasks", "help", "exit-codes"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    errors_seen = child.stderr.read().decode()
    child.stderr.close()
    assert child.wait(timeout=30) == exit_codes.READER_GONE
    assert errors_seen == ""
