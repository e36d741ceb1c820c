"""What the numbers say, kept until more is known: models are fitted for it, which takes a second or more."""

from __future__ import annotations

import threading
from collections import OrderedDict
from datetime import date, timedelta
from typing import TYPE_CHECKING

from deployforge_tasks.dashboard.question import Question
from deployforge_tasks.operations.insights import USUAL_DAYS, insights

if TYPE_CHECKING:
    from deployforge_tasks.analytics.insight import Insights
    from deployforge_tasks.dashboard.desk import Desk

#: Periods that are kept.
_MOST = 8
#: Seconds until the background begins to work: the page that asked is to be answered first.
_AFTER = 1.0
_Key = tuple[object, date, date]


class KnownInsights:
    """Answers by their period: who wants to wait for one may, and who does not finds it later.

    Fields: `by_itself` lets it look in the background.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._kept: OrderedDict[_Key, Insights] = OrderedDict()
        self.by_itself = True
        self._until = date.min
        self._tried: object = None
        self._question: Question[Insights] = Question(desk, self._later)

    @property
    def asking(self) -> bool:
        return self._question.asking

    @property
    def problem(self) -> str:
        """Why the last question in the background had no answer."""
        return self._question.problem

    def of(self, since: date, until: date) -> Insights:
        """What the days from `since` to `until` (both included) say.

        Raises:
            ConfigError: the ledger cannot be opened, or the packages of ``deployforge[analytics]`` are missing.
        """
        key = (self._desk.known(), since, until)
        with self._lock:
            found = self._kept.get(key)
        if found is None:
            found = insights(self._desk.loaded, since=since, until=until, ledger_url=self._desk.ledger_url)
            with self._lock:
                self._kept[key] = found
                while len(self._kept) > _MOST:
                    self._kept.popitem(last=False)
        return found

    def kept(self, until: date) -> Insights | None:
        """What the year up to a day says, if that is known already; if not, it is looked for from now on."""
        key = (self._desk.known(), *_year(until))
        with self._lock:
            found = self._kept.get(key)
        if found is None and self.by_itself and self._tried != key and not self.asking:
            self._until, self._tried = until, key
            self._question.begin()
        return found

    def _later(self) -> Insights:
        threading.Event().wait(_AFTER)
        return self.of(*_year(self._until))

    def wait(self, seconds: float) -> None:
        """Until what is being looked for has been found."""
        self._question.wait(seconds)


def _year(until: date) -> tuple[date, date]:
    return until - timedelta(days=USUAL_DAYS - 1), until
