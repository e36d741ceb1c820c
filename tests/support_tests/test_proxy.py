"""The fault proxy itself, in front of a small real server and in front of real git."""

from __future__ import annotations

import http.client
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from deployforge_tasks.rehearsal.server import Reply, Request, route
from tests.support import faults
from tests.support.exchange import Answer, Exchange
from tests.support.proxy import FaultProxy, Rule
from tests.support.running import Bare, running


class Shelf(Bare):
    """A server that keeps what is put on it."""

    name = "shelf"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.things: dict[str, bytes] = {}

    @route("GET", "/things/(?P<name>.+)")
    def read(self, request: Request, name: str) -> Reply:
        if name not in self.things:
            return Reply(404, {"message": "no such thing"})
        return Reply(200, self.things[name], {"X-Base": request.base})

    @route("PUT", "/things/(?P<name>.+)")
    def write(self, request: Request, name: str) -> Reply:
        self.things[name] = request.body
        return Reply(201, {"name": name})

    @route("GET", "/elsewhere")
    def elsewhere(self, request: Request) -> Reply:
        return Reply(302, b"", {"Location": f"{self.url}/things/a"})


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    with running(Shelf(tmp_path)) as server:
        yield server


@pytest.fixture
def proxy(shelf: Shelf) -> Iterator[FaultProxy]:
    with FaultProxy(shelf.url) as running:
        yield running


@pytest.fixture
def background() -> Iterator[Callable[..., Future[requests.Response]]]:
    with ThreadPoolExecutor(4) as pool:
        yield lambda method, url, **kw: pool.submit(requests.request, method, url, timeout=30, **kw)


def put(proxy: FaultProxy, name: str, data: bytes) -> requests.Response:
    return requests.put(f"{proxy.url}/things/{name}", data=data, timeout=30)


def get(proxy: FaultProxy, name: str) -> requests.Response:
    return requests.get(f"{proxy.url}/things/{name}", timeout=30)


def test_requests_without_a_rule_pass_unchanged_and_are_journalled(shelf: Shelf, proxy: FaultProxy) -> None:
    assert put(proxy, "a", b"one").status_code == 201
    assert get(proxy, "a").content == b"one"
    seen = [(e.method, e.path, e.forwarded, e.status) for e in proxy.journal]
    assert seen == [("PUT", "/things/a", True, 201), ("GET", "/things/a", True, 200)]


