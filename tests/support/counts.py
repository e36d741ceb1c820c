"""Sources of download counts on this machine: a server for each platform, with answers of the recorded shapes.

`SOURCES` has every platform that counts; a test may change one answer, break one path, or have all of them fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.model import Publication
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.registry import platforms
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn
from deployforge_tasks.rehearsal.stand_ins.snap_store import SnapStoreStandIn
from tests.support.jobs import Recorder, make_job

TODAY = date(2026, 6, 15)
YESTERDAY = TODAY - timedelta(days=1)
NOW = datetime(2026, 6, 15, 12, 30, tzinfo=UTC)
#: One try: a test only wants to know how it ends.
HASTE = Patience(first=0.01, longest=0.01, total=0.0)
Answer = Callable[[Request], Any] | Any


class FixedClock(Clock):
    """It is always the same moment; `slept` are the pauses that somebody wanted."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def now(self) -> datetime:
        return NOW

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


class Source(StandIn):
    """Answers each request by the first pattern that its path matches: JSON, a `Reply`, or a function of the request.

    `asked` are the requests, `spoil` changes an answer on its way out.
    """

    name = "source"
    serves = ()

    def __init__(self, root: Path, answers: Mapping[str, Answer]) -> None:
        super().__init__(root)
        self.answers = dict(answers)
        self.asked: list[Request] = []
        self.spoil: Callable[[Request, Reply], Reply] = lambda request, reply: reply

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {}

    def publications(self) -> list[Publication]:
        return []

    @property
    def paths(self) -> list[str]:
        """What was asked for, in order."""
        return [request.path for request in self.asked]

    def answer(self, request: Request) -> Reply:
        self.asked.append(request)
        for pattern, answer in self.answers.items():
            if re.fullmatch(pattern, request.path):
                given = answer(request) if callable(answer) else answer
                return self.spoil(request, given if isinstance(given, Reply) else Reply(200, given))
        return self.spoil(request, Reply(404, {"message": "Not Found", "errors": [{"detail": "Not Found"}]}))


@dataclass(frozen=True)
class Kind:
    """How a platform is counted: options that point it at a server, and the server's answers."""

    options: Callable[[str], dict[str, Any]]
    answers: Mapping[str, Answer]
    own: bool = False
    """Whether the counts come from the platform's own registry, and not from a service beside it."""
    secrets: Mapping[str, str] = field(default_factory=dict)


@dataclass
class Counted:
    """A platform with its source running."""

    platform: str
    source: Source
    options: dict[str, Any]
    secrets: Mapping[str, str]
    folder: Path

    def job(self, *, secrets: Mapping[str, str] | None = None, project: Any = None, **options: Any) -> Job[Any]:
        """A job on the day `TODAY`. The recorder of what it logs is not kept."""
        job = make_job(
            platforms()[self.platform],
            self.folder,
            options={**self.options, **options},
            project=project,
            secrets=self.secrets if secrets is None else secrets,
            recorder=Recorder(),
        )
        clock = FixedClock()
        return replace(job, clock=clock, http=Http(Clock(), patience=HASTE, timeout=5.0, loopback_only=True))

    def series(self, since: date | None = None, **more: Any) -> list[Series]:
        return list(platforms()[self.platform].downloads(self.job(**more), since))


@contextmanager
def counted(platform: str, folder: Path, **answers: Answer) -> Iterator[Counted]:
    """The platform with its source running.

    Args:
        answers: what it answers instead, by the pattern of the path.
    """
    kind = SOURCES[platform]
    source = Source(folder / "source", {**answers, **kind.answers})
    source.start()
    try:
        yield Counted(platform, source, kind.options(source.url), kind.secrets, folder)
    finally:
        source.stop()


def numbers(series: list[Series]) -> list[tuple[Any, ...]]:
    """All that a list of series says, without the moment of reading."""
    return [(s.counter, tuple((r.at, r.count) for r in s.readings)) for s in series]


def days(series: Series) -> dict[str, int]:
    """The readings of a series of days."""
    return {r.at.date().isoformat(): r.count for r in series.readings}


# --- npm ----------------------------------------------------------------------------------------------------------

#: Downloads of the npm packages on the days that have any.
NPM = {
    "hello-forge": {"2026-06-10": 5, "2026-06-11": 0, "2026-06-12": 7, "2026-06-13": 9},
    "hello-forge-linux-x64": {"2026-06-12": 4, "2026-06-13": 6},
    "hello-forge-win32-x64": {"2026-06-12": 1},
}


def npm_range(request: Request, known: Mapping[str, Mapping[str, int]] = NPM) -> Any:
    """As https://github.com/npm/registry/blob/main/docs/download-counts.md tells; it may be asked for months."""
    period, _, names = request.path.removeprefix("/downloads/range/").partition("/")
    begin, end = map(date.fromisoformat, period.split(":"))
    told = {name: _npm_days(name, begin, end, known) for name in names.split(",")}
    longest = 366 if len(told) > 1 else 549
    if (end - begin).days >= longest:
        return Reply(400, {"error": "end date > start date or longer than allowed"})
    if len(told) > 1:
        return told
    return next(iter(told.values())) or Reply(404, {"error": f"package {names} not found"})


