"""Printing a page: by a browser on this machine, which reaches nobody and leaves nothing behind."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import PreflightError, ProgramError
from deployforge_tasks.effects.browser import find_browser, print_pdf
from tests.support.browsers import CHROMIUM

needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
needs_scripts = pytest.mark.skipif(os.name != "posix", reason="needs programs that are scripts")


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary files are made."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A server on this machine, with what it was asked for."""
    paths: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", paths
    server.shutdown()
    thread.join()
    server.server_close()


def program(folder: Path, text: str) -> dict[str, str]:
    file = folder / "browser"
    file.write_text(f"#!/bin/sh\n{text}\n", "utf-8")
    file.chmod(0o755)
    return {"DEPLOYFORGE_BROWSER": str(file)}


@needs_chromium
def test_a_page_is_printed_and_nothing_is_left_behind(tmp_path: Path, temporary: Path) -> None:
    from pypdf import PdfReader

    file = tmp_path / "page.pdf"
    print_pdf("<!doctype html><p>Every word of it", file, {})
    assert "Every word of it" in PdfReader(file).pages[0].extract_text()
    assert list(temporary.iterdir()) == []


@needs_chromium
def test_a_page_reaches_nobody(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    url, paths = asked
    print_pdf(f'<!doctype html><img src="{url}/seen"><script src="{url}/run"></script>', tmp_path / "page.pdf", {})
    assert paths == []


@needs_scripts
def test_a_browser_that_prints_nothing_is_told(tmp_path: Path, temporary: Path) -> None:
    with pytest.raises(PreflightError, match="printed nothing") as caught:
        print_pdf("<p>", tmp_path / "page.pdf", program(tmp_path, "exit 0"))
    assert caught.value.code == "DF3912"
    assert list(temporary.iterdir()) == []


@needs_scripts
def test_a_browser_that_fails_is_told_with_its_words(tmp_path: Path, temporary: Path) -> None:
    with pytest.raises(ProgramError, match="no display here"):
        print_pdf("<p>", tmp_path / "page.pdf", program(tmp_path, "echo no display here >&2; exit 3"))
    assert list(temporary.iterdir()) == []


def test_without_a_browser_it_says_what_to_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(PreflightError, match="no browser is on this machine") as caught:
        find_browser({})
    assert "--format html" in caught.value.hint
