"""What GitHub Actions shows of a run: errors beside it, and a table on its summary page.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.redact import redactor


def annotate(invocation: Invocation, error: DeployForgeError) -> None:
    """Show an error beside the run."""
    if not invocation.in_github_actions:
        return
    title = f"{error.platform or 'deployforge'} {error.code}"
    text = redactor.text(f"{error.message}\nhint: {error.hint}")
    invocation.terminal.err(f"::error title={_property(title)}::{_data(text)}")


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
