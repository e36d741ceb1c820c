"""Problems of a configuration: collected, placed, and raised all at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Level


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong (or, as a warning, probably not meant).

    `place` is ``deployforge.yml:23:5``, `path` the option as ``platforms.docker.images[0]``.
    """

    place: str
    path: str
    message: str
    hint: str = ""
    level: Level = Level.ERROR


class ConfigProblems(ConfigError):  # noqa: N818 - it is a collection of them
    """A configuration that cannot be used, with every problem in it."""

    code = "DF1001"

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = tuple(problems)
        first = self.problems[0]
        many = len(self.problems)
        message = (
            f"{first.place} {first.path}: {first.message}".replace(" : ", ": ")
            if many == 1
            else f"{file} has {many} problems, the first at {first.place}: {first.message}"
        )
        super().__init__(message, hint=first.hint or "see the description of the option")


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A hint that names the nearest known word, or all of them when none is near."""
    names = sorted(known)
    folded = {name.lower().replace("-", "_"): name for name in names}
    near = difflib.get_close_matches(word.lower().replace("-", "_"), folded, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{folded[near[0]]}`?"
    return f"known: {', '.join(names)}" if names else ""


def dotted(path: Iterable[str | int]) -> str:
    """``("platforms", "docker", "images", 0)`` as ``platforms.docker.images[0]``."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return text
