"""npm's service that counts downloads (https://github.com/npm/registry/blob/main/docs/download-counts.md)."""

from __future__ import annotations

from abc import abstractmethod
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins._counts import Counts, newest_day


class NpmCounts(StandIn):
    """The questions that it answers; the registry beside it counts what it sends."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.counts = Counts()

    @abstractmethod
    def has(self, name: str) -> bool:
        """Whether there is such a package."""

    @route("GET", r"/downloads/range/(?P<begin>[\d-]+):(?P<end>[\d-]+)/(?P<names>.+)")
    def _downloads(self, request: Request, begin: str, end: str, names: str) -> Reply:
        """Days of one package, or of several with null for those that are not there."""
        told = {name: self._days(name, begin, end) for name in names.split(",")}
        if len(told) > 1:
            return Reply(200, told)
        return Reply(200, told[names]) if told[names] else Reply(404, {"error": f"package {names} not found"})

    def _days(self, name: str, begin: str, end: str) -> dict[str, Any] | None:
        if not self.has(name):
            return None
        first = date.fromisoformat(begin)
        days = [first + timedelta(days=n) for n in range((date.fromisoformat(end) - first).days + 1)]
        total = self.counts.total(name)
        told = [{"downloads": total if day == newest_day() else 0, "day": str(day)} for day in days]
        return {"start": begin, "end": end, "package": name, "downloads": told}

    @route("GET", r"/versions/(?P<name>.+)/last-week")
    def _last_week(self, request: Request, name: str) -> Reply:
        if not self.has(name):
            return Reply(404, {"error": f"package {name} not found"})
        return Reply(200, {"package": name, "downloads": self.counts.by_version(name)})
