"""What every test has: no output from package code, no colours, and in CI no test that skips silently."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from deployforge_tasks.core.redact import redactor
from tests.support.browsers import browser, window

__all__ = ["browser", "window"]  # here, and nowhere else: there can be one browser in a process

#: Reasons for which a test may skip even where every tool is installed.
_ALLOWED = ("only on ", "not on ")


#: Variables that change what is shown, and those with which somebody chose a project of their own.
_SHOWN = ("FORCE_COLOR", "CLICOLOR_FORCE", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
_CHOSEN = tuple(f"DEPLOYFORGE_{name}" for name in ("CONFIG", "PROFILE", "ENV_FILE", "LEDGER", "COLOR"))


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """Screens are the same everywhere, and the keyring of whoever runs the tests is left alone."""
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    for name in (*_SHOWN, *_CHOSEN):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("COLUMNS", "100")


@pytest.fixture(autouse=True)
def masked_here_only() -> Iterator[None]:
    """What one test calls a secret is an ordinary word in the next one."""
    before = redactor._forms
    yield
    redactor._forms = before


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    yield
    skipped = _unexpected_skips(terminalreporter)
    if skipped:
        terminalreporter.section("skipped although DEPLOYFORGE_NO_SKIPS is set", red=True)
        for line in skipped:
            terminalreporter.write_line(line)


def pytest_sessionfinish(session: pytest.Session) -> None:
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and session.exitstatus == 0 and _unexpected_skips(reporter):
        session.exitstatus = 1


def _unexpected_skips(reporter: pytest.TerminalReporter) -> list[str]:
    if not os.environ.get("DEPLOYFORGE_NO_SKIPS"):
        return []
    reasons = [
        (r.nodeid, str(r.longrepr[2]) if isinstance(r.longrepr, tuple) else "")
        for r in reporter.stats.get("skipped", [])
    ]
    return [
        f"{node}: {why}"
        for node, why in reasons
        if not any(why.removeprefix("Skipped: ").startswith(a) for a in _ALLOWED)
    ]
