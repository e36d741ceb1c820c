"""A real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
#: Nothing but this machine, and no sandbox: CI runs as root.
_ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    if CHROMIUM is None:
        pytest.skip("needs chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=_ARGUMENTS)
        yield started
        started.close()


@pytest.fixture
def window(browser: Browser) -> Iterator[Page]:
    """A new page in a context of its own; a test fails when a script on it does."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
    context.set_default_timeout(10_000)
    page = context.new_page()
    failures: list[str] = []
    page.on("pageerror", lambda error: failures.append(str(error)) if not _is_too_late(str(error)) else None)
    page.on("console", lambda line: failures.append(line.text) if _is_failure(line) else None)
    yield page
    context.close()
    assert not failures, failures


def _is_failure(line: ConsoleMessage) -> bool:
    """Pages try again when the server is gone or lets nobody in, which the browser tells as an error."""
    return line.type == "error" and "net::ERR_" not in line.text and "401 (Unauthorized)" not in line.text


def _is_too_late(error: str) -> bool:
    """A module that was still on its way when the server ended; one that does not exist is an error line, too."""
    return "Failed to fetch dynamically imported module" in error
