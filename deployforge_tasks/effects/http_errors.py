"""Errors of HTTP, made from answers and from what came instead of them; every text is masked."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from deployforge_tasks.core.errors import NetworkError, StatusError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.clock import Clock

if TYPE_CHECKING:
    import requests

    from deployforge_tasks.effects.deadline import Deadline

#: Characters of an answer that are looked at for an error: masked first and shortened then, so that no half of a
#: secret is left at the cut.
_LONGEST_SAID = 65_536


def status_error(method: str, response: requests.Response) -> StatusError:
    """The error for an unexpected answer, with what the registry says."""
    body = "" if response.request.method == "HEAD" else redactor.text(_text(response))[:500]
    url = redactor.text(response.url)
    says = f": {' '.join(body.split())[:200]}" if body.strip() else ""
    return StatusError(
        f"{method} {urlsplit(url).path or '/'} answered {response.status_code}{says}",
        hint=_status_hint(response.status_code),
        status=response.status_code,
        body=body,
        url=url,
        retry_after=_retry_after(response),
    )


def _text(response: requests.Response) -> str:
    try:
        return response.text[:_LONGEST_SAID]
    except Exception:  # noqa: BLE001 - a body that cannot be read must not hide the status
        return ""


def _status_hint(status: int) -> str:
    if status in (401, 403):
        return "check the credential and what it may do"
    if status == 404:
        return "check the name, and that the credential may see it"
    if status == 429:
        return "the registry asks to slow down; run again later"
    if status >= 500:
        return "the registry has a problem; run again later, nothing is published twice"
    return "see what the registry says"


def _retry_after(response: requests.Response) -> float:
    value = response.headers.get("Retry-After", "")
    if value.isdigit():
        return float(value)
    try:
        when = parsedate_to_datetime(value)
        return max(0.0, when.timestamp() - Clock().now().timestamp())
    except (TypeError, ValueError):
        return 0.0


def no_answer(method: str, url: str, error: Exception, deadline: Deadline) -> NetworkError:
    """The error for a request that broke off, or was given up."""
    if deadline.passed:
        return too_slow(method, url, deadline)
    return NetworkError(
        redactor.text(f"{method} to {_host(url)} got no answer: {_root_cause(error)}"),
        hint="check the network and run again; what was published is looked up first",
        url=redactor.text(url),
    )


def too_large(response: requests.Response, largest: float) -> NetworkError:
    """The error for an answer of more than `largest` bytes."""
    url = redactor.text(response.url)
    error = NetworkError(
        f"the answer of {_host(url)} is larger than {largest / (1 << 20):g} MiB",
        hint="see what stands at that address",
        code="DF3261",
        url=url,
    )
    error.retryable = False
    return error


def too_slow(method: str, url: str, deadline: Deadline) -> NetworkError:
    """The error for a request whose time is over."""
    return NetworkError(
        redactor.text(f"{method} to {_host(url)} was given up: the other side went on too slowly to wait for its end"),
        hint=f"run again later, or raise `conditions.timeout`: {deadline.seconds:g} s were allowed, ten times that",
        url=redactor.text(url),
    )


def _host(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2]


def _root_cause(error: BaseException) -> str:
    while error.__context__ is not None or error.__cause__ is not None:
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return str(error) or type(error).__name__
