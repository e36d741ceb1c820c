"""Other programs: no shell, no foreign secrets, everything they print is masked."""

from __future__ import annotations

import sys

import pytest

from deployforge_tasks.core.errors import DeployForgeError, PreflightError
from deployforge_tasks.effects.process import Processes

PRINT_ENVIRONMENT = [sys.executable, "-c", "import os; print(sorted(os.environ.items()))"]


def test_output_reaches_the_log_line_by_line() -> None:
    lines: list[str] = []
    done = Processes(lines.append).run([sys.executable, "-c", "print('one'); print('two')"])
    assert lines == ["one", "two"]
    assert done.stdout == "one\ntwo\n"


def test_a_child_sees_none_of_the_other_platforms_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYPI_TOKEN", "pypi-other-platforms-secret")
    assert "PYPI_TOKEN" not in Processes().run(PRINT_ENVIRONMENT).stdout


def test_its_own_secret_comes_by_environment_and_is_masked_in_output() -> None:
    done = Processes().run(
        [sys.executable, "-c", "import os; print(os.environ['TOKEN'])"], secrets={"TOKEN": "tok-123456"}
    )
    assert done.stdout == "***\n"


def test_a_failure_tells_the_last_lines() -> None:
    with pytest.raises(DeployForgeError, match="exit code 3: it broke"):
        Processes().run([sys.executable, "-c", "import sys; print('it broke'); sys.exit(3)"])


def test_a_missing_program_says_what_to_install() -> None:
    with pytest.raises(PreflightError, match="no-such-program") as caught:
        Processes().run(["no-such-program"])
    assert "install" in caught.value.hint


def test_a_program_that_never_ends_is_stopped() -> None:
    with pytest.raises(DeployForgeError, match="did not end"):
        Processes().run([sys.executable, "-c", "import time; time.sleep(60)"], timeout=0.3)


def test_a_value_with_shell_characters_is_only_a_value() -> None:
    done = Processes().run([sys.executable, "-c", "import sys; print(sys.argv[1])", "$(id); `id`"])
    assert done.stdout == "$(id); `id`\n"
