"""What download counts cost: 40 platforms with 50 versions each, counted for 5 years, in SQLite.

``python -m tests.bench.counts`` prints a table. Every platform tells its figure and each version by day: 2,040 counters
and 3.7 million days.
"""

from __future__ import annotations

import gzip
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from starlette.testclient import TestClient

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.dashboard.app import create_app
from deployforge_tasks.dashboard.desk import open_desk
from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger.model import Scope
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.operations.insights import insights
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.project.load import Loaded
from tests.dashboard.site import ADDRESS, sign_on
from tests.graph.shelf import load_project, shelves, write_project
from tests.operations.counting_shelf import DAY, CountingShelf, daily, told

PLATFORMS, VERSIONS, DAYS = 40, 50, 5 * 365
TODAY = datetime.now(UTC).date()
YESTERDAY = TODAY - DAY
NAMES = [f"p{number:02}" for number in range(PLATFORMS)]


def main() -> None:
    with tempfile.TemporaryDirectory() as name, shelves(*NAMES, kind=CountingShelf):
        loaded = load_project(write_project(Path(name) / "project", {platform: {} for platform in NAMES}))
        rows = [*_filling(loaded), *_reading(loaded), *_showing(loaded)]
        size = sum(file.stat().st_size for file in Path(name).rglob("ledger.db*"))
    for what, seconds in rows:
        print(f"{what:<72}{seconds:>9.3f} s")
    print(f"{'the ledger':<72}{size / 1e6:>8.1f} MB")


def _series(last: date, days: int) -> list[Series]:
    """The figure and every version of a platform, as one answer."""
    whole = daily([(n * 7919) % 1000 for n in range(days)], last, settled=last - 2 * DAY)
    parts = [daily([(n * v) % 97 for n in range(days)], last, settled=last - 2 * DAY) for v in range(VERSIONS)]
    named = [
        replace(part, counter=replace(part.counter, version=f"1.{n}.0", headline=False)) for n, part in enumerate(parts)
    ]
    return [whole, *named]


def _filling(loaded: Loaded) -> list[tuple[str, float]]:
    told_first, told_again = _series(YESTERDAY, DAYS), _series(YESTERDAY, 3)
    rows = []
    ledger = Ledger.open(ledger_url(loaded))
    store, here = ledger.downloads(), Scope(loaded.project.name, loaded.profile)
    at = datetime.now(UTC)

    def keep(names: Sequence[str], series: Sequence[Series], later: timedelta) -> Callable[[], object]:
        return lambda: [store.keep(here, name, series, at + later) for name in names]

    rows.append(("store 5 years of one platform", _seconds(keep(NAMES[:1], told_first, timedelta()))))
    rows.append(("store 5 years of the other 39", _seconds(keep(NAMES[1:], told_first, timedelta()))))
    rows.append(("store one day more of one platform", _seconds(keep(NAMES[:1], told_again, timedelta(seconds=1)))))
    ledger.close()
    CountingShelf.answers = {name: told(*told_again) for name in NAMES}
    rows.append(("collect one day more from all 40", _seconds(lambda: collect(loaded, force=True))))
    return rows


def _reading(loaded: Loaded) -> list[tuple[str, float]]:
    def read(days: int, *names: str) -> float:
        return _seconds(lambda: downloads(loaded, TODAY - days * DAY, TODAY, platforms=names))

    rows = [
        (f"read {words} of all 40 with their versions", read(days))
        for days, words in ((30, "30 days"), (365, "a year"), (DAYS, "5 years"))
    ]
    rows.append(("read 5 years of one", read(DAYS, NAMES[0])))

    def collected_and_read() -> None:
        collect(loaded, platforms=NAMES[:1], force=True)
        downloads(loaded, TODAY - 30 * DAY, TODAY)

    rows.append(("collect from one, and read 30 days of all", _seconds(collected_and_read)))
    return [*rows, ("look at a year of all 40 for what it says", _seconds(lambda: insights(loaded)))]


def _showing(loaded: Loaded) -> list[tuple[str, float]]:
    """The page of downloads: its first answer, and the same again."""
    with open_desk(Settings(file=loaded.root / "deployforge.yml", environ={})) as desk:
        app = create_app(desk)
        app.state.last_look.by_itself = app.state.collecting.by_itself = False
        app.state.known_insights.by_itself = False  # it would look for what is unusual meanwhile
        with TestClient(app, base_url=ADDRESS) as client:
            sign_on(client)
            return [row for days, words in ((30, "30 days"), (DAYS, "5 years")) for row in _page(client, days, words)]


def _page(client: TestClient, days: int, words: str) -> list[tuple[str, float]]:
    path = f"/analytics?days={days}"
    first, again = (_seconds(lambda: client.get(path)) for _ in range(2))
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    weight = len(gzip.compress(answer.content)) / 1e3
    shown = f"page of {words}, {weight:.0f} kB compressed"
    return [(f"{shown}, with its chart drawn", first), (f"{shown}, once more", again)]


def _seconds(work: Callable[[], object]) -> float:
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


if __name__ == "__main__":
    main()
