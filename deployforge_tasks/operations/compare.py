"""Two runs side by side: what took longer, what ended otherwise, and what had changed between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.operations.history import past
from deployforge_tasks.operations.run_detail import shown_state
from deployforge_tasks.operations.run_facts import Difference, differences, noted
from deployforge_tasks.operations.run_tools import used_tools
from deployforge_tasks.operations.runs import RunView, find_run, reading, view

if TYPE_CHECKING:
    from deployforge_tasks.ledger.history import History
    from deployforge_tasks.ledger.model import Attempt
    from deployforge_tasks.project.load import Loaded

#: New lines of the log that are shown.
_MOST_LINES = 50


@dataclass(frozen=True)
class StagePair:
    """A stage in both runs; a state is "" where the stage never began."""

    platform: str
    stage: str
    old_state: str
    new_state: str
    old_seconds: float | None
    new_seconds: float | None

    @property
    def longer(self) -> float | None:
        """Seconds that it took longer; None where one of them is not known."""
        if self.old_seconds is None or self.new_seconds is None:
            return None
        return self.new_seconds - self.old_seconds


@dataclass(frozen=True)
class NewError:
    """An error or warning that the first run did not have."""

    platform: str
    stage: str
    text: str


@dataclass(frozen=True)
class Comparison:
    """The first run and the second. `known`: both noted what they were made in; `tools`: clients of verifications."""

    old: RunView
    new: RunView
    stages: tuple[StagePair, ...]
    known: bool
    versions: tuple[Difference, ...]
    settings: tuple[Difference, ...]
    tools: tuple[Difference, ...]
    errors: tuple[NewError, ...]


def compare(loaded: Loaded, old: int, new: int, *, ledger_url: str | None = None) -> Comparison:
    """Compare two runs.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        runs = [find_run(reader, loaded, number) for number in (old, new)]
        tries = reader.attempts([old, new])
        views = [view(reader, run, tries[run.id]) for run in runs]
        before, after = noted(reader, old), noted(reader, new)
        tools = differences(used_tools(reader, old).versions, used_tools(reader, new).versions)
    with past(loaded, ledger_url) as history:
        errors = _new_errors(history, old, new)
    named = [{**s.versions, "commit": s.commit, "CI": s.ci} for s in (before, after)]
    known = before.known and after.known
    return Comparison(
        views[0],
        views[1],
        _pairs(_ends(tries[old]), _ends(tries[new])),
        known,
        differences(*named) if known else (),
        differences(before.settings, after.settings) if known else (),
        tools,
        errors,
    )


def _ends(tries: list[Attempt]) -> dict[tuple[str, str], Attempt]:
    return {(attempt.platform, attempt.stage): attempt for attempt in tries}


def _pairs(old: Mapping[tuple[str, str], Attempt], new: Mapping[tuple[str, str], Attempt]) -> tuple[StagePair, ...]:
    pairs = []
    for key in dict.fromkeys((*old, *new)):
        a, b = old.get(key), new.get(key)
        old_state, new_state = (shown_state(key[1], one.outcome or "unfinished") if one else "" for one in (a, b))
        pairs.append(StagePair(*key, old_state, new_state, a.seconds if a else None, b.seconds if b else None))
    return tuple(sorted(pairs, key=lambda pair: pair.platform))


def _new_errors(history: History, old: int, new: int) -> tuple[NewError, ...]:
    before = set(history.troubles(old))
    fresh = dict.fromkeys(trouble for trouble in history.troubles(new) if trouble not in before)
    return tuple(NewError(*trouble) for trouble in fresh)[:_MOST_LINES]
