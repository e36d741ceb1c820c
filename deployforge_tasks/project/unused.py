"""What ``deployforge.yml`` may say although nothing reads it yet: checked for its form, kept, and named once."""

from __future__ import annotations

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
    ("monitoring",),
    ("business",),
    ("ci",),
    ("audit",),
)


def notes(config: Config) -> list[Problem]:
    """One note that names everything in the file that has no effect; nothing if there is no such thing."""
    written = [(path, node) for path in UNUSED if (node := config.root.child(*path)) is not None and node.value]
    if not written:
        return []
    first = written[0][0]
    return [
        Problem(
            place=str(config.root.place_of(first, key=True)),
            path=", ".join(dotted(path) for path, _ in written),
            message="checked for its form, and without an effect on a release",
            hint="keep it for other tools and later versions, or remove it",
            level=Level.NOTE,
        )
    ]
