"""The week reaches those who want to know it, once."""

from __future__ import annotations

from datetime import date

from deployforge_tasks.operations.report import send_digest
from tests.notify.conftest import Load
from tests.notify.services import Services

ROUTES = {"routes": [{"events": ["digest"], "channels": ["webhook"]}]}
WEDNESDAY = date(2026, 11, 25)


def test_a_week_is_told_with_its_numbers(services: Services, load: Load) -> None:
    (result,) = send_digest(load(ROUTES), today=WEDNESDAY)
    assert result.outcome == "delivered"
    (told,) = services.got["webhook"]
    text = told.body.decode()
    assert "2026-W47 (2026-11-16 to 2026-11-22)" in text
    assert "Nothing was counted" in text


def test_the_same_week_is_told_once_however_often_it_is_sent(services: Services, load: Load) -> None:
    loaded = load({**ROUTES, "quiet": 0})
    outcomes = [send_digest(loaded, today=WEDNESDAY.replace(day=day))[0].outcome for day in (25, 26, 30)]
    assert outcomes == ["delivered", "quiet", "delivered"]


def test_where_nobody_wants_it_nobody_is_told(services: Services, load: Load) -> None:
    assert send_digest(load({"error_notifications": ["webhook"]}), today=WEDNESDAY) == ()
