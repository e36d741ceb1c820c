"""The week reaches those who want to know it, once."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller

from deployforge_tasks.analytics.digest import digest
from deployforge_tasks.core.downloads import Counter, Kind, Reading, Series
from deployforge_tasks.graph.context import ledger_url
from deployforge_tasks.ledger.model import Scope, Try
from deployforge_tasks.ledger.store import Ledger
from deployforge_tasks.notify.discord import LONGEST_DESCRIPTION
from deployforge_tasks.notify.happening import DIGEST, Happening, Line, Part
from deployforge_tasks.notify.message import HTML, MARKDOWN, PLAIN, SLACK, TELEGRAM, Form, Message, length
from deployforge_tasks.notify.slack import LONGEST_SECTION
from deployforge_tasks.operations.report import report, send_digest
from deployforge_tasks.project.load import Loaded
from tests.dashboard.site import record
from tests.notify.conftest import Load
from tests.notify.services import Services
from tests.notify.test_mail import Inbox, inbox, plain

__all__ = ["inbox", "plain"]

ROUTES = {"routes": [{"events": ["digest"], "channels": ["webhook"]}]}
WEDNESDAY = date(2026, 11, 25)


def test_a_week_is_told_with_its_numbers(services: Services, load: Load) -> None:
    (result,) = send_digest(load(ROUTES), today=WEDNESDAY)
    assert result.outcome == "delivered"
    (told,) = services.got["webhook"]
    text = told.body.decode()
    assert "2026-W47 (2026-11-16 to 2026-11-22)" in text
    assert "no count is known" in text


def test_the_same_week_is_told_once_however_often_it_is_sent(services: Services, load: Load) -> None:
    loaded = load({**ROUTES, "quiet": 0})
    outcomes = [send_digest(loaded, today=WEDNESDAY.replace(day=day))[0].outcome for day in (25, 26, 30)]
    assert outcomes == ["delivered", "quiet", "delivered"]


def test_a_week_goes_by_mail(load: Load, inbox: Inbox, plain: Controller) -> None:
    channel = {"kind": "email", "server": "127.0.0.1", "port": plain.port, "security": "none"}
    route = {"events": ["digest"], "channels": ["mail"]}
    channels = {"mail": {**channel, "from": "bot@example.com", "to": ["team@example.com"]}}
    loaded = load({"channels": channels, "routes": [route]})
    outcomes = [send_digest(loaded, today=WEDNESDAY)[0].outcome for _ in range(2)]
    ((_, mail, _),) = inbox.mails
    body = mail.get_body(("plain",))
    assert outcomes == ["delivered", "quiet"]
    assert mail["Subject"] == "hello-forge: the week"
    assert body is not None
    assert "2026-W47 (2026-11-16 to 2026-11-22)" in body.get_content()


@pytest.mark.parametrize("name", ["npm", "flathub"])
def test_a_week_is_about_every_platform_and_place_that_is_counted(services: Services, load: Load, name: str) -> None:
    routes = [{"events": ["digest"], "channels": ["webhook"], "platforms": [name]}]
    loaded = load({"routes": routes}, analytics={"places": {"flathub": {"app": "com.example.Hello"}}})
    assert [result.outcome for result in send_digest(loaded, today=WEDNESDAY)] == ["delivered"]


def test_a_week_is_told_once_although_a_place_came_in_between(services: Services, load: Load) -> None:
    send_digest(load(ROUTES), today=WEDNESDAY)
    more = load(ROUTES, analytics={"places": {"flathub": {"app": "com.example.Hello"}}})
    assert [result.outcome for result in send_digest(more, today=WEDNESDAY)] == ["quiet"]


def test_where_nobody_wants_it_nobody_is_told(services: Services, load: Load) -> None:
    assert send_digest(load({"error_notifications": ["webhook"]}), today=WEDNESDAY) == ()


SCREENS = Path(__file__).parent / "screens"
FORMS = (PLAIN, MARKDOWN, SLACK, TELEGRAM, HTML)
FIRST, FELL = date(2026, 5, 1), date(2026, 11, 19)


@pytest.fixture
def planted(load: Load) -> Loaded:
    """A project with half a year of downloads: 100 a day, a fall in the week, a rise in October, and a failed run."""
    loaded = load(ROUTES)
    odd = {FELL: 3, date(2026, 11, 2): 400, date(2026, 6, 30): 2}
    days = [FIRST + timedelta(days=n) for n in range((WEDNESDAY - FIRST).days)]
    readings = tuple(Reading(datetime.combine(day, time(), UTC), odd.get(day, 96 + day.day % 9)) for day in days)
    ledger = Ledger.open(ledger_url(loaded))
    now = datetime.combine(WEDNESDAY, time(), UTC)
    here = Scope(loaded.project.name, loaded.profile)
    counter = Counter("npm", "hello", Kind.DAILY, headline=True)
    ledger.downloads().keep(here, "npm", (Series(counter, readings, "every download", ""),), now)
    ledger.downloads().record(here, Try("npm", now, "collected", "", None))
    ledger.close()
    return loaded


def test_the_week_is_told_before_the_year(services: Services, planted: Loaded) -> None:
    pytest.importorskip("statsmodels")
    send_digest(planted, today=WEDNESDAY)
    (told,) = services.got["webhook"]
    text = str(told.json()["text"])
    assert text.splitlines()[0].startswith("2026-W47 (2026-11-16 to 2026-11-22): 6")
    assert "against the week before" in text.splitlines()[0]
    now, _, before = text.partition("In the weeks before:")
    assert "fell on 2026-11-19" in now.partition("In these days:")[2]
    assert "rose on 2026-11-02" in before
    assert "2026-06-30" not in text


def test_a_failed_platform_of_the_week_is_told(planted: Loaded) -> None:
    stages = [("npm", "publish", "ok", 1.0, ""), ("pypi", "publish", "failed", 1.0, "the token was refused")]
    record(ledger_url(planted), planted.project.name, stages, outcome="failed")
    today = datetime.now(UTC).date()
    made = {one.title: one.entries for one in digest(report(planted, since=today, until=today)).sections}
    assert made["Released"] == ("1.0.0: npm",)
    assert made["Not released"] == ("1.0.0, pypi: publish: the token was refused (run 1)",)


def message(happening: Happening) -> Message:
    return Message("1", datetime(2026, 11, 25, tzinfo=UTC), "hello-forge", "", happening)


def happening(platforms: int = 2, entries: int = 1, text: str = "") -> Happening:
    lines = [Line(f"Platform {n}", "ok", f"{1000 * n:,} downloads (+{n}%)") for n in range(platforms, 0, -1)]
    told = (
        ("Released", "1.1.0: npm, pypi"),
        ("Not released", "1.1.0, snap: publish: the store said <no> & *why* (run 7)"),
        ("In these days", "npm fell on 2026-11-19: 3 downloads where about 100 were to be expected"),
        ("In the weeks before", "npm rose on 2026-11-02: 400 downloads where about 100 were to be expected"),
        ("In the long run", "npm grows by 4 % a month"),
    )
    parts = tuple(Part(title, (entry + text,) * entries) for title, entry in told)
    head = "2026-W47 (2026-11-16 to 2026-11-22): 3,000 downloads (+25% against the week before)"
    return Happening(DIGEST, reason=head, hint="`deployforge report` has all of it", lines=tuple(lines), parts=parts)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_the_week_reads_like_this(form: Form) -> None:
    text = message(happening()).text(form, 4000) + "\n"
    file = SCREENS / f"digest-{form.name}.txt"
    if os.environ.get("DEPLOYFORGE_WRITE_SCREENS") == "1":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, "utf-8")
    assert text == file.read_text("utf-8")


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
@pytest.mark.parametrize("limit", [LONGEST_SECTION, LONGEST_DESCRIPTION, 1500])
def test_a_week_is_never_longer_than_a_service_takes_and_keeps_what_matters(form: Form, limit: int) -> None:
    text = message(happening(platforms=40, entries=5, text=" & more" * 100)).text(form, limit)
    assert length(text) <= limit
    assert "2026-W47" in text
    assert "1.1.0: npm, pypi" in text


def test_one_that_is_short_enough_keeps_every_part() -> None:
    text = message(happening()).text(SLACK, LONGEST_SECTION)
    assert "In the long run" in text


def test_the_parts_are_in_the_json_too(services: Services, planted: Loaded) -> None:
    send_digest(planted, today=WEDNESDAY)
    (told,) = services.got["webhook"]
    assert told.json()["parts"][0] == {"title": "Released", "entries": ["nothing"]}