def test_the_server_sees_the_proxy_as_the_host_that_the_client_used(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.things["a"] = b"one"
    assert get(proxy, "a").headers["X-Base"] == proxy.url


def test_a_location_that_names_the_upstream_is_pointed_back(proxy: FaultProxy) -> None:
    answer = requests.get(f"{proxy.url}/elsewhere", timeout=30, allow_redirects=False)
    assert answer.headers["Location"] == f"{proxy.url}/things/a"


def test_a_head_answer_keeps_its_length_and_has_no_body(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.things["a"] = b"12345"
    with requests.Session() as session:
        head = session.head(f"{proxy.url}/things/a", timeout=30)
        assert (head.status_code, head.headers["Content-Length"], head.content) == (200, "5", b"")
        assert session.get(f"{proxy.url}/things/a", timeout=30).content == b"12345"


def test_a_chunked_body_arrives_whole(shelf: Shelf, proxy: FaultProxy) -> None:
    answer = requests.put(f"{proxy.url}/things/a", data=iter([b"one ", b"two ", b"three"]), timeout=30)
    assert answer.status_code == 201
    assert shelf.things["a"] == b"one two three"


def test_a_client_that_asks_before_it_sends_is_told_to_go_on(shelf: Shelf, proxy: FaultProxy) -> None:
    connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc, timeout=30)
    connection.putrequest("PUT", "/things/a")
    connection.putheader("Expect", "100-continue")
    connection.putheader("Content-Length", "3")
    connection.endheaders()
    assert connection.sock.recv(1024).startswith(b"HTTP/1.1 100 ")
    connection.send(b"one")
    assert connection.getresponse().status == 201
    connection.close()
    assert shelf.things["a"] == b"one"


def test_a_client_that_takes_it_for_a_forward_proxy_is_served_too(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.things["a"] = b"one"
    answer = requests.get("http://registry.example/things/a", proxies={"http": proxy.url}, timeout=30)
    assert answer.content == b"one"


def test_an_upstream_that_is_gone_is_a_bad_gateway(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.stop()
    assert get(proxy, "a").status_code == 502


def test_options_are_pointed_at_the_proxy(shelf: Shelf, proxy: FaultProxy) -> None:
    options = {"npm": {"registry": f"{shelf.url}/npm", "image": f"{urlsplit(shelf.url).netloc}/x", "n": 1}}
    there = urlsplit(proxy.url).netloc
    assert proxy.through(options) == {"npm": {"registry": f"{proxy.url}/npm", "image": f"{there}/x", "n": 1}}


def test_only_the_nth_match_meets_the_fault(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.things["a"] = b"one"
    proxy.when("GET", "/things/", do=faults.status(503), nth=2, times=2)
    assert [get(proxy, "a").status_code for _ in range(4)] == [200, 503, 503, 200]


@pytest.mark.parametrize("fault", [faults.refuse, faults.cut_upload])
def test_a_request_that_is_broken_before_its_end_changes_nothing(
    shelf: Shelf, proxy: FaultProxy, fault: faults.Fault
) -> None:
    proxy.when("PUT", do=fault)
    with pytest.raises(requests.ConnectionError):
        put(proxy, "a", b"x" * 100_000)
    assert shelf.things == {}
    assert proxy.forwarded() == []


def test_an_upload_is_cut_while_the_client_is_still_sending(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=faults.cut_upload)
    with pytest.raises(requests.ConnectionError):
        put(proxy, "a", b"x" * 30_000_000)
    assert shelf.things == {}


def test_an_answer_that_is_lost_leaves_the_work_done(shelf: Shelf, proxy: FaultProxy) -> None:
    rule = proxy.when("PUT", do=faults.drop_after)
    with pytest.raises(requests.ConnectionError):
        put(proxy, "a", b"one")
    assert rule.met
    assert shelf.things == {"a": b"one"}


def test_a_request_held_before_it_is_forwarded_goes_on_when_released(
    shelf: Shelf, proxy: FaultProxy, background: Callable[..., Future[requests.Response]]
) -> None:
    rule = proxy.when("PUT", do=faults.hold_before)
    sent = background("PUT", f"{proxy.url}/things/a", data=b"one")
    assert rule.wait()
    assert shelf.things == {}
    rule.release()
    assert sent.result().status_code == 201
    assert shelf.things == {"a": b"one"}


def test_a_held_request_can_be_dropped(
    shelf: Shelf, proxy: FaultProxy, background: Callable[..., Future[requests.Response]]
) -> None:
    rule = proxy.when("PUT", do=faults.hold_before)
    sent = background("PUT", f"{proxy.url}/things/a", data=b"one")
    assert rule.wait()
    rule.drop()
    assert isinstance(sent.exception(), requests.ConnectionError)
    assert shelf.things == {}


@pytest.mark.parametrize(("released", "kept"), [(True, {"a": b"x" * 100_001}), (False, {})])
def test_an_upload_held_in_its_middle_is_completed_or_cut(
    shelf: Shelf,
    proxy: FaultProxy,
    background: Callable[..., Future[requests.Response]],
    released: bool,
    kept: dict[str, bytes],
) -> None:
    rule = proxy.when("PUT", do=faults.hold_upload)
    sent = background("PUT", f"{proxy.url}/things/a", data=b"x" * 100_001)
    assert rule.wait()
    assert shelf.things == {}
    rule.release() if released else rule.drop()
    assert (sent.exception() is None) == released
    assert shelf.things == kept


def test_an_answer_held_after_the_work_is_done_arrives_when_released(
    shelf: Shelf, proxy: FaultProxy, background: Callable[..., Future[requests.Response]]
) -> None:
    rule = proxy.when("PUT", do=faults.hold_after)
    sent = background("PUT", f"{proxy.url}/things/a", data=b"one")
    assert rule.wait()
    assert shelf.things == {"a": b"one"}
    assert not sent.done()
    rule.release()
    assert sent.result().status_code == 201


def test_the_end_of_the_proxy_drops_what_it_holds(
    shelf: Shelf, background: Callable[..., Future[requests.Response]]
) -> None:
    with FaultProxy(shelf.url) as proxy:
        rule = proxy.when("PUT", do=faults.hold_before)
        sent = background("PUT", f"{proxy.url}/things/a", data=b"one")
        assert rule.wait()
    assert isinstance(sent.exception(), requests.ConnectionError)


def test_a_status_is_answered_without_asking_the_registry(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=faults.status(429, {"Retry-After": "7"}))
    answer = put(proxy, "a", b"one")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert shelf.things == {}


def test_a_status_after_the_work_hides_that_it_was_done(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=faults.status_after(500))
    assert put(proxy, "a", b"one").status_code == 500
    assert shelf.things == {"a": b"one"}


def test_a_truncated_answer_ends_early(shelf: Shelf, proxy: FaultProxy) -> None:
    shelf.things["a"] = b"x" * 1000
    proxy.when("GET", do=faults.truncate)
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        get(proxy, "a")


def test_garbage_says_ok_and_means_nothing(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when("GET", do=faults.garbage())
    answer = get(proxy, "a")
    assert (answer.status_code, answer.content) == (200, faults.OUTAGE_PAGE)


def test_garbage_after_the_work_hides_that_it_was_done(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when("PUT", do=faults.garbage_after())
    assert put(proxy, "a", b"one").content == faults.OUTAGE_PAGE
    assert shelf.things == {"a": b"one"}


def test_a_delay_longer_than_the_clients_patience_is_a_timeout(proxy: FaultProxy) -> None:
    proxy.when("GET", do=faults.delay(60))
    with pytest.raises(requests.ReadTimeout):
        requests.get(f"{proxy.url}/things/a", timeout=0.1)


def test_stale_reads_serve_the_answer_from_before_the_write(shelf: Shelf, proxy: FaultProxy) -> None:
    proxy.when(do=faults.Stale(2, "/things/a"), times=None)
    assert get(proxy, "a").status_code == 404
    put(proxy, "a", b"one")
    assert [get(proxy, "a").status_code for _ in range(3)] == [404, 404, 200]


def test_a_fault_can_be_any_function_of_the_exchange(proxy: FaultProxy) -> None:
    def teapot(exchange: Exchange) -> Answer:
        return Answer(418, [("X-Path", exchange.path)])

    proxy.when("GET", do=teapot)
    assert get(proxy, "a").headers["X-Path"] == "/things/a"


def test_many_clients_at_once_are_served_while_one_is_held(
    shelf: Shelf, proxy: FaultProxy, background: Callable[..., Future[requests.Response]]
) -> None:
    rule: Rule = proxy.when("PUT", "/things/held", do=faults.hold_before)
    held = background("PUT", f"{proxy.url}/things/held", data=b"one")
    assert rule.wait()
    threads = [threading.Thread(target=put, args=(proxy, f"t{n}", b"x")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(shelf.things) == 8
    rule.release()
    assert held.result().status_code == 201


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not on this machine")
def test_git_pushes_and_clones_through_it(tmp_path: Path) -> None:
    from tests.support_tests.git_server import git, serving

    bare = tmp_path / "served" / "repo.git"
    git("init", "--quiet", "--bare", str(bare))
    git("-C", str(bare), "config", "http.receivepack", "true")
    work = tmp_path / "work"
    git("init", "--quiet", "-b", "main", str(work))
    (work / "big.bin").write_bytes(bytes(range(256)) * 20_000)
    git("-C", str(work), "add", ".")
    git("-C", str(work), "commit", "--quiet", "-m", "First")
    with serving(tmp_path / "served") as url, FaultProxy(url) as proxy:
        git("-C", str(work), "-c", "http.postBuffer=1000", "push", "--quiet", f"{proxy.url}/repo.git", "main")
        git("clone", "--quiet", "-b", "main", f"{proxy.url}/repo.git", str(tmp_path / "again"))
        assert proxy.forwarded("POST", "git-receive-pack")
    assert (tmp_path / "again" / "big.bin").read_bytes() == (work / "big.bin").read_bytes()