def _npm_days(name: str, begin: date, end: date, known: Mapping[str, Mapping[str, int]]) -> dict[str, Any] | None:
    if name not in known:
        return None
    span = [str(begin + timedelta(days=n)) for n in range((end - begin).days + 1)]
    counts = [{"downloads": known[name].get(day, 0), "day": day} for day in span]
    return {"start": str(begin), "end": str(end), "package": name, "downloads": counts}


# --- the others ---------------------------------------------------------------------------------------------------


def pypistats(name: str = "hello-forge") -> dict[str, Any]:
    rows = [("with_mirrors", "2026-06-12", 30), ("with_mirrors", "2026-06-14", 41)]
    rows += [("without_mirrors", "2026-06-12", 11), ("without_mirrors", "2026-06-14", 13)]
    data = [{"category": category, "date": day, "downloads": number} for category, day, number in rows]
    return {"data": data, "package": name, "type": "overall_downloads"}


def clickhouse(request: Request) -> Any:
    """JSONCompact, as the server answers to the two questions."""
    country = "country_code" in request.query["query"]
    rows = [["2026-06-12", "DE", 9], ["2026-06-12", "", 1], ["2026-06-13", "DE", 3], ["2026-06-13", "US", 4]]
    rows = rows if country else [["2026-06-12", "1.0.0", 10], ["2026-06-13", "1.0.0", 5], ["2026-06-13", "1.1.0", 2]]
    rows = [row for row in rows if str(row[0]) >= request.query["param_since"]]
    meta = [{"name": n, "type": t} for n, t in (("day", "String"), ("part", "String"), ("downloads", "UInt32"))]
    return {"meta": meta, "data": rows, "rows": len(rows), "statistics": {"elapsed": 0.01, "rows_read": 9}}


CRATE = {
    "crate": {"id": "hello-forge", "name": "hello-forge", "downloads": 412, "recent_downloads": 60},
    "versions": [
        {"id": 71, "num": "1.1.0", "downloads": 100, "yanked": False},
        {"id": 70, "num": "1.0.0", "downloads": 312, "yanked": False},
    ],
}
CRATE_DAYS = {
    "version_downloads": [
        {"version": 71, "downloads": 3, "date": "2026-06-10"},
        {"version": 71, "downloads": 4, "date": "2026-06-12"},
        {"version": 70, "downloads": 2, "date": "2026-06-12"},
    ],
    "meta": {"extra_downloads": [{"date": "2026-06-12", "downloads": 20}]},
}


def release(number: int, tag: str, files: Mapping[str, int], **fields: Any) -> dict[str, Any]:
    """A release as GitHub lists it; `files` are names with their downloads."""
    assets = [
        {"id": number * 1000 + n, "name": name, "state": "uploaded", "size": 5, "download_count": downloads}
        for n, (name, downloads) in enumerate(files.items())
    ]
    marks = {"draft": False, "prerelease": False, "published_at": "2026-06-01T10:00:00Z"}
    page = f"https://code.example/{tag}"
    return {"id": number, "tag_name": tag, **marks, "html_url": page, "assets": assets, **fields}


RELEASES = [
    release(
        2,
        "v1.1.0",
        {
            "hello-forge-1.1.0-linux-amd64.tar.gz": 50,
            "hello-forge-1.1.0-windows-amd64.zip": 20,
            "checksums.txt": 8,
            "hello-forge-1.1.0-linux-amd64.tar.gz.sig": 3,
        },
    ),
    release(1, "v1.0.0", {"hello-forge-1.0.0-linux-amd64.tar.gz": 12, "hello.deb": 2}),
]

HUB = {
    "user": "hello-makers", "name": "hello-forge", "namespace": "hello-makers", "repository_type": "image",
    "star_count": 2, "pull_count": 290, "last_updated": "2026-06-01T10:00:00Z", "is_private": False,
}  # fmt: skip


def brew(request: Request) -> Any:
    """The list of a window; counts are texts with commas."""
    window = re.search(r"/(\d+)d\.json", request.path)
    counts = {"30": "1,234", "90": "3,456", "365": "12,345"}
    assert window
    items = [
        {"number": 1, "formula": "openssl@3", "count": "1,000,000", "percent": "12.3"},
        {"number": 2, "formula": "hello-makers/tap/hello-forge", "count": counts[window[1]], "percent": "0.1"},
        {"number": 3, "formula": "hello-makers/tap/hello-forge --HEAD", "count": "7", "percent": "0"},
    ]
    dates = {"start_date": "2026-05-16", "end_date": "2026-06-15"}
    return {"category": "install", "total_items": 3, **dates, "total_count": 1001241, "items": items}


_SPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" '
    'xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"'
)


