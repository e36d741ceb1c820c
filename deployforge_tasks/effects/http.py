"""HTTP: one client for everything, on requests.

Reads (`get`, `head`) are retried with backoff; writes are never retried here: after a failed write only a new
look-up can tell what the other side did, and that is the stage's decision.
"""

from __future__ import annotations

import ipaddress
import math
import re
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from deployforge_tasks import __version__
from deployforge_tasks.core.errors import ConfigError, NetworkError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.effects.http_errors import no_answer, status_error, too_large, too_slow

if TYPE_CHECKING:
    import requests

    from deployforge_tasks.effects.deadline import Deadline
    from deployforge_tasks.effects.http_cache import HttpCache

Headers = Mapping[str, str]
USER_AGENT = f"deployforge/{__version__}"
#: What a download that breaks off loses at most, in bytes.
_CHUNK = 1 << 16
_RANGE = re.compile(r"bytes (?P<begin>\d+)-\d+/(?P<whole>\d+|\*)")
#: Seconds to connect to one address: a server that is up takes the connection at once, however busy it is.
_LONGEST_CONNECT = 10.0
#: What a request may take in all, as a multiple of the longest silence; more only for what keeps up a slowest speed.
_LONGEST_SILENCES = 10


class Http:
    """A client shared by all tasks (thread-safe: one connection pool a thread).

    Args:
        clock: for waiting between tries.
        patience: how long reads are retried.
        timeout: seconds to wait for bytes (and to connect, which is given up after 10 anyway). A whole answer may take
            ten times that, and longer only if it keeps up a slowest speed (`effects.deadline`).
        until: the moment (`time.monotonic`) from which on no request is waited for.
        loopback_only: refuse every host but this machine (rehearsals can never reach a real registry).
        cache: where answers to `get` are kept, so that a server is only asked whether they changed.
        waiting: hears before each pause how many seconds it is, and whether the other side asks for it.
    """

    def __init__(
        self,
        clock: Clock | None = None,
        *,
        patience: Patience | None = None,
        timeout: float = 30.0,
        until: float = math.inf,
        loopback_only: bool = False,
        cache: HttpCache | None = None,
        waiting: Callable[[float, bool], None] = lambda _seconds, _asked: None,
    ) -> None:
        self._waiting = waiting
        self._clock = clock or Clock()
        self._patience = patience or Patience(first=0.5, longest=8.0, total=30.0)
        self._timeout = timeout
        self._until = until
        self._loopback_only = loopback_only
        self._cache = cache
        self._local = threading.local()

    def get(self, url: str, *, ok: tuple[int, ...] = (200,), **kwargs: Any) -> requests.Response:
        """GET with retries. Returns an answer whose status is in `ok`.

        Keyword arguments are those of requests, and `largest`: how many bytes are read at most.

        Raises:
            StatusError: another status (after retries, if it is a retryable one).
            NetworkError: no answer at all, or a larger one.
        """
        return self._read("GET", url, ok, **kwargs)

    def head(self, url: str, *, ok: tuple[int, ...] = (200,), **kwargs: Any) -> requests.Response:
        """HEAD with retries; as `get`."""
        return self._read("HEAD", url, ok, **kwargs)

    def send(self, method: str, url: str, *, ok: tuple[int, ...] = (200, 201), **kwargs: Any) -> requests.Response:
        """One try of a call that changes something.

        Keyword arguments are those of requests (`json`, `data`, `headers`, `files`, `auth`, `params`).

        Raises:
            StatusError: a status that is not in `ok`.
            NetworkError: no answer; the call may or may not have been carried out.
        """
        response = self._once(method, url, **kwargs)
        if response.status_code not in ok:
            raise status_error(method, response)
        return response

    def json(self, url: str, *, ok: tuple[int, ...] = (200,), **kwargs: Any) -> Any:
        """The JSON document behind a URL, or None for a status in `ok` that is not 200.

        Raises:
            NetworkError: as `get`, or the body is no JSON.
        """
        response = self.get(url, ok=ok, **kwargs)
        return json_body(response) if response.status_code == 200 else None

    def download(self, url: str, to: Path, *, headers: Headers | None = None) -> None:
        """Stream a URL to a file, resuming where an earlier try stopped (`<to>.part`); atomic at the end.

        A file that changed on the server meanwhile is downloaded from its beginning, if the server marks its files.
        """
        part = to.with_name(to.name + ".part")
        to.parent.mkdir(parents=True, exist_ok=True)

        def attempt() -> NetworkError | None:
            try:
                self._stream(url, part, headers or {})
            except NetworkError as error:
                return error
            return None

        had = -1
        while (error := self._retry(attempt)) is not None:
            have = part.stat().st_size if part.exists() else 0
            if not error.retryable or have <= had:
                raise error
            had = have  # it goes on: patience counts from here
        part.replace(to)
        _mark(part).unlink(missing_ok=True)

    def _stream(self, url: str, part: Path, headers: Headers) -> None:
        """One try of a download: append what is missing, or begin anew."""
        import requests

        have = part.stat().st_size if part.exists() else 0
        asked = {**headers, "Accept-Encoding": "identity"}
        if have:
            asked["Range"] = f"bytes={have}-"
            if _mark(part).exists():  # https://www.rfc-editor.org/rfc/rfc9110#name-if-range
                asked["If-Range"] = _mark(part).read_text("utf-8")
        with self._deadline(self._timeout) as deadline, self._open("GET", url, deadline, headers=asked) as response:
            if response.status_code == 416 and have:  # the part is complete or the file changed: start over
                part.unlink()
                raise NetworkError("the server refused to resume a download", hint="it will be started over", url=url)
            if response.status_code not in (200, 206):
                raise status_error("GET", response)
            begin, whole = _extent(response, have)
            if begin not in (0, have):
                part.unlink(missing_ok=True)
                told = f"the server sent a file from byte {begin}, not from {have}"
                raise NetworkError(told, hint="it will be started over", url=redactor.text(url))
            _remember_mark(part, response.headers.get("ETag", ""))
            got = begin
            try:
                with part.open("ab" if begin else "wb") as file:
                    for chunk in response.iter_content(_CHUNK):
                        file.write(chunk)
                        got += len(chunk)
                        deadline.moved(len(chunk))
            except (requests.RequestException, OSError) as error:
                if not deadline.passed:
                    raise no_answer("GET", url, error, deadline) from error
            if deadline.passed:
                failed = too_slow("GET", url, deadline)
                failed.retryable = False  # each new try would go on as slowly, and so without an end
                raise failed
            if whole is not None and got < whole:
                raise NetworkError(
                    f"download ended after {got} of {whole} bytes", hint="try again", url=redactor.text(url)
                )

    def _read(self, method: str, url: str, ok: tuple[int, ...], **kwargs: Any) -> requests.Response:
        answer: list[requests.Response] = []

        def attempt() -> NetworkError | None:
            try:
                response = self._asked(method, url, **kwargs)
            except NetworkError as error:
                return error
            if response.status_code in ok:
                answer.append(response)
                return None
            return status_error(method, response)

        error = self._retry(attempt)
        if error:
            raise error
        return answer[0]

    def _retry(self, attempt: Callable[[], NetworkError | None]) -> NetworkError | None:
        """Try until it works, fails for good, or patience ends; a Retry-After longer than the patience ends it too."""
        deadline = min(self._clock.monotonic() + self._patience.total, self._until)
        delay = self._patience.first
        while True:
            error = attempt()
            if error is None or not error.retryable:
                return error
            wait = max(delay, error.retry_after)
            if self._clock.monotonic() + wait > deadline:
                return error
            self._waiting(wait, error.retry_after > 0)
            self._clock.sleep(wait)
            delay = min(delay * 2, self._patience.longest)

    def _asked(self, method: str, url: str, **kwargs: Any) -> requests.Response:
        """One try of a read; what the cache has is asked for only if it changed."""
        if self._cache is None or method != "GET":
            return self._once(method, url, **kwargs)
        headers = kwargs.pop("headers", None) or {}
        key = self._cache.key(url, kwargs.get("params"), headers)
        kept = self._cache.find(key)
        response = self._once(method, url, headers={**headers, **(kept.conditions if kept else {})}, **kwargs)
        if kept and response.status_code == 304:
            return kept.answer(response)
        if response.status_code == 200:
            self._cache.keep(key, response)
        return response

    def _once(self, method: str, url: str, *, largest: float = math.inf, **kwargs: Any) -> requests.Response:
        """One try, with the whole answer."""
        import requests

        with self._deadline(kwargs.get("timeout", self._timeout)) as deadline:
            response = self._open(method, url, deadline, **kwargs)
            try:
                _read_all(response, deadline, largest)
            except requests.RequestException as error:
                raise no_answer(method, url, error, deadline) from error
        if deadline.passed:  # an answer without a length ends where its connection does
            raise too_slow(method, url, deadline)
        return response

    def _deadline(self, seconds: float) -> Deadline:
        from deployforge_tasks.effects.deadline import Deadline

        return Deadline(seconds * _LONGEST_SILENCES, self._until)

    def _open(self, method: str, url: str, deadline: Deadline, **kwargs: Any) -> requests.Response:
        """One try, with an answer whose body is still to be read."""
        import requests

        if self._loopback_only and not is_loopback(url):
            raise ConfigError(
                f"a rehearsal never leaves this machine, but {urlsplit(url).netloc} was asked for",
                hint="override that endpoint in the rehearsal profile",
                code="DF1304",
                url=redactor.text(url),
            )
        headers = {"User-Agent": USER_AGENT, **(kwargs.pop("headers", None) or {})}
        kwargs.setdefault("timeout", (min(self._timeout, _LONGEST_CONNECT), self._timeout))
        try:
            response = self._session().request(method, url, headers=headers, stream=True, **kwargs)
        except requests.RequestException as error:
            raise no_answer(method, url, error, deadline) from error
        response.raw.enforce_content_length = True  # urllib3 1 takes what broke off for the whole
        return response

    def _session(self) -> requests.Session:
        import requests

        session: requests.Session | None = getattr(self._local, "session", None)
        if session is None:
            from deployforge_tasks.effects.deadline import Adapter

            session = self._local.session = requests.Session()
            session.mount("http://", Adapter())
            session.mount("https://", Adapter())
            session.trust_env = not self._loopback_only
            # No ~/.netrc: credentials come from the job alone, and only its own.
            session.auth = _no_auth
        return session


