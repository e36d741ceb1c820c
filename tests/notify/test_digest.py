"""The week reaches those who want to know it, once."""

from __future__ import annotations

from datetime import date

from aiosmtpd.controller import Controller

from deployforge_tasks.operations.report import send_digest
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
    assert "Nothing was counted" in text


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


def test_where_nobody_wants_it_nobody_is_told(services: Services, load: Load) -> None:
    assert send_digest(load({"error_notifications": ["webhook"]}), today=WEDNESDAY) == ()
