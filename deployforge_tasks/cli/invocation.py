"""One call of the program: the global options and what follows from them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.terminal import Terminal, is_terminal

if TYPE_CHECKING:
    from deployforge_tasks.operations.settings import Settings


@dataclass
class Invocation:
    """The global options; `json` is empty, ``document`` or ``stream``."""

    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))
    config: str = "deployforge.yml"
    profile: str = ""
    env_file: str | None = None
    quiet: bool = False
    verbose: int = 0
    color: str = "auto"
    progress: bool = True
    ask: bool = True
    yes: bool = False
    json: str = ""

    @cached_property
    def terminal(self) -> Terminal:
        return Terminal(self.color, self.environ)

    @property
    def in_ci(self) -> bool:
        """Whether this is a CI service (``CI=false`` says no)."""
        return bool(self.ci)

    @property
    def ci(self) -> str:
        """The CI service's name, or "" where there is none."""
        from deployforge_tasks.effects.machine import ci_service

        return ci_service(self.environ)

    @property
    def in_github_actions(self) -> bool:
        return self.ci == "github"

    @property
    def interactive(self) -> bool:
        """Whether there is a person to ask."""
        return (
            self.ask
            and not self.json
            and not self.in_ci
            and is_terminal(sys.stdin)
            and is_terminal(self.terminal.stderr)
        )

    @property
    def live(self) -> bool:
        """Whether a display may redraw itself."""
        wanted = self.progress and not self.quiet and not self.json and not self.verbose and not self.in_ci
        return wanted and is_terminal(self.terminal.stderr) and self.environ.get("TERM") != "dumb"

    def settings(self, version: str | None = None) -> Settings:
        from pathlib import Path

        from deployforge_tasks.operations.settings import Settings

        return Settings(
            file=Path(self.config),
            profile=self.profile,
            version=version,
            env_file=Path(self.env_file) if self.env_file else None,
            environ=self.environ,
        )

    def emit(self, name: str, data: Mapping[str, Any], *, line: bool = False) -> None:
        """Write the command's document (`--json`) to stdout; `name` and its version make up its ``schema``.

        line: on one line, for a command that goes on: who reads it does not wait for its end.
        """
        self.terminal.out(self.document(name, data, line=line))

    def document(self, name: str, data: Mapping[str, Any], *, line: bool = False) -> str:
        """The command's document as text."""
        import json

        document = {"schema": f"deployforge.{name}/1", **data}
        return json.dumps(document, indent=None if line or self.json == "stream" else 2, ensure_ascii=False)

    def hint(self, text: str) -> None:
        """What to do next, for people who did not ask for quiet."""
        if not self.quiet and not self.json:
            self.terminal.hint(text)

    def note(self, text: str) -> None:
        """A line for people who did not ask for quiet."""
        if not self.quiet and not self.json:
            self.terminal.err(text)
