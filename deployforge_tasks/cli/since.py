"""Days on the command line."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import click

_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}
_FIRST = date(2000, 1, 1)


class DayType(click.ParamType[date]):
    """A day (UTC): ``2026-05-01``, or how long ago it was (``30d 12w 6m 1y``).

    Args:
        over: whether it must be over; otherwise today is one, too.
    """

    name = "day"

    def __init__(self, *, over: bool = True) -> None:
        self._over = over

    def convert(self, value: str | date, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read it.

        Raises:
            Misused: it is no day, or not one of the past.
        """
        from deployforge_tasks.cli.usage import Misused

        if isinstance(value, date):
            return value
        today = datetime.now(UTC).date()
        try:
            day = _read(value.strip().lower(), today)
        except OverflowError:
            day = date.min
        except ValueError:
            raise Misused(f"`{value}` is no day", "write 2026-05-01, or how long ago: 30d, 12w, 6m, 1y", ctx) from None
        if self._over and day >= today:
            raise Misused(f"`{value}` is not in the past", "counts are told by whole days (UTC) that are over", ctx)
        if not _FIRST <= day <= today:
            why = "too long ago" if day < _FIRST else "not yet there"
            raise Misused(f"`{value}` is {why}", f"name a day from {_FIRST} to {today} (UTC)", ctx)
        return day


def _read(text: str, today: date) -> date:
    found = re.fullmatch(r"(\d{1,5})([dwmy])", text)
    return today - timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else date.fromisoformat(text)


DAY = DayType()
DAY_OR_TODAY = DayType(over=False)