def _mark(part: Path) -> Path:
    """Where the server's mark (its entity tag) of a partly downloaded file is kept."""
    return part.with_name(f"{part.name}.etag")


def _extent(response: requests.Response, have: int) -> tuple[int, int | None]:
    """At which byte of a file an answer begins, and how many bytes the file has (None: it does not say).

    A server may send less than the part that it was asked for (https://www.rfc-editor.org/rfc/rfc9110#name-206-partial-content).
    """
    partial = response.status_code == 206
    if partial and (told := _RANGE.fullmatch(response.headers.get("Content-Range", ""))):
        return int(told["begin"]), None if told["whole"] == "*" else int(told["whole"])
    begin, length = have if partial else 0, response.headers.get("Content-Length")
    return begin, begin + int(length) if length else None


def _remember_mark(part: Path, mark: str) -> None:
    if mark and not mark.startswith("W/"):  # a weak one says nothing about bytes
        _mark(part).write_text(mark, "utf-8")
    else:
        _mark(part).unlink(missing_ok=True)


def _no_auth(request: Any) -> Any:
    return request


def json_body(response: requests.Response) -> Any:
    """The parsed body.

    Raises:
        NetworkError: the body is no JSON (an error page with status 200, a cut-off answer).
    """
    try:
        return response.json()
    except ValueError as error:
        raise NetworkError(
            "the answer is not JSON",
            hint="a proxy or an outage page may stand in between",
            url=redactor.text(response.url),
        ) from error


def is_loopback(url: str) -> bool:
    """Whether the URL's host is this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read_all(response: requests.Response, deadline: Deadline, largest: float) -> None:
    """Read the body as `Response.content` does, and tell the deadline of each part."""
    parts, size = [], 0
    for part in response.iter_content(_CHUNK):
        parts.append(part)
        size += len(part)
        deadline.moved(len(part))
        if size > largest:
            response.close()
            raise too_large(response, largest)
    response._content = b"".join(parts)  # noqa: SLF001 - requests has no other way to put a body back