def feed(*versions: tuple[str, str, str], following: str = "") -> Reply:
    """A page of the Chocolatey feed: version, its downloads and those of the package."""
    entries = "".join(
        f'<entry><title>hello-forge</title><m:properties><d:Version>{version}</d:Version><d:DownloadCount m:type="Edm.'
        f'Int32">{whole}</d:DownloadCount><d:VersionDownloadCount m:type="Edm.Int32">{own}</d:VersionDownloadCount>'
        "</m:properties></entry>"
        for version, own, whole in versions
    )
    link = f'<link rel="next" href="{following}"/>' if following else ""
    document = f'<?xml version="1.0"?><feed {_SPACES}>{entries}{link}</feed>'
    return Reply(200, document, {"Content-Type": "application/xml"})


def chocolatey(request: Request) -> Reply:
    """Two pages."""
    if "$skiptoken" in request.query:
        return feed(("1.1.0", "40", "101"))
    here = f"{request.base}/api/v2/FindPackagesById()"
    return feed(("1.0.0", "60", "100"), following=f"{here}?id='hello-forge'&amp;$skiptoken='hello-forge','1.0.0'")


def gallery(**statistics: Any) -> dict[str, Any]:
    """The answer to an extension query with statistics; numbers come with a decimal point."""
    told = [{"statisticName": name, "value": value} for name, value in statistics.items()]
    extension = {
        "publisher": {"publisherName": "hello-makers"}, "extensionName": "hello-forge", "flags": "validated, public",
        "versions": [], "statistics": told,
    }  # fmt: skip
    return {"results": [{"extensions": [extension], "pagingToken": None, "resultMetadata": []}]}


def aur(votes: Any = 4) -> dict[str, Any]:
    found = {"Name": "hello-forge-bin", "NumVotes": votes, "Popularity": 0.93, "Version": "1.0.0-1"}
    return {"version": 5, "type": "multiinfo", "resultcount": 1, "results": [found]}


SNAP_METRICS: dict[str, dict[str, list[int | None]]] = {
    "daily_device_change": {"new": [3, 5], "continued": [20, 22], "lost": [1, 0]},
    "installed_base_by_version": {"1.0.0": [23, 2], "1.1.0": [None, 25]},
    "installed_base_by_country": {"DE": [10, 12], "US": [13, 15]},
    "installed_base_by_architecture": {"amd64": [20, 24], "arm64": [3, 3]},
}


def snap(request: Request, told: Mapping[str, Mapping[str, list[Any]]] = SNAP_METRICS) -> Any:
    """The publisher's metrics that are asked for."""
    return {
        "metrics": [
            {
                "status": "OK", "snap_id": wish["snap_id"], "metric_name": wish["metric_name"],
                "buckets": ["2026-06-12", "2026-06-13"][first:],
                "series": [{"name": n, "values": values[first:]} for n, values in told[wish["metric_name"]].items()],
            }
            for wish in request.json()["filters"]
            for first in (int(wish.get("start", "") > "2026-06-12"),)
        ]
    }  # fmt: skip


SOURCES: dict[str, Kind] = {
    "npm": Kind(
        lambda url: {"counts": url},
        {
            r"/downloads/range/.*": npm_range,
            r"/versions/hello-forge/last-week": {"package": "hello-forge", "downloads": {"1.0.0": 3, "1.1.0": 13}},
        },
    ),
    "pypi": Kind(
        lambda url: {"counts": url, "clickhouse": url},
        {r"/api/packages/hello-forge/overall": pypistats(), r"/": clickhouse},
    ),
    "crates": Kind(
        lambda url: {"api": url, "index": f"{url}/index"},
        {
            r"/api/v1/crates/hello-forge": CRATE,
            r"/api/v1/crates/hello-forge/downloads": CRATE_DAYS,
            r"/index/config\.json": {"dl": "https://crates.example/dl"},
        },
        own=True,
    ),
    "github": Kind(
        lambda url: {"api": url},
        {r"/repos/hello-makers/hello-forge/releases": lambda r: RELEASES if r.query["page"] == "1" else []},
        own=True,
    ),
    "docker": Kind(
        lambda url: {"counts": url},
        {r"/v2/repositories/hello-makers/hello-forge/": HUB},
    ),
    "homebrew": Kind(lambda url: {"counts": url}, {r"/install/\d+d\.json": brew}),
    "chocolatey": Kind(lambda url: {"feed": f"{url}/api/v2"}, {r"/api/v2/FindPackagesById\(\)": chocolatey}, own=True),
    "snap": Kind(
        lambda url: {"dashboard": url, "api": url, "uploads": url, "login": url},
        {
            r"/v2/snaps/info/hello-forge": {"name": "hello-forge", "snap-id": "id-of-hello", "channel-map": []},
            r"/dev/api/snaps/metrics": snap,
        },
        own=True,
        secrets=SnapStoreStandIn(Path()).secrets()["snap"],
    ),
    "vscode": Kind(
        lambda url: {"marketplace": url},
        {r"/_apis/public/gallery/extensionquery": gallery(install=1200.0, downloadCount=35.0, averagerating=4.5)},
        own=True,
    ),
    "aur": Kind(lambda url: {"counts": url}, {r"/rpc/v5/info": aur()}),
}
