"""What a stand-in counts: everything that was fetched from it, told as of the newest day that real ones tell."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta


class Counts:
    """Downloads by package and version."""

    def __init__(self) -> None:
        self._counted: Counter[tuple[str, str]] = Counter()

    def add(self, name: str, version: str = "") -> None:
        """Somebody fetched it."""
        self._counted[name, version] += 1

    def total(self, name: str) -> int:
        return sum(self.by_version(name).values())

    def by_version(self, name: str) -> dict[str, int]:
        return {version: number for (known, version), number in self._counted.items() if known == name}


def newest_day() -> date:
    """Yesterday by universal time: counts of a day are there when it is over."""
    return datetime.now(UTC).date() - timedelta(days=1)
