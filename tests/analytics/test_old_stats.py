"""Figures of earlier scripts, in their three shapes: what is a number of a known meaning, and why the rest is not."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from deployforge_tasks.analytics.old_stats import OldStats, read
from deployforge_tasks.core.downloads import Kind, Unit
from deployforge_tasks.core.errors import ConfigError

AT = datetime(2025, 8, 22, 10, 30, tzinfo=UTC)
#: As the shell tracker writes it: one key stands there twice, and 0 is what every failure looks like.
CHANNELS = """{
  "timestamp": "2025-08-22T10:30:00Z",
  "total_downloads": 0,
  "channels": {
    "npm": {"downloads": 1876, "url": "https://npm.example/package/hello", "status": "success"},
    "pypi": {"downloads": null, "url": "https://pypi.example/project/hello/", "status": "published_no_stats"},
    "docker_hub": {"downloads": 290, "url": "https://hub.example/r/makers/hello", "status": "success"},
    "crates_io": {"downloads": 42, "url": "https://crates.example/crates/hello-client", "status": "success"},
    "github_releases": {"downloads": 0, "url": "https://git.example/releases", "status": "success"},
    "homebrew": {"downloads": 12, "url": "", "status": "success"},
    "snap": {"downloads": 10485760, "url": "", "status": "success"},
    "aur": {"downloads": 0.27, "url": "", "status": "success"},
    "vscode_marketplace": {"downloads": 0, "url": "", "status": "not_published"},
    "chocolatey": {"downloads": 0, "url": "", "status": "not_available"},
    "winget": {"downloads": 5, "url": "", "status": "success"}
  },
  "total_downloads": 2208
}"""
PLATFORMS = {
    "metadata": {"last_updated": "2025-08-22T10:30:00", "version": "1.0"},
    "platform_downloads": {"npm": 1876, "pypi": 120, "docker_hub": 290, "total": 2286},
    "platform_status": {"npm": "working", "pypi": "working"},
    "success_metrics": {"growth": "working"},
}
FLAT = {"last_updated": "2025-08-22T12:30:00+02:00", "github_releases": 84, "npm": 1876, "docker_hub": 7, "pypi": 0}


def numbers(found: OldStats) -> dict[str, tuple[Kind, int, str]]:
    return {one.platform: (one.counter.kind, one.count, one.counter.subject) for one in found.counts}


def reasons(found: OldStats) -> dict[str, str]:
    return {left.field: left.reason for left in found.left_out}


def test_channels_give_rolling_sums_and_totals_with_what_they_are_about() -> None:
    found = read(CHANNELS, "stats.json")
    assert found.at == AT
    assert numbers(found) == {
        "npm": (Kind.WINDOW, 1876, "hello"),
        "docker": (Kind.TOTAL, 290, "makers/hello"),
        "crates": (Kind.TOTAL, 42, "hello-client"),
    }
    assert {c.platform: c.counter.window_days for c in found.counts if c.counter.kind is Kind.WINDOW} == {"npm": 30}
    assert next(c for c in found.counts if c.platform == "docker").counter.unit is Unit.PULLS


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ("pypi", 'it has no number (status "published_no_stats")'),
        ("github_releases", "the shell ones always find 0"),
        ("homebrew", "a page that has no count"),
        ("snap", "`download_size`"),
        ("aur", "`Popularity`"),
        ("vscode_marketplace", "always 0"),
        ("chocolatey", "always 0"),
        ("winget", "no platform of this name had a counter"),
        ("total_downloads", "stands there twice, as 0 and as 2208; and it adds rolling sums"),
    ],
)
def test_what_never_was_a_count_of_channels_is_left_out_with_the_reason(field: str, said: str) -> None:
    assert said in reasons(read(CHANNELS, "stats.json"))[field]


def test_the_second_shape_has_its_time_beside_and_statuses_that_say_nothing() -> None:
    found = read(json.dumps(PLATFORMS), "stats.json")
    assert found.at == AT
    assert numbers(found) == {
        "npm": (Kind.WINDOW, 1876, ""),
        "pypi": (Kind.WINDOW, 120, ""),
        "docker": (Kind.TOTAL, 290, ""),
    }
    assert reasons(found) == {
        "platform_status": "the script writes the same words whatever happened: they say nothing",
        "success_metrics": "the script writes the same words whatever happened: they say nothing",
        "total": "it adds rolling sums of 30 days to all-time numbers",
    }


def test_the_flat_shape_asked_for_another_image() -> None:
    found = read(json.dumps(FLAT), "stats.json")
    assert found.at == AT
    assert numbers(found) == {"npm": (Kind.WINDOW, 1876, "")}
    told = reasons(found)
    assert set(told) == {"github_releases", "docker_hub", "pypi"}
    assert "another repository" in told["docker_hub"]
    assert told["pypi"] == "the scripts write 0 for every failure, too"


def test_a_number_that_stands_there_twice_is_taken_if_both_say_the_same() -> None:
    same = '{"last_updated": "2025-08-22", "github_releases": 0, "npm": 5, "npm": 5}'
    assert [one.count for one in read(same, "stats.json").counts] == [5]


@pytest.mark.parametrize(
    "text",
    [
        '{"last_updated": "2025-08-22", "github_releases": 0, "npm": 5, "npm": 6}',
        '{"timestamp": "2025-08-22", "channels": {"npm": {"downloads": 5, "downloads": 6}}}',
        '{"timestamp": "2025-08-22", "channels": {"npm": {"downloads": 5}, "npm": {"downloads": 6}}}',
    ],
)
def test_numbers_that_contradict_each_other_are_both_left_out(text: str) -> None:
    found = read(text, "stats.json")
    assert found.counts == ()
    assert "stands there twice" in reasons(found)["npm"]


@pytest.mark.parametrize("value", ["-1", "1.5", '"7"', "true", "[]", "NaN"])
def test_what_is_no_count_is_left_out(value: str) -> None:
    found = read(f'{{"last_updated": "2025-08-22", "github_releases": 0, "npm": {value}}}', "stats.json")
    assert found.counts == ()
    assert "is no count" in reasons(found)["npm"]


def test_a_byte_order_mark_is_no_hindrance() -> None:
    assert read("\ufeff" + json.dumps(FLAT), "stats.json").counts != ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("[]", "has no object at its top"),
        ("{}", "has none of the shapes"),
        ('{"channels": []}', "has none of the shapes"),
        ('{"channels": {}}', "does not say when"),
        ('{"channels": {}, "timestamp": "yesterday"}', "does not say when"),
        ('{"channels": {}, "timestamp": 5}', "does not say when"),
        ('{"metadata": [], "platform_downloads": {}}', "does not say when"),
    ],
)
def test_a_file_of_another_kind_is_refused(text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(text, "stats.json")
    assert said in caught.value.message
    assert caught.value.code == "DF3333"


@pytest.mark.parametrize("when", ["2099-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_a_time_that_cannot_be_is_refused(when: str) -> None:
    with pytest.raises(ConfigError, match="were read"):
        read(CHANNELS.replace("2025-08-22T10:30:00Z", when), "stats.json")


def test_a_time_of_another_zone_is_not_later_than_now() -> None:
    now = AT - timedelta(hours=9)
    assert read(CHANNELS, "stats.json", now).at == now


@pytest.mark.parametrize(
    "url", ["https://[npm.example/hello", "https://npm.example/\\ud800", "https://npm.example/\\u0000"]
)
def test_an_address_that_names_nothing_leaves_the_subject_open(url: str) -> None:
    found = read(CHANNELS.replace("https://npm.example/package/hello", url), "stats.json")
    assert numbers(found)["npm"] == (Kind.WINDOW, 1876, "")


def test_a_number_that_no_ledger_can_hold_is_no_count() -> None:
    assert reasons(read(CHANNELS.replace("1876", str(2**63)), "stats.json"))["npm"] == f"{2**63} is no count"
