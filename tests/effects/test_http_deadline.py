"""HTTP: an answer that never ends is given up, also when it never falls silent."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.effects import http as effects_http
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from tests.support.dripping import Dripping

OK = b"HTTP/1.1 200 OK\r\n"
PIECE = b"x" * 65_536
#: Where the answer drips, with its beginning and what comes of it again and again.
ANSWERS = {
    "in its headers": (OK + b"X-Slow: ", b"x"),
    "in a body with a length": (OK + b"Content-Length: 100000\r\n\r\n", b"x"),
    "in a body whose connection closes after it": (OK + b"Connection: close\r\nContent-Length: 100000\r\n\r\n", b"x"),
    "in chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
    "without a length": (b"HTTP/1.0 200 OK\r\n\r\n", b"x"),
}


@pytest.fixture
def http(monkeypatch: pytest.MonkeyPatch) -> Http:
    """Waits 10 s for each byte, and half a second for a whole answer."""
    monkeypatch.setattr(effects_http, "_LONGEST_SILENCES", 0.05)
    return Http(patience=Patience(total=0), timeout=10, loopback_only=True)


@pytest.mark.parametrize("where", ANSWERS)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_answer_that_drips_is_given_up(http: Http, where: str, method: str) -> None:
    with Dripping(*ANSWERS[where]) as server, pytest.raises(NetworkError, match="given up") as caught:
        http.get(server.url) if method == "GET" else http.send("POST", server.url, data=b"something")
    assert "conditions.timeout" in caught.value.hint
    assert len(server.requests) == 1


def test_a_lost_answer_to_a_write_is_one_that_may_have_been_carried_out(http: Http) -> None:
    with Dripping(*ANSWERS["in its headers"]) as server, pytest.raises(NetworkError) as caught:
        http.send("PUT", server.url, data=b"something")
    assert caught.value.retryable


@pytest.mark.parametrize("where", ANSWERS)
def test_a_download_that_drips_is_given_up_and_not_resumed(http: Http, tmp_path: Path, where: str) -> None:
    with Dripping(*ANSWERS[where]) as server, pytest.raises(NetworkError, match="given up"):
        http.download(server.url, tmp_path / "file")
    assert len(server.requests) == 1
    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize("whole", [False, True])
def test_what_comes_steadily_may_take_longer(http: Http, tmp_path: Path, whole: bool) -> None:
    size = 50 * len(PIECE)
    with Dripping(OK + b"Content-Length: %d\r\n\r\n" % size, PIECE, 50) as server:
        start = time.monotonic()
        if whole:
            assert len(http.get(server.url).content) == size
        else:
            http.download(server.url, tmp_path / "file")
            assert (tmp_path / "file").stat().st_size == size
    assert time.monotonic() - start > 0.5


def test_nothing_is_waited_for_when_the_time_is_over() -> None:
    late = Http(patience=Patience(total=0), timeout=10, until=time.monotonic())
    with Dripping(OK + b"Content-Length: 10\r\n\r\n", b"x") as server, pytest.raises(NetworkError, match="given up"):
        late.get(server.url)
