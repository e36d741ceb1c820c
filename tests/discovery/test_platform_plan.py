"""Which platforms are on, which are off, and why."""

from __future__ import annotations

from deployforge_tasks.discovery.draft import draft
from deployforge_tasks.discovery.findings import Fact, Findings, Use
from deployforge_tasks.discovery.platform_plan import PlatformPlan, plan

KNOWN = ("github", "npm", "pypi")


def states(*uses: Use) -> dict[str, tuple[bool, str]]:
    return {one.name: (one.enabled, one.why) for one in plan(uses, KNOWN)}


def test_what_is_published_now_is_on() -> None:
    assert states(Use("npm", "w.yml:1", publishes=True), Use("npm", "package.json")) == {"npm": (True, "")}


def test_what_is_switched_off_is_off_with_the_reason() -> None:
    assert states(Use("npm", "w.yml:9", off="the job never runs")) == {"npm": (False, "the job never runs (w.yml:9)")}


def test_one_place_that_publishes_outweighs_another_that_is_off() -> None:
    assert states(Use("npm", "a.yml", off="off"), Use("npm", "b.yml", publishes=True)) == {"npm": (True, "")}


def test_mere_files_are_off_where_something_is_published() -> None:
    found = states(Use("npm", "package.json"), Use("pypi", "w.yml", publishes=True))

    assert found["npm"] == (False, "there are files for it, and nothing publishes them")


def test_mere_files_are_on_where_nothing_is_published_yet() -> None:
    assert states(Use("npm", "package.json")) == {"npm": (True, "")}


def test_the_hub_comes_first() -> None:
    uses = [Use("pypi", "a"), Use("npm", "b"), Use("github_release", "c")]

    assert [one.name for one in plan(uses, KNOWN)] == ["github", "npm", "pypi"]


def test_a_persons_choice_counts_alone() -> None:
    plans = plan([Use("npm", "a", publishes=True)], KNOWN, wanted=["pypi"])

    assert plans == (
        PlatformPlan("npm", False, "not chosen", ("a",)),
        PlatformPlan("pypi", True, "", ()),
    )


def test_a_platform_that_is_not_known_stays_as_a_comment_with_what_was_found() -> None:
    found = Findings(
        facts=(Fact("name", "elk", "go.mod"), Fact("platforms.no_such_store.app", "elk", "store.json:1")),
        uses=(Use("no_such_store", "store.json", publishes=True),),
    )

    entry = next(e for e in draft(found).entries if e.path == ("platforms", "no_such_store"))

    assert entry.aside
    assert entry.value == {"app": "elk"}
