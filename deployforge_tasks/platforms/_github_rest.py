"""Asking GitHub's REST API (https://docs.github.com/rest), and what every answer tells about the token."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from deployforge_tasks.core.errors import NetworkError, StatusError
from deployforge_tasks.effects.http import Http, json_body
from deployforge_tasks.effects.http_errors import status_error

if TYPE_CHECKING:
    import requests

T = TypeVar("T")
API_VERSION = "2022-11-28"


@dataclass(frozen=True)
class Told:
    """What an answer tells about the token that it was asked with.

    `scopes` is None for tokens that have none (fine-grained ones and those of apps); `expires` is None for tokens
    without an end and for those of apps, which end within a day.
    """

    scopes: tuple[str, ...] | None = None
    expires: datetime | None = None


class Rest:
    """The API, asked with one token (or none).

    Args:
        http: the client.
        api: base URL of the REST API.
        token: None for looking at what is public.
    """

    def __init__(self, http: Http, api: str, token: str | None) -> None:
        self.http = http
        self.api = api.rstrip("/")
        self._token = token

    def user(self) -> tuple[str | None, Told]:
        """The account that the token belongs to; None for the token of an app, as that of Actions is one.

        Raises:
            StatusError: the token is refused (401), or no usable answer.
        """
        url = f"{self.api}/user"
        answer = self.get(url, ok=(200, 403))
        if answer.status_code == 200:
            return shaped(lambda: str(json_body(answer)["login"]), url), told(answer.headers)
        if self.is_installation():  # an app is nobody: "Resource not accessible by integration"
            return None, Told()
        with rate_limits():
            raise status_error("GET", answer)

    def is_installation(self) -> bool:
        """Whether the token belongs to an app (as in Actions); GitHub never shows `permissions` to those."""
        url = f"{self.api}/installation/repositories"
        answer = self.http.head(url, ok=(200, 401, 403, 404), headers=self.headers(), params={"per_page": "1"})
        return answer.status_code == 200

    def headers(self, accept: str = "application/vnd.github+json") -> dict[str, str]:
        headers = {"Accept": accept, "X-GitHub-Api-Version": API_VERSION}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        return headers

    def get(self, url: str, ok: tuple[int, ...] = (200,), **params: str) -> requests.Response:
        with rate_limits():
            return self.http.get(url, ok=ok, headers=self.headers(), params=params)

    def json(self, url: str, ok: tuple[int, ...] = (200,), **params: str) -> Any:
        """The JSON document behind a URL, or None for a status in `ok` that is not 200."""
        answer = self.get(url, ok=ok, **params)
        return json_body(answer) if answer.status_code == 200 else None


def told(headers: Mapping[str, str]) -> Told:
    """What the headers of an answer tell about the token.

    https://docs.github.com/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps tells of ``X-OAuth-Scopes``, and
    https://github.blog/changelog/2021-07-26-expiration-options-for-personal-access-tokens of the end.
    """
    scopes = headers.get("X-OAuth-Scopes")
    listed = None if scopes is None else tuple(scope for part in scopes.split(",") if (scope := part.strip()))
    return Told(listed, _end(headers.get("GitHub-Authentication-Token-Expiration", "")))


def _end(text: str) -> datetime | None:
    """``2027-10-12 09:00:00 UTC`` or ``2027-10-12 11:00:00 +0200``."""
    try:
        return datetime.strptime(text.replace("UTC", "+0000"), "%Y-%m-%d %H:%M:%S %z").astimezone(UTC)
    except ValueError:
        return None


@contextmanager
def rate_limits() -> Iterator[None]:
    """GitHub says "slow down" with 403 too (docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""
    try:
        yield
    except StatusError as error:
        if error.status == 403 and "rate limit" in error.body.lower():
            error.retryable = True
            error.hint = "GitHub's rate limit is used up; run again later, nothing is published twice"
        raise


def shaped(read: Callable[[], T], url: str) -> T:
    """Read fields of an answer; one that lacks them is no answer."""
    try:
        return read()
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise odd(url) from error


def odd(url: str) -> NetworkError:
    return NetworkError(
        "the answer is not what GitHub's API gives here",
        hint="check the `api:` address; a proxy or an outage page may stand in between",
        url=url,
    )
