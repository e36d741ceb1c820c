"""Places that count a project, each with its source on this machine and answers of the recorded shapes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.effects.clock import Clock
from deployforge_tasks.effects.http import Http
from deployforge_tasks.platforms.places.base import Asking
from deployforge_tasks.platforms.places.registry import places
from deployforge_tasks.project.schema import Project
from tests.support.counts import HASTE, Answer, FixedClock, Source
from tests.support.jobs import PROJECT

APP = "com.example.HelloForge"
FLATHUB = {
    "id": APP,
    "installs_total": 1234,
    "installs_per_day": {"2026-06-10": 5, "2026-06-12": 7, "2026-06-13": 9},
    "installs_per_country": {"DE": 800, "US": 400, "": 34},
    "installs_last_month": 210,
    "installs_last_7_days": 42,
}
GEM = {"name": "hello-forge", "downloads": 900, "version": "1.1.0", "version_downloads": 300}
VERSIONS = [
    {"number": "1.1.0", "platform": "ruby", "downloads_count": 200},
    {"number": "1.1.0", "platform": "x86_64-linux", "downloads_count": 100},
    {"number": "1.0.0", "platform": "ruby", "downloads_count": 550},
]
CSV = "day,count\n2026-06-12,4\n2026-06-13,6\n"
ANSWERS: Mapping[str, Mapping[str, Answer]] = {
    "flathub": {rf"/api/v2/stats/{APP}": FLATHUB},
    "rubygems": {r"/api/v1/gems/hello-forge\.json": GEM, r"/api/v1/versions/hello-forge\.json": VERSIONS},
    "downloads": {r"/counts\.csv": CSV},
}


def options(name: str, url: str) -> dict[str, Any]:
    """The section of `analytics.places` that asks a server on this machine."""
    return {
        "flathub": {"app": APP, "api": url},
        "rubygems": {"gem": "hello-forge", "api": url},
        "downloads": {"url": f"{url}/counts.csv"},
    }[name]


@dataclass
class Placed:
    """A place with its source running."""

    name: str
    source: Source

    def series(
        self, since: date | None = None, *, secrets: Mapping[str, str] | None = None, project: Any = None, **more: Any
    ) -> list[Series]:
        """What it tells on the day `TODAY`.

        Args:
            since: the first day that is wanted.
            secrets: its credentials.
            project: more sections of the project.
            more: options of the place.
        """
        section = {**options(self.name, self.source.url), **more}
        made = Project.model_validate({**PROJECT, **(project or {}), "analytics": {"places": {self.name: section}}})
        http = Http(Clock(), patience=HASTE, timeout=5.0, loopback_only=True)
        return list(places(made)[self.name].downloads(Asking(made, http, FixedClock(), secrets or {}), since))


@contextmanager
def placed(name: str, folder: Path, **answers: Answer) -> Iterator[Placed]:
    """The place with its source running; `answers` are given instead, by the pattern of the path."""
    source = Source(folder / "source", {**ANSWERS[name], **answers})
    source.start()
    try:
        yield Placed(name, source)
    finally:
        source.stop()
