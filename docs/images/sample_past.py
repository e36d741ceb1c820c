"""A made-up past of the sample project, for pictures: releases, one that goes on, downloads, and the trail.

It is the same each time but for its dates, which are counted back from now.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import insert, update

from deployforge_tasks.core.downloads import Counter, Gap, Kind, Reading, Series, Unit
from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger import tables
from deployforge_tasks.ledger.database import open_engine, writing
from deployforge_tasks.ledger.model import Key, Scope, Try
from deployforge_tasks.ledger.store import Ledger

ROOT = Path(__file__).parents[2]
PROJECT = "hello-forge"
TARGETS = ("linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64")
#: Seconds that publishing takes, about; what waits for GitHub is in `_AFTER_GITHUB`.
_PUBLISH = {
    "github": 14.0, "npm": 4.0, "github_packages": 5.0, "pypi": 6.0, "docker": 31.0, "homebrew": 5.0,
    "scoop": 4.0, "aur": 7.0, "chocolatey": 9.0, "crates": 12.0, "vscode": 8.0, "snap": 22.0,
}  # fmt: skip
_AFTER_GITHUB = ("homebrew", "scoop", "aur", "chocolatey", "crates")
_DAYS = 200


@dataclass(frozen=True)
class Release:
    """A run: `ago` is how long ago it began, `failed` what went wrong by platform, `until` when it is looked at."""

    version: str
    ago: timedelta
    actor: str
    platforms: Sequence[str] = tuple(_PUBLISH)
    failed: dict[str, str] = field(default_factory=dict)
    until: float | None = None


def _days(count: float) -> timedelta:
    return timedelta(days=count, hours=3, minutes=17)


#: Seconds that the newest run has gone on.
_SO_FAR = 33.0
_DENIED = "403 Forbidden: the token may not upload to hello-forge"
RELEASES = (
    Release("1.0.0", _days(143), "mara"),
    Release("1.1.0", _days(118), "github-actions"),
    Release("1.2.0", _days(96), "github-actions", failed={"snap": "the login to the store has ended"}),
    Release("1.2.0", _days(96) - timedelta(minutes=24), "mara", platforms=("snap",)),
    Release("1.3.0", _days(64), "github-actions"),
    Release("1.3.1", _days(57), "jonas"),
    Release("1.4.0", _days(31), "github-actions", failed={"chocolatey": "504 Gateway Timeout, four times"}),
    Release("1.4.0", _days(31) - timedelta(hours=1), "jonas", platforms=("chocolatey",)),
    Release("1.4.1", _days(9), "github-actions", failed={"pypi": _DENIED}),
    Release("1.5.0", timedelta(seconds=_SO_FAR), "mara", failed={"pypi": _DENIED}, until=_SO_FAR),
)


def make_project(folder: Path) -> Path:
    """The sample project in a folder, with prices; returns its `deployforge.yml`."""
    config = yaml.safe_load((ROOT / "deployforge.yml").read_text("utf-8"))
    del config["credentials"]
    config |= {
        "version": "1.5.0",
        "costs": {"minute": 0.008, "budget": 25, "platforms": {"docker": {"monthly": 11}}},
    }
    file = folder / "deployforge.yml"
    file.write_text(yaml.safe_dump(config), "utf-8")
    return file


def make_past(url: str) -> None:
    """Fill an empty ledger. The newest run seems to go on."""
    now = datetime.now(UTC)
    ledger = Ledger.open(url)
    engine = open_engine(url)
    for release in RELEASES:
        _run(ledger, engine, release, now - release.ago)
    _downloads(ledger, now)
    with writing(engine) as connection:
        connection.execute(insert(tables.trail), list(_deeds(now)))
    ledger.close()
    engine.dispose()


def _run(ledger: Ledger, engine: Any, release: Release, began: datetime) -> None:
    run = ledger.start_run(PROJECT, "", release.version, f"deployforge deploy {release.version}", actor=release.actor)
    journal = ledger.listener(run)
    data = {"project": PROJECT, "version": release.version, "run": run, "platforms": list(release.platforms)}
    journal(Event("run_started", data=data, at=began))
    last, published = 0.0, dict[str, float]()
    for seconds, event in sorted(_events(release), key=lambda pair: pair[0]):
        if release.until is None or seconds <= release.until:
            journal(Event(event.kind, event.platform, event.stage, event.data, began + timedelta(seconds=seconds)))
            last = seconds
            if (event.stage, event.data.get("outcome")) == ("publish", "ok"):
                published[str(event.platform)] = seconds
    for name, seconds in published.items():
        ledger.receive(ledger.intend(Key(PROJECT, "", name, release.version), "package", "sha256:0"))
        mine = (tables.receipts.c.platform == name) & (tables.receipts.c.version == release.version)
        with writing(engine) as connection:
            connection.execute(update(tables.receipts).where(mine).values(at=began + timedelta(seconds=seconds)))
    ended = began + timedelta(seconds=last + 0.4)
    # The first process of the machine stands for the one that still works: this one is younger than its run.
    row: dict[str, Any] = {"started_at": began, "pid": 1}
    if release.until is None:
        outcome, code = ("failed", 7) if release.failed else ("ok", 0)
        journal(Event("run_finished", data={"outcome": outcome, "exit_code": code}, at=ended))
        ledger.finish_run(run, outcome, code)
        row["finished_at"] = ended
    journal.flush()
    with writing(engine) as connection:
        connection.execute(update(tables.runs).where(tables.runs.c.id == run).values(**row))


def _events(release: Release) -> Iterable[tuple[float, Event]]:
    """What happens in a run, by the seconds since it began; two release files are built at a time."""
    chance = random.Random(release.version + release.actor)
    lanes = [0.5, 0.7]
    for target in TARGETS:
        lane = lanes.index(min(lanes))
        took = chance.uniform(4, 7)
        more = {"target": target}
        yield lanes[lane], Event("stage_started", None, "build", {**more, "waited": lanes[lane]})
        yield lanes[lane] + took, Event("stage_finished", None, "build", {**more, "outcome": "ok", "seconds": took})
        lanes[lane] += took
    built, github = max(lanes), 0.0
    for name in sorted(release.platforms, key=lambda name: name in _AFTER_GITHUB):
        at = 0.3
        for stage in ("render", "package", "preflight", "publish", "verify"):
            if stage == "package":
                at = max(at, built)
            if stage == "publish" and name in _AFTER_GITHUB:
                at = max(at, github)
            usual = {"publish": _PUBLISH[name], "verify": 4.0, "preflight": 1.6}.get(stage, 0.9)
            took = chance.uniform(0.8, 1.2) * usual
            wrong = release.failed.get(name, "") if stage == "publish" else ""
            yield from _stage(name, stage, at, took, wrong)
            at += took + 0.05
            if name == "github" and stage == "publish":
                github = at
            if wrong:
                data = {"outcome": "blocked", "seconds": 0.0, "reason": f"publish:{name} failed"}
                yield at, Event("stage_finished", name, "verify", data)
                break


def _stage(name: str, stage: str, at: float, took: float, wrong: str) -> Iterable[tuple[float, Event]]:
    yield at, Event("stage_started", name, stage, {"waited": 0.2})
    says = {
        "render": ["rendered 4 files from the templates"],
        "package": [f"packed {name} with 6 release files", "sha256 sums written"],
        "preflight": ["the name is ours", "the version is new there"],
        "publish": [f"uploading {part} of 6" for part in range(1, 7)] + ["the platform has taken it"],
        "verify": ["installed as a user does", "hello-forge --version says what it should"],
    }[stage]
    for number, text in enumerate(says if not wrong else says[:2]):
        yield at + took * (number + 0.5) / len(says), Event("log", name, stage, {"level": "info", "text": text})
    data: dict[str, Any] = {"outcome": "failed" if wrong else "ok", "seconds": took, "reason": wrong}
    if wrong:
        hint = "make a token for this project, and set it as PYPI_TOKEN" if wrong == _DENIED else "try it again"
        data["error"] = {"message": wrong, "hint": hint, "platform": name, "stage": stage}
        yield at + took - 0.1, Event("log", name, stage, {"level": "warning", "text": wrong})
    yield at + took, Event("stage_finished", name, stage, data)


def _downloads(ledger: Ledger, now: datetime) -> None:
    store, here, midnight = ledger.downloads(), Scope(PROJECT), datetime.combine(now.date(), time(), UTC)
    days = [midnight - timedelta(days=number) for number in range(_DAYS, 0, -1)]
    daily = {
        "npm": ("npm", 420),
        "pypi": ("pypistats", 610),
        "crates": ("crates.io", 130),
        "vscode": ("Marketplace", 90),
    }
    for name, (source, size) in daily.items():
        counts = _curve(name, size)
        known = [Reading(day, count) for day, count in zip(days, counts, strict=True)]
        gaps: tuple[Gap, ...] = ()
        if name == "pypi":
            gaps = (Gap(days[80].date(), days[83].date(), "the source had no numbers for these days"),)
            known = [reading for reading in known if not days[80] <= reading.at <= days[83]]
        counter = Counter(source, PROJECT, Kind.DAILY, headline=True)
        told = [Series(counter, tuple(known), "every download, mirrors left out", "https://counts.example", gaps=gaps)]
        if name == "pypi":
            told += [_country(code, share, known) for code, share in _COUNTRIES.items()]
        _keep(store, here, name, told, now)
    for name, source, size, unit in (
        ("docker", "Docker Hub", 260, Unit.PULLS),
        ("github", "GitHub", 180, Unit.DOWNLOADS),
    ):
        total, readings = 12_000, []
        for day, count in zip(days, _curve(name, size), strict=True):
            total += count
            readings.append(Reading(day + timedelta(hours=23, minutes=50), total))
        counter = Counter(source, PROJECT, Kind.TOTAL, unit=unit, headline=True)
        _keep(
            store, here, name, [Series(counter, tuple(readings), "all there ever were", "https://counts.example")], now
        )


_COUNTRIES = {"US": 0.31, "DE": 0.17, "IN": 0.11, "FR": 0.08, "JP": 0.07, "BR": 0.05, "SE": 0.04}


def _country(code: str, share: float, known: Sequence[Reading]) -> Series:
    counter = Counter("clickpy", PROJECT, Kind.DAILY, country=code)
    readings = tuple(Reading(reading.at, round(reading.count * share)) for reading in known)
    return Series(counter, readings, "rows of the download log", "https://counts.example")


def _keep(store: Any, here: Scope, name: str, told: Sequence[Series], now: datetime) -> None:
    store.keep(here, name, told, now)
    store.record(here, Try(name, now, "collected", "", None))


def _curve(name: str, size: int) -> list[int]:
    """Growth, quiet weekends, and a rise after each release."""
    chance = random.Random(name)
    releases = [round(_DAYS - release.ago / timedelta(days=1)) for release in RELEASES]
    found = []
    for day in range(_DAYS):
        since = min((day - release for release in releases if day >= release), default=60)
        weekend = 0.55 if day % 7 in (2, 3) else 1.0
        found.append(round(size * (0.5 + day / _DAYS) * weekend * (1 + 0.6 * 0.75**since) * chance.uniform(0.9, 1.1)))
    return found


def _deeds(now: datetime) -> Iterable[dict[str, Any]]:
    """Rows of the trail, the oldest first."""
    told = [
        (9.4, "github-actions", "releaser", "token", "deploy", "v1.4.1", "done", {"platforms": "all"}),
        (9.3, "jonas", "releaser", "oidc", "sign-on", "", "done", {}),
        (9.2, "jonas", "releaser", "oidc", "retry", "run 9", "refused", {"reason": "pypi: the token is refused"}),
        (6.1, "mara", "admin", "oidc", "sign-on", "", "done", {}),
        (6.0, "mara", "admin", "oidc", "token.new", "ci", "done", {"role": "releaser", "days": 90}),
        (5.9, "mara", "admin", "oidc", "token.revoke", "ci-old", "done", {}),
        (2.5, "eve", "viewer", "oidc", "settings", "/audit", "refused", {"reason": "the role has no such permission"}),
        (1.2, "jonas", "releaser", "oidc", "approval.ask", "deploy 1.5.0", "done", {}),
        (0.2, "mara", "admin", "oidc", "approval.approve", "request 1", "done", {"asked_by": "jonas"}),
        (0.001, "mara", "admin", "oidc", "deploy", "v1.5.0", "done", {"reason": "the release of the month"}),
    ]
    for days, actor, role, method, action, subject, outcome, detail in told:
        yield {
            "at": now - timedelta(days=days), "actor": actor, "role": role, "method": method, "origin": "203.0.113.7",
            "action": action, "project": PROJECT, "profile": "", "subject": subject, "outcome": outcome,
            "detail": detail,
        }  # fmt: skip
