"""What GitHub Actions shows of a run: errors and warnings beside it, and a table on its summary page.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.events import Event
from deployforge_tasks.core.redact import redactor


def annotate(invocation: Invocation, error: DeployForgeError) -> None:
    """Show an error beside the run."""
    if not invocation.in_github_actions:
        return
    title = f"{error.platform or 'deployforge'} {error.code}"
    text = redactor.text(f"{error.message}\nhint: {error.hint}")
    invocation.terminal.err(f"::error title={_property(title)}::{_data(text)}")


class Warnings:
    """A listener that shows the warnings of checks beside the run, each once."""

    def __init__(self, invocation: Invocation) -> None:
        self._terminal = invocation.terminal
        self._shown: set[str] = set()

    def __call__(self, event: Event) -> None:
        if event.kind != "finding" or event.data["level"] != "warning":
            return
        hint = f"\nhint: {event.data['hint']}" if event.data.get("hint") else ""
        title = f"{event.platform} {event.data['id']}"
        line = f"::warning title={_property(title)}::{_data(redactor.text(str(event.data['message']) + hint))}"
        if line not in self._shown:
            self._shown.add(line)
            self._terminal.err(line)


def add_summary(invocation: Invocation, markdown: str) -> None:
    """Add to the run's summary page; a page that cannot be written is no reason to fail."""
    file = invocation.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with contextlib.suppress(OSError), Path(file).open("a", encoding="utf-8") as page:
            page.write(redactor.text(markdown) + "\n")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
