"""Collecting from the real platforms: what their sources tell arrives in the ledger as it was told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.operations.stats import collect, downloads
from deployforge_tasks.platforms.registry import load, platforms
from deployforge_tasks.project.load import Loaded
from tests.support.counts import SOURCES, counted, pypistats
from tests.support.jobs import PROJECT

COUNTING = sorted(SOURCES)
TODAY = datetime.now(UTC).date()
SINCE = TODAY - timedelta(days=3000)


@pytest.fixture
def sources(tmp_path: Path) -> Iterator[dict[str, dict[str, Any]]]:
    """The options that point each platform at its source."""
    with ExitStack() as stack:
        yield {name: stack.enter_context(counted(name, tmp_path / name)).options for name in COUNTING}


def project(folder: Path, options: dict[str, dict[str, Any]]) -> Loaded:
    (folder / "p").mkdir(exist_ok=True)
    file = folder / "p" / "deployforge.yml"
    enabled = {name: {"enabled": name in options, **options.get(name, {})} for name in platforms()}
    own = {**PROJECT, "version": "1.0.0", "artifacts": {"targets": ["linux/amd64", "windows/amd64"]}}
    file.write_text(yaml.safe_dump({**own, "platforms": enabled}), "utf-8")
    secrets = {"SNAPCRAFT_STORE_CREDENTIALS": SOURCES["snap"].secrets["credentials"]}
    return load(file, environ=secrets)


def test_every_platform_that_counts_is_collected(
    tmp_path: Path, sources: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPCRAFT_STORE_CREDENTIALS", SOURCES["snap"].secrets["credentials"])
    loaded = project(tmp_path, sources)
    found = {p.platform: p.outcome for p in collect(loaded).platforms}
    assert found == dict.fromkeys(COUNTING, "collected")
    known = {p.platform: p for p in downloads(loaded, SINCE, TODAY).platforms}
    assert (known["github"].total, known["docker"].total, known["chocolatey"].total) == (84, 290, 101)
    assert [(w.days, w.count) for w in known["homebrew"].windows] == [(30, 1234), (90, 3456), (365, 12345)]
    assert known["aur"].total is None


def test_parts_come_from_whichever_source_has_them(
    tmp_path: Path, sources: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPCRAFT_STORE_CREDENTIALS", SOURCES["snap"].secrets["credentials"])
    loaded = project(tmp_path, {name: sources[name] for name in ("npm", "pypi", "snap")})
    collect(loaded)
    npm, pypi, snap = downloads(loaded, SINCE, TODAY).platforms
    assert {(p.source, p.window is not None) for p in npm.versions} == {("npm", True)}
    assert {(p.source, p.daily is not None) for p in (*pypi.countries, *pypi.versions)} == {("clickpy", True)}
    assert pypi.source == "pypistats"
    for parts in (snap.countries, snap.versions, snap.targets):
        assert {(p.source, p.level is not None and p.level.days is not None) for p in parts} == {("snap store", True)}


def test_asking_again_tells_nothing_twice(
    tmp_path: Path, sources: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SNAPCRAFT_STORE_CREDENTIALS", SOURCES["snap"].secrets["credentials"])
    loaded = project(tmp_path, sources)
    collect(loaded)
    before = downloads(loaded, SINCE, TODAY).platforms
    assert {p.outcome for p in collect(loaded, force=True).platforms} <= {"collected", "unchanged"}
    after = downloads(loaded, SINCE, TODAY).platforms
    assert [(p.total, p.daily and p.daily.counts) for p in after] == [
        (p.total, p.daily and p.daily.counts) for p in before
    ]


def test_a_registry_that_nobody_counts_for_is_told_with_the_reason(tmp_path: Path) -> None:
    loaded = project(tmp_path, {"npm": {"registry": "http://127.0.0.1:9"}})
    (npm,) = collect(loaded).platforms
    assert (npm.outcome, npm.reason.partition(";")[0]) == (
        "none",
        "api.npmjs.org does not count for 127.0.0.1:9",
    )


def test_a_source_that_lies_changes_nothing_of_what_is_known(tmp_path: Path) -> None:
    with counted("pypi", tmp_path / "source") as pypi:
        del pypi.options["clickhouse"]
        pypi.source.answers[r"/api/packages/hello-forge/overall"] = pypistats()
        loaded = project(tmp_path, {"pypi": pypi.options})
        collect(loaded)
        before = downloads(loaded, SINCE, TODAY).platforms[0].daily
        assert before is not None
        pypi.source.answers[r"/api/packages/hello-forge/overall"] = {"package": "hello-forge", "data": [{"date": "?"}]}
        (told,) = collect(loaded, force=True).platforms
        assert told.outcome == "failed"
        assert told.error is not None
        assert told.error.code == "DF3230"
        after = downloads(loaded, SINCE, TODAY).platforms[0].daily
        assert after is not None
        assert after.counts == before.counts
