"""HTTP: reads are retried, writes never; what is shown of an answer is masked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConfigError, NetworkError, StatusError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.rehearsal.server import Reply, Request, route
from tests.support.faults import cut_upload, drop_after, garbage, refuse, status, truncate
from tests.support.proxy import FaultProxy
from tests.support.running import Bare

CONTENT = bytes(range(256)) * 4096


class Files(Bare):
    """A server with one large file that can be resumed."""

    name = "files"

    @route("GET", "/file")
    def file(self, request: Request) -> Reply:
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        return Reply(206 if start else 200, CONTENT[start:])

    @route("GET", "/in-pieces")
    def pieces(self, request: Request) -> Reply:
        """Never more than a part of what is asked for (https://www.rfc-editor.org/rfc/rfc9110#name-206-partial-content)."""
        start = int(request.headers.get("Range", "bytes=0-").removeprefix("bytes=").removesuffix("-"))
        part = CONTENT[start : start + 400_000]
        return Reply(206, part, {"Content-Range": f"bytes {start}-{start + len(part) - 1}/{len(CONTENT)}"})

    @route("GET", "/elsewhere")
    def elsewhere(self, request: Request) -> Reply:
        """Another part than the one that is asked for."""
        return Reply(206, CONTENT[7:], {"Content-Range": f"bytes 7-{len(CONTENT) - 1}/{len(CONTENT)}"})

    @route("(POST|PUT)", "/never")
    @route("PUT", "/file")
    def write(self, request: Request) -> Reply:
        return Reply(201, {"bytes": len(request.body)})

    @route("GET", "/json")
    def json(self, _request: Request) -> Reply:
        return Reply(200, {"hello": "world"})


@pytest.fixture
def proxy(tmp_path: Path) -> Iterator[FaultProxy]:
    server = Files(tmp_path)
    server.start()
    with FaultProxy(server.url) as proxy:
        yield proxy
    server.stop()


@pytest.fixture
def http() -> Http:
    return Http(patience=Patience(first=0.01, longest=0.05, total=1.0), timeout=5, loopback_only=True)


@pytest.mark.parametrize("code", [429, 500, 502, 503, 504])
def test_a_read_comes_through_a_passing_outage(proxy: FaultProxy, http: Http, code: int) -> None:
    proxy.when("GET", do=status(code), times=2)
    assert http.json(f"{proxy.url}/json") == {"hello": "world"}


@pytest.mark.parametrize("code", [400, 401, 403, 404, 418])
def test_a_status_nobody_expects_is_an_error_at_once(proxy: FaultProxy, http: Http, code: int) -> None:
    proxy.when("GET", do=status(code), times=None)
    with pytest.raises(StatusError) as caught:
        http.get(f"{proxy.url}/json")
    assert caught.value.status == code
    assert len(proxy.journal) == 1


def test_a_status_that_is_expected_is_an_answer(proxy: FaultProxy, http: Http) -> None:
    assert http.json(f"{proxy.url}/nothing", ok=(200, 404)) is None


@pytest.mark.parametrize("fault", [drop_after, status(503), cut_upload])
def test_a_write_is_sent_once_whatever_happens(proxy: FaultProxy, http: Http, fault: Any) -> None:
    proxy.when("PUT", do=fault)
    with pytest.raises(NetworkError):
        http.send("PUT", f"{proxy.url}/file", data=b"x" * 100_000)
    assert len(proxy.journal) == 1


def test_an_outage_page_with_status_200_is_no_answer(proxy: FaultProxy, http: Http) -> None:
    proxy.when("GET", do=garbage())
    with pytest.raises(NetworkError, match="not JSON"):
        http.json(f"{proxy.url}/json")


def test_a_download_that_breaks_off_is_resumed(proxy: FaultProxy, http: Http, tmp_path: Path) -> None:
    proxy.when("GET", do=truncate)
    http.download(f"{proxy.url}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(proxy.journal) == 2


def test_an_answer_that_breaks_off_is_asked_for_again(proxy: FaultProxy, http: Http) -> None:
    proxy.when("GET", do=truncate)
    assert http.get(f"{proxy.url}/file").content == CONTENT
    assert len(proxy.journal) == 2


def test_a_part_of_a_file_is_not_taken_for_the_whole(proxy: FaultProxy, http: Http, tmp_path: Path) -> None:
    http.download(f"{proxy.url}/in-pieces", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_another_part_than_the_missing_one_is_no_download(proxy: FaultProxy, http: Http, tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match="from byte 7"):
        http.download(f"{proxy.url}/elsewhere", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_download_that_goes_on_is_resumed_however_long_it_takes(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.when("GET", do=truncate, times=4)
    Http(patience=Patience(total=0)).download(f"{proxy.url}/file", tmp_path / "file")
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert len(proxy.journal) == 5


def test_a_download_that_brings_nothing_new_fails(proxy: FaultProxy, tmp_path: Path) -> None:
    proxy.when("GET", do=refuse, times=None)
    with pytest.raises(NetworkError):
        Http(patience=Patience(total=0)).download(f"{proxy.url}/file", tmp_path / "file")
    assert len(proxy.journal) <= 2


def test_a_download_that_fails_leaves_no_file(proxy: FaultProxy, http: Http, tmp_path: Path) -> None:
    proxy.when("GET", do=status(404), times=None)
    with pytest.raises(StatusError):
        http.download(f"{proxy.url}/file", tmp_path / "file")
    assert not (tmp_path / "file").exists()


def test_a_rehearsal_never_asks_another_machine() -> None:
    with pytest.raises(ConfigError, match="never leaves this machine"):
        Http(loopback_only=True).get("http://registry.example/x")


def test_what_a_registry_echoes_of_a_secret_is_masked(proxy: FaultProxy, http: Http) -> None:
    redactor.add("echoed-secret-99")
    proxy.when("GET", do=status(403, body=b"bad token echoed-secret-99"))
    with pytest.raises(StatusError) as caught:
        http.get(f"{proxy.url}/json?token=echoed-secret-99")
    assert "echoed-secret-99" not in str(caught.value.as_json()) + caught.value.body


def test_a_retry_after_longer_than_our_patience_is_not_waited_for(proxy: FaultProxy, http: Http) -> None:
    proxy.when("GET", do=status(429, {"Retry-After": "3600"}))
    with pytest.raises(StatusError, match="429"):
        http.get(f"{proxy.url}/json")


def test_a_secret_at_the_place_where_a_long_answer_is_cut_leaves_no_half(proxy: FaultProxy, http: Http) -> None:
    redactor.add("seventeen-letters-of-a-secret")
    proxy.when("GET", do=status(403, body=b"x" * 490 + b"seventeen-letters-of-a-secret"), times=None)
    with pytest.raises(StatusError) as caught:
        http.json(f"{proxy.url}/json")
    assert "seventeen" not in caught.value.body
