"""A week in a few lines: what matters comes first, and what is about other days does not look like news."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta

from deployforge_tasks.analytics.costs import cost_table
from deployforge_tasks.analytics.digest import digest
from deployforge_tasks.analytics.insight import Certainty, Confidence, Fact, Insight, Insights, Kind
from deployforge_tasks.analytics.report import Report, RunLine, summary
from deployforge_tasks.analytics.report_page import html
from deployforge_tasks.analytics.report_text import markdown
from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
from deployforge_tasks.core.downloads import Unit
from deployforge_tasks.project.schema_analytics import Costs
from tests.analytics.planted import platform

MONDAY = date(2026, 11, 16)
SUNDAY = MONDAY + timedelta(days=6)
EARLIER = MONDAY - timedelta(days=7)


def said(sentence: str, kind: Kind = Kind.CHANGE, *, weight: float = 0.5, day: date | None = None) -> Insight:
    """A statement, about one day if one is given."""
    days = (day, day) if day else None
    return Insight(kind, sentence, ("npm",), (), Confidence(Certainty.SURE), weight, days=days)


def week(
    *found: Insight,
    now: Sequence[PlatformDownloads] = (),
    before: Sequence[PlatformDownloads] = (),
    runs: Sequence[RunLine] = (),
) -> Report:
    """The report of a week with these statements."""
    insights = Insights("hello", "", MONDAY - timedelta(days=364), SUNDAY, found, ())
    counted = Downloads("hello", "", MONDAY, SUNDAY, tuple(now))
    return Report(
        "hello",
        "",
        MONDAY,
        SUNDAY,
        datetime(2026, 11, 23, tzinfo=UTC),
        counted,
        Downloads("hello", "", EARLIER, MONDAY - timedelta(days=1), tuple(before)),
        cost_table(counted, Costs(), (), {}),
        tuple(runs),
        insights,
    )


def run(number: int, version: str, reasons: Mapping[str, str] | None = None, **platforms: str) -> RunLine:
    at = datetime(2026, 11, 17, tzinfo=UTC)
    return RunLine(number, version, at, "done", platforms, reasons or {})


def sections(report: Report) -> dict[str, tuple[str, ...]]:
    return {section.title: section.entries for section in digest(report).sections}


def test_the_first_line_is_the_week_with_what_was_counted_against_the_week_before() -> None:
    made = week(
        now=[platform([10] * 7, first=MONDAY), platform([50] * 7, "docker", unit=Unit.PULLS, first=MONDAY)],
        before=[platform([8] * 7, first=EARLIER), platform([100] * 7, "docker", unit=Unit.PULLS, first=EARLIER)],
    )
    assert digest(made).head == (
        "2026-W47 (2026-11-16 to 2026-11-22): 350 pulls (-50% against the week before)"
        " and 70 downloads (+25% against the week before)"
    )


def test_a_week_before_that_nobody_knows_is_no_growth() -> None:
    made = week(now=[platform([10] * 7, first=MONDAY)])
    assert digest(made).head.endswith("70 downloads (the week before is not known)")


def test_one_is_told_as_one() -> None:
    made = week(now=[platform([1], first=MONDAY)])
    assert "1 download (" in digest(made).head
    assert next(iter(summary(made))) == "1 download was counted"


def test_a_week_of_which_nothing_is_known_is_no_zero() -> None:
    assert digest(week()).head.endswith("no count is known")


def test_one_is_told_as_one_in_a_report() -> None:
    made = week(now=[platform([1, *[0] * 6], first=MONDAY)])
    assert "| 1 download |" in markdown(made)
    assert "1 downloads" not in html(made)


def test_a_change_of_one_platform_alone_says_that_the_others_are_not_in_it() -> None:
    made = week(
        now=[platform([10] * 7, first=MONDAY), platform([10] * 7, "pypi", first=MONDAY)],
        before=[platform([8] * 7, first=EARLIER)],
    )
    assert digest(made).head.endswith("140 downloads (+25% against the week before, where known)")


def test_versions_are_told_with_the_platforms_that_got_them() -> None:
    made = week(runs=[run(2, "1.1.0", npm="published", pypi="published"), run(1, "1.0.0", npm="published")])
    assert sections(made)["Released"] == ("1.1.0: npm, pypi", "1.0.0: npm")


def test_a_week_without_a_release_says_so() -> None:
    assert sections(week()) == {"Released": ("nothing",)}


def test_what_failed_is_told_with_its_reason() -> None:
    made = week(runs=[run(1, "1.0.0", {"pypi": "publish: the token was refused"}, npm="published", pypi="failed")])
    assert sections(made)["Not released"] == ("1.0.0, pypi: publish: the token was refused (run 1)",)


def test_what_a_later_run_mended_is_no_failure_any_more() -> None:
    made = week(runs=[run(2, "1.0.0", pypi="published"), run(1, "1.0.0", pypi="failed")])
    assert "Not released" not in sections(made)


def test_what_happened_in_the_week_comes_before_what_happened_earlier_and_what_lasts() -> None:
    made = week(
        said("it grows", Kind.GROWTH, weight=0.9),
        said("it fell last month", day=MONDAY - timedelta(days=10), weight=0.8),
        said("it rose on Tuesday", day=MONDAY + timedelta(days=1), weight=0.3),
    )
    assert [*sections(made)] == ["Released", "In these days", "In the weeks before", "In the long run"]
    assert sections(made)["In these days"] == ("it rose on Tuesday",)
    assert sections(made)["In the weeks before"] == ("it fell last month",)


def test_what_began_in_the_week_comes_before_what_goes_on_in_it() -> None:
    silent = Insight(
        Kind.SILENCE, "silent for weeks", ("a",), (), Confidence(Certainty.SURE), 0.9, days=(EARLIER, SUNDAY)
    )
    made = week(silent, said("it rose on Tuesday", day=MONDAY + timedelta(days=1), weight=0.1))
    assert sections(made)["In these days"] == ("it rose on Tuesday", "silent for weeks")


def test_a_launch_belongs_to_the_week_of_its_days() -> None:
    facts = (Fact("released", str(MONDAY - timedelta(days=3))),)
    launch = Insight(Kind.LAUNCH, "v1.1.0 had many", ("npm",), facts, Confidence(Certainty.COUNTED), 0.2)
    assert sections(week(launch))["In these days"] == ("v1.1.0 had many",)


def test_what_was_long_ago_is_not_told() -> None:
    assert sections(week(said("it fell in May", day=date(2026, 5, 5)))) == {"Released": ("nothing",)}


def test_statements_about_no_days_stay_in_the_report() -> None:
    assert sections(week(said("npm has the most", Kind.COMPARISON))) == {"Released": ("nothing",)}


def test_the_long_run_is_two_sentences_of_different_sorts() -> None:
    made = week(
        said("npm grows", Kind.GROWTH, weight=0.9),
        said("pypi grows", Kind.GROWTH, weight=0.8),
        said("npm will have", Kind.FORECAST, weight=0.4),
    )
    assert sections(made)["In the long run"] == ("npm grows", "npm will have")


def test_a_section_has_five_entries_at_most() -> None:
    made = week(runs=[run(n, f"1.{n}.0", npm="published") for n in range(9, 0, -1)])
    assert sections(made)["Released"][-2:] == ("1.5.0: npm", "and 4 more")


def test_what_the_ledger_has_of_that_time_is_told_with_it() -> None:
    fell = Insight(
        Kind.CHANGE,
        "npm fell",
        ("npm",),
        (),
        Confidence(Certainty.SURE),
        0.5,
        causes=("publish of v1.1.0 failed on 2026-11-17",),
        days=(MONDAY, SUNDAY),
    )
    assert sections(week(fell))["In these days"] == ("npm fell (at that time: publish of v1.1.0 failed on 2026-11-17)",)


def test_a_week_before_without_any_is_known() -> None:
    now = [platform([10] * 7, first=MONDAY)]
    made = week(now=now, before=[platform([0] * 7, first=EARLIER)])
    assert digest(made).head.endswith("70 downloads (none in the week before)")
    assert digest(week(now=now, before=[platform([0] * 6 + [None], first=EARLIER)])).head.endswith("is not known)")
