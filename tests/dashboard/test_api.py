"""The JSON API, the badge, the metrics and the feed, each held to what others expect of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from deployforge_tasks.access.roles import Visitor
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.ledger.model import Key
from deployforge_tasks.ledger.store import Ledger
from tests.dashboard.site import Site, keep_downloads

ATOM = "{http://www.w3.org/2005/Atom}"

#: The interface that the dashboard was asked for, word by word (`DeploymentDashboard`, TypeScript).
INTERFACE: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["platforms", "analytics", "history"],
    "properties": {
        "platforms": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": False,
                "required": ["status", "progress", "logs", "duration"],
                "properties": {
                    "status": {"enum": ["pending", "deploying", "success", "failed", "skipped"]},
                    "progress": {"type": "number"},
                    "logs": {"type": "array", "items": {"type": "string"}},
                    "duration": {"type": "number"},
                    "error": {"type": "string"},
                },
            },
        },
        "analytics": {
            "type": "object",
            "additionalProperties": False,
            "required": ["total_downloads", "downloads_by_platform", "downloads_over_time"],
            "properties": {
                "total_downloads": {"type": "number"},
                "downloads_by_platform": {"type": "object", "additionalProperties": {"type": "number"}},
                "downloads_over_time": {
                    "type": "array",
                    "items": {"type": "object", "required": ["date", "downloads"]},
                },
            },
        },
        "history": {"type": "array", "items": {"type": "object", "required": ["run", "version", "platforms"]}},
    },
}


@pytest.fixture
def busy(site: Site) -> Site:
    """A finished run, one that goes on, and downloads of three kinds."""
    site.record([("npm", "publish", "ok", 1.5, ""), ("pypi", "publish", "ok", 1.0, "")])
    stages = [("npm", "publish", "ok", 1.5, ""), ("pypi", "publish", "failed", 2.0, "403 Forbidden")]
    site.record([*stages, ("crates", "render", "ok", 0.5, "")], outcome=None, logs=2)
    midnight = site.desk.now().replace(hour=0, minute=0, second=0, microsecond=0)
    days = tuple(Reading(midnight - timedelta(days=number), 10) for number in (4, 3, 2))
    now = (Reading(site.desk.now(), 1000),)
    keep_downloads(site, "npm", Series(Counter("npm", "h", Kind.DAILY, headline=True), days, "a", ""))
    keep_downloads(site, "crates", Series(Counter("crates", "h", Kind.TOTAL, headline=True), now, "a", ""))
    window = Counter("pypi", "h", Kind.WINDOW, window_days=30, headline=True)
    keep_downloads(site, "pypi", Series(window, (Reading(site.desk.now(), 500),), "a", ""))
    return site


def families(text: str) -> list[Metric]:
    return list(text_string_to_metric_families(text))  # type: ignore[no-untyped-call]  # the library has no types


def document(site: Site, path: str) -> Any:
    answer = site.client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_the_dashboard_document_is_the_interface_that_was_asked_for(busy: Site) -> None:
    jsonschema.validate(document(busy, "/api/v1/dashboard"), INTERFACE)


def test_so_it_is_before_anything_has_happened(site: Site) -> None:
    found = document(site, "/api/v1/dashboard")
    jsonschema.validate(found, INTERFACE)
    assert set(found["platforms"]) == set(site.desk.loaded.options)


def test_a_platform_tells_its_state_what_went_wrong_and_its_newest_lines(busy: Site) -> None:
    found = document(busy, "/api/v1/dashboard")["platforms"]
    assert (found["pypi"]["status"], found["pypi"]["error"]) == ("failed", "403 Forbidden")
    assert found["pypi"]["logs"] == ["line 0 of publish", "line 1 of publish"]
    assert "error" not in found["npm"]
    assert found["crates"]["status"] == "pending"  # rendered, and waits for its turn
    assert 0 < found["crates"]["progress"] < 100


def test_rolling_sums_are_never_added(busy: Site) -> None:
    analytics = document(busy, "/api/v1/dashboard")["analytics"]
    assert analytics["downloads_by_platform"] == {"npm": 30, "crates": 1000}
    assert analytics["total_downloads"] == 1030


def test_each_platform_says_what_of_it_is_in_the_total(busy: Site) -> None:
    found = {one["platform"]: one for one in document(busy, "/api/v1/downloads")["platforms"]}
    assert {name: found[name]["basis"] for name in ("npm", "crates", "pypi")} == {
        "npm": "days",
        "crates": "total",
        "pypi": "none",
    }
    assert found["pypi"]["windows"] == {"30": 500}


def test_runs_are_listed_and_found_by_number(busy: Site) -> None:
    newest, before = document(busy, "/api/v1/runs")
    assert (newest["run"], newest["outcome"]) == (2, None)
    assert document(busy, "/api/v1/runs/1") == before


def test_a_run_that_is_not_there_is_not_found(busy: Site) -> None:
    answer = busy.client.get("/api/v1/runs/99")
    assert answer.status_code == 404
    assert answer.json()["error"]["id"] == "DF1361"


def test_a_log_is_read_on_from_a_line(busy: Site) -> None:
    lines = document(busy, "/api/v1/runs/2/log?limit=2")
    more = document(busy, f"/api/v1/runs/2/log?after={lines[-1]['number']}&limit=1")
    assert [line["text"] for line in lines] == ["line 0 of publish", "line 1 of publish"]
    assert more[0]["number"] > lines[-1]["number"]


def test_who_may_not_read_logs_gets_none(busy: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy.door, "visitor", lambda _: Visitor("ann", "viewer", "token"))
    assert busy.client.get("/api/v1/runs/2/log").status_code == 403
    assert busy.client.get("/events?log=2:0").status_code == 403
    assert document(busy, "/api/v1/dashboard")["platforms"]["pypi"]["logs"] == []


def test_days_the_wrong_way_round_are_told(site: Site) -> None:
    answer = site.client.get("/api/v1/downloads?since=2026-02-01&until=2026-01-01")
    assert answer.json()["error"]["id"] == "DF3603"


def test_every_address_is_described_and_listed(site: Site) -> None:
    described = set(document(site, "/api/openapi.json")["paths"])
    assert {"/api/v1/dashboard", "/api/v1/runs/{number}/log", "/api/v1/status", "/api/v1/downloads"} <= described
    html = site.client.get("/api").text
    assert all(path in html for path in described)


def test_the_badge_says_state_and_version_in_words(busy: Site) -> None:
    answer = busy.client.get("/badge/pypi.svg")
    root = ElementTree.fromstring(answer.text)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"].endswith("failed")
    assert "running" in ElementTree.fromstring(busy.client.get("/badge.svg").text).attrib["aria-label"]


def test_a_badge_that_has_not_changed_is_not_sent_again(busy: Site) -> None:
    tag = busy.client.get("/badge.svg").headers["etag"]
    assert busy.client.get("/badge.svg", headers={"If-None-Match": tag}).status_code == 304


def test_a_platform_that_is_not_there_has_no_badge(site: Site) -> None:
    assert site.client.get("/badge/%3Cb%3E.svg").status_code == 404


def test_the_metrics_are_read_by_the_parser_of_those_who_collect_them(busy: Site) -> None:
    answer = busy.client.get("/metrics")
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    found = {family.name: family for family in families(answer.text)}
    states = {
        sample.labels["platform"]: sample.labels["deployforge_platform_state"]
        for sample in found["deployforge_platform_state"].samples
        if sample.value == 1
    }
    assert states == {"npm": "queued", "pypi": "failed", "crates": "queued"}
    totals = {sample.labels["platform"]: sample.value for sample in found["deployforge_downloads"].samples}
    days = {sample.labels["platform"]: sample.value for sample in found["deployforge_downloads_period"].samples}
    assert (found["deployforge_downloads"].type, totals) == ("counter", {"crates": 1000})
    assert days["npm"] == 30


def test_the_metrics_of_an_idle_project_can_be_read_too(site: Site) -> None:
    assert families(site.client.get("/metrics").text)


def test_the_feed_has_what_atom_asks_for(site: Site) -> None:
    key = Key(site.desk.project, "", "npm", "1.0.0")
    ledger = Ledger.open(site.desk.ledger_url)
    ledger.receive(ledger.intend(key, "hello", "sha512-x"))
    ledger.close()
    root = ElementTree.fromstring(site.client.get("/feed.xml").text)
    for element in (root, *root.findall(f"{ATOM}entry")):
        for name in ("id", "title", "updated"):
            assert element.findtext(f"{ATOM}{name}")
        assert datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "").tzinfo
    assert root.findtext(f"{ATOM}author/{ATOM}name") == site.desk.project
    assert [entry.findtext(f"{ATOM}summary") for entry in root.findall(f"{ATOM}entry")] == ["1.0.0 is on npm"]


def test_strangers_may_ask_whether_it_is_alive_and_nothing_else(site: Site) -> None:
    site.client.cookies.clear()
    assert site.client.get("/healthz").json() == {"status": "ok"}
    assert site.client.get("/metrics").status_code == 401
    assert site.client.get("/api/v1/dashboard").status_code == 401
