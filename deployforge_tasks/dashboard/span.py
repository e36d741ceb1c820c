"""The days that a page of numbers is about, as its address says them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlencode

from pydantic import BaseModel

from deployforge_tasks.core.errors import ConfigError

#: The usual choices: days, and their name.
CHOICES = ((7, "7 days"), (30, "30 days"), (90, "90 days"), (365, "a year"))
_USUAL = 30
_LONGEST = 3660


@dataclass(frozen=True)
class Span:
    """Days, both included; `days` is set where a usual choice was made."""

    since: date
    until: date
    days: int | None

    @property
    def length(self) -> int:
        """How many days these are."""
        return (self.until - self.since).days + 1

    @property
    def query(self) -> dict[str, str]:
        """How an address says it."""
        if self.days is not None:
            return {"days": str(self.days)}
        return {"since": self.since.isoformat(), "until": self.until.isoformat()}


class SpanAsked(BaseModel):
    """The days that somebody asks for: so many up to yesterday, or from one to another."""

    days: int | None = None
    since: date | None = None
    until: date | None = None

    def span(self, today: date, usual: int = _USUAL) -> Span:
        """The days that are meant.

        Raises:
            ConfigError: they are none, or too many.
        """
        last = self.until or today - timedelta(days=1)
        if self.since is not None:
            first, days = self.since, None
        else:
            days = usual if self.days is None else self.days
            first = last - timedelta(days=days - 1)
        if not 0 <= (last - first).days < _LONGEST:
            raise ConfigError(
                f"there are no days from {first} to {last} to tell about",
                hint="the first day comes before the last one, and ten years are the most",
                code="DF3750",
            )
        return Span(first, last, days if self.until is None else None)


def address(path: str, span: Span, **more: str) -> str:
    """A page with these days and choices; empty choices are left out."""
    chosen = {**span.query, **{name: value for name, value in more.items() if value}}
    return f"{path}?{urlencode(chosen)}"
