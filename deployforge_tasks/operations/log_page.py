"""A part of a run's log: its end, what is around a line, or the log by stages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.run_log import Wanted
from deployforge_tasks.operations.log_lines import LEVELS, Line
from deployforge_tasks.operations.log_lines import line as line_of

if TYPE_CHECKING:
    from deployforge_tasks.ledger.reading import Reader, StoredEvent
    from deployforge_tasks.ledger.run_log import RunLog

#: Lines on one page.
PAGE = 1000
#: Lines of each section that is open in the log by stages.
SECTION = 200


@dataclass(frozen=True)
class Place:
    """A task that the log tells about, as the filters name it."""

    platform: str
    stage: str


@dataclass(frozen=True)
class LogPart:
    """Some lines that follow one another.

    Fields: `older` and `newer` say whether there are more; `first` and `last` are the numbers of the run's first and
    newest event in the ledger, 0 while there is none.
    """

    lines: tuple[Line, ...]
    older: bool
    newer: bool
    first: int
    last: int


@dataclass(frozen=True)
class Section:
    """One stage of one platform: how many lines it has, and the last of them if it is open."""

    platform: str
    stage: str
    count: int
    lines: tuple[Line, ...] = field(default=())

    @property
    def name(self) -> str:
        return ":".join(part for part in (self.platform, self.stage) if part)


def wanted(platform: str = "", stage: str = "", level: str = "") -> Wanted:
    """What a filter means.

    Raises:
        ConfigError: there is no such level.
    """
    if level and level not in LEVELS:
        raise ConfigError(f"a log has no level `{level}`", hint=f"the levels are {', '.join(LEVELS)}", code="DF3804")
    return Wanted(platform or None, stage or None, level or "debug")


def places(reader: Reader, run: int) -> list[Place]:
    """Every task that the log tells about, in the order in which they began."""
    return [Place(task.platform or "", task.stage or "") for task in reader.log(run).tasks(Wanted())]


def part(
    reader: Reader,
    run: int,
    chosen: Wanted,
    *,
    line: int | None = None,
    before: int | None = None,
    after: int | None = None,
) -> LogPart:
    """Around a line, before it or after it; by default the end of the log."""
    log = reader.log(run)
    if line is not None:
        return _around(log, line, chosen)
    return _after(log, after, chosen) if after is not None else _before(log, before, chosen)


def sections(reader: Reader, run: int, chosen: Wanted, opened: Sequence[str]) -> list[Section]:
    """The log by stages; those that are named (``npm:publish``) with their last lines."""
    log = reader.log(run)
    first, _ = log.ends() or (0, 0)
    found = []
    for task in log.tasks(chosen):
        section = Section(task.platform or "", task.stage or "", task.count)
        if section.name in opened and section.name:
            narrowed = Wanted(section.platform or None, section.stage or None, chosen.level)
            section = Section(
                section.platform, section.stage, task.count, _lines(log.before(None, SECTION, narrowed), first)
            )
        found.append(section)
    return found


def _after(log: RunLog, number: int, chosen: Wanted) -> LogPart:
    first, last = log.ends() or (0, 0)
    stored = log.after(first + number - 1, PAGE + 1, chosen)
    shown = stored[:PAGE]
    more = bool(shown) and bool(log.before(shown[0].number, 1, chosen))
    return LogPart(_lines(shown, first), more, len(stored) > PAGE, first, last)


def _around(log: RunLog, number: int, chosen: Wanted) -> LogPart:
    first, last = log.ends() or (0, 0)
    at, half = first + number - 1, PAGE // 2
    before = log.before(at, half + 1, chosen)
    after = log.after(at - 1, half + 1, chosen)
    shown = before[-half:] + after[:half]
    return LogPart(_lines(shown, first), len(before) > half, len(after) > half, first, last)


def _before(log: RunLog, number: int | None, chosen: Wanted) -> LogPart:
    first, last = log.ends() or (0, 0)
    end = None if number is None else first + number - 1
    stored = log.before(end, PAGE + 1, chosen)
    more = end is not None and bool(log.after(end - 1, 1, chosen))
    return LogPart(_lines(stored[-PAGE:], first), len(stored) > PAGE, more, first, last)


def _lines(stored: Sequence[StoredEvent], first: int) -> tuple[Line, ...]:
    return tuple(line_of(one, first) for one in stored)
