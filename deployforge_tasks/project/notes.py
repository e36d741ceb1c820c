"""What is worth knowing about a ``deployforge.yml`` and asks for nothing: `deployforge config check` tells it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from deployforge_tasks.core.model import Level
from deployforge_tasks.project.problems import Problem, dotted

if TYPE_CHECKING:
    from deployforge_tasks.project.checks import Config

#: Sections and options without an effect; whoever gives one an effect takes it off this list.
UNUSED = (
    ("license", "file"),
    ("license", "commercial"),
    ("binary", "env"),
    ("verify", "propagate"),
    ("monitoring", "download_tracking"),
    ("business", "trial"),
    ("business", "licensing"),
    ("business", "analytics"),
    ("ci",),
    ("audit",),
)


def notes(config: Config) -> list[Problem]:
    """The notes on a configuration without errors."""
    return [replace(problem, level=Level.NOTE) for problem in (*_unused(config), *_credentials(config))]


def _unused(config: Config) -> Iterator[Problem]:
    """Everything in the file that has no effect, named once."""
    written = [(path, node) for path in UNUSED if (node := config.root.child(*path)) is not None and node.value]
    if written:
        yield Problem(
            place=str(config.root.place_of(written[0][0], key=True)),
            path=", ".join(dotted(path) for path, _ in written),
            message="checked for its form, and without an effect on a release",
            hint="keep it for other tools and later versions, or remove it",
        )


def _credentials(config: Config) -> Iterator[Problem]:
    """Which variables are read when the file names none."""
    needed = {c.env[0] for kind in config.enabled for c in kind.credentials if c.required and c.env}
    if needed and not config.project.credentials:
        message = f"the usual variables hold the credentials: {', '.join(sorted(needed))}"
        yield config.problem(("credentials",), message, "name others below `credentials:`")
