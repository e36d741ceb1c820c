"""What is the same for several is told once."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.cli.test_doctor import checks
from tests.support.jobs import PROJECT

Project = Callable[..., None]


@pytest.fixture
def unbuildable(cli: Cli) -> None:
    """A project whose build fails for each of its two targets in the same way."""
    build = {"command": ["{python}", "-c", "import sys; sys.exit('boom')", "{target}", "{output}"]}
    config = {
        **PROJECT,
        "version": "1.0.0",
        "artifacts": {"from": "build", "targets": ["windows/amd64", "windows/arm64"], "build": build},
        "platforms": {"scoop": {"bucket": "o/b", "remote": "http://127.0.0.1:9/b.git"}},
        "conditions": {"retry_on_failure": 0, "read_patience": 0},
    }
    (cli.folder / "deployforge.yml").write_text(yaml.safe_dump(config), "utf-8")


@pytest.mark.usefixtures("unbuildable")
def test_a_build_that_fails_for_every_target_is_one_error_of_a_test(cli: Cli) -> None:
    done = cli("test")
    assert done.err.count("error: `python` ended with exit code 1: boom") == 1
    assert len(cli("test", "--json").json["errors"]) == 2


def test_one_broken_ledger_is_one_error_of_doctor(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    (cli.folder / ".deployforge").mkdir()
    (cli.folder / ".deployforge" / "ledger.db").write_bytes(b"no database at all" * 100)
    assert list(checks(cli, "State").values()).count("error") == 1
    assert cli("doctor").out.count("cannot be opened") == 1


def test_platforms_with_the_same_next_step_share_a_hint(cli: Cli, project: Project) -> None:
    project({"npm": {}, "pypi": {}})
    done = cli("rollback", "v1.0.0", "--dry-run")
    assert done.err.count("hint: ") == 1
    assert "hint: npm, pypi: name an earlier one" in done.err
