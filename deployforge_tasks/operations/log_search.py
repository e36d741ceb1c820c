"""Looking for something in the whole log of a run, however long it is."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects import patterns
from deployforge_tasks.operations.ansi import plain
from deployforge_tasks.operations.log_lines import told

if TYPE_CHECKING:
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.ledger.run_log import Wanted

#: Seconds that a regular expression may take.
SEARCH_SECONDS = 3.0
_LONGEST_QUERY = 500
#: Each regular expression has a process of its own for some seconds: a few at a time are enough.
_searching = BoundedSemaphore(2)


@dataclass(frozen=True)
class Search:
    """What is looked for, whatever the case of letters."""

    text: str
    regex: bool = False


@dataclass(frozen=True)
class Found:
    """Where it is: the numbers of the lines, and by number where in the line (its plain text) it begins and ends."""

    numbers: Sequence[int]
    spans: Mapping[int, tuple[int, int]]

    def place(self, number: int) -> int:
        """Which of the hits a line is, counted from 1; 0 if it is none."""
        place = bisect_left(self.numbers, number)
        return place + 1 if place < len(self.numbers) and self.numbers[place] == number else 0

    def before(self, number: int) -> int | None:
        """The last hit before a line."""
        place = bisect_left(self.numbers, number)
        return self.numbers[place - 1] if place else None

    def after(self, number: int) -> int | None:
        """The first hit after a line."""
        place = bisect_right(self.numbers, number)
        return self.numbers[place] if place < len(self.numbers) else None


def find(reader: Reader, run: int, search: Search, chosen: Wanted) -> Found:
    """Everything that a search finds in the whole log.

    Raises:
        ConfigError: the regular expression is none, or takes too long; too much is looked for at once.
    """
    if len(search.text) > _LONGEST_QUERY:
        raise ConfigError(
            f"a search has at most {_LONGEST_QUERY} characters", hint="look for a part of it", code="DF3805"
        )
    log = reader.log(run)
    first, _ = log.ends() or (0, 0)
    having = "" if search.regex else search.text
    texts = [
        *log.texts(chosen, having=having),
        *((stored.number, told(stored.event)[1]) for stored in log.others(chosen)),
    ]
    texts.sort()
    hits = _hits(search, [plain(text) for _, text in texts])
    spans = {texts[place][0] - first + 1: (start, end) for place, start, end in hits}
    return Found(tuple(spans), spans)


def _hits(search: Search, lines: Sequence[str]) -> list[tuple[int, int, int]]:
    if not search.regex:
        look = re.compile(re.escape(search.text), re.IGNORECASE).search
        return [(place, *match.span()) for place, text in enumerate(lines) if (match := look(text))]
    if not _searching.acquire(timeout=2 * SEARCH_SECONDS):
        raise ConfigError(
            "too many searches go on at once", hint="try again in a moment, or look for plain text", code="DF3806"
        )
    try:
        return patterns.find(search.text, lines, seconds=SEARCH_SECONDS)
    finally:
        _searching.release()
