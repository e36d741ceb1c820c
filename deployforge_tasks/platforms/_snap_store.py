"""The snap store over HTTP: the publisher's dashboard, the upload storage and the public API.

The requests are those of the snapcraft client (https://github.com/canonical/snapcraft, ``snapcraft/store/client.py``,
and https://dashboard.snapcraft.io/docs).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from deployforge_tasks.core.errors import CredentialError, NetworkError, PublishError, StatusError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import Http, json_body
from deployforge_tasks.platforms._snap_account import HELP, Account

if TYPE_CHECKING:
    import requests

SERIES = "16"
METRICS = "/dev/api/snaps/metrics"
_PUBLIC_FIELDS = "version,revision,download,channel-map"


@dataclass(frozen=True)
class Revision:
    """An uploaded snap; `status` is the store's word (``Published``, ``ManualReviewPending`` …)."""

    number: int
    version: str
    arches: tuple[str, ...]
    digest: str
    status: str


@dataclass(frozen=True)
class Listing:
    """What the publisher sees: every revision, and which one each channel has (``(channel, arch) -> number``)."""

    revisions: tuple[Revision, ...] = ()
    channels: dict[tuple[str, str], int] = field(default_factory=dict)
    look: Look = field(default_factory=lambda: Look("", 0))

    def number(self, number: int) -> Revision | None:
        return next((r for r in self.revisions if r.number == number), None)


@dataclass(frozen=True)
class ChannelMap:
    """What users see: a line for each channel and architecture, and the track that they get when they name none."""

    entries: list[dict[str, Any]]
    track: str


class Store:
    """The store as one publisher. `dashboard`, `uploads`, `api` and `login` are URLs without a slash at the end."""

    def __init__(
        self, http: Http, account: Account | None, *, dashboard: str, uploads: str, api: str, login: str
    ) -> None:
        self._http = http
        self._account = account
        self._dashboard = dashboard.rstrip("/")
        self._uploads = uploads.rstrip("/")
        self._api = api.rstrip("/")
        self._login = login.rstrip("/")

    def whoami(self) -> dict[str, Any]:
        """Account, permissions, channels, packages and expiry of the login."""
        return self._object(self._get(f"{self._dashboard}/api/v2/tokens/whoami"))

    def check_push(self, name: str) -> None:
        """Ask whether this account may upload a snap of that name; nothing is uploaded."""
        self._post("/dev/api/snap-push/", {"name": name, "dry_run": True})

    def listing(self, name: str) -> Listing | None:
        """All revisions and channels of a snap; None when the store clearly says that there is no such snap."""
        url: str | None = f"{self._dashboard}/api/v2/snaps/{name}/releases"
        listing = Listing(look=Look(str(url), 200))
        while url:
            response = self._get(url, ok=(200, 404))
            if response.status_code == 404:
                _check_absence(response)
                return None
            body = self._object(response)
            listing = _joined(listing, body)
            following = (body.get("_links") or {}).get("next")
            following = following.get("href") if isinstance(following, dict) else following
            url = self._same_host(following) if following else None
        return listing

    def upload(self, path: Path) -> str:
        """Send a file to the storage; returns its upload id. Nobody sees it before `push`."""
        with path.open("rb") as file:
            files = {"binary": (path.name, file, "application/octet-stream")}
            response = self._http.send(
                "POST", f"{self._uploads}/unscanned-upload/", files=files, headers={"Accept": "application/json"}
            )
        body = self._object(response)
        if not body.get("successful") or not body.get("upload_id"):
            raise PublishError(
                f"the store's storage did not take {path.name}",
                hint="run again; nothing is published yet",
                code="DF4320",
            )
        return str(body["upload_id"])

    def push(self, name: str, upload_id: str, size: int) -> str:
        """Make an uploaded file a revision of the snap; returns the URL that tells how its review goes."""
        wish = {
            "name": name, "series": SERIES, "updown_id": upload_id, "binary_filesize": size, "source_uploaded": False
        }  # fmt: skip
        body = self._object(self._post("/dev/api/snap-push/", wish))
        url = str(body.get("status_details_url") or "")
        if not url:
            raise NetworkError("the store took the snap and gave no address to ask for it", hint="run again")
        return self._same_host(url)

    def status(self, url: str) -> dict[str, Any]:
        """How the review of an upload goes: ``code``, ``processed``, ``revision``, ``errors``."""
        return self._object(self._get(self._same_host(url)))

    def release(self, name: str, revision: int, channels: list[str]) -> None:
        wish = {"name": name, "revision": str(revision), "channels": channels}
        body = self._object(self._post("/dev/api/snap-release/", wish))
        if body.get("success") is False:
            raise PublishError(
                f"the store did not release revision {revision}: {body.get('errors')}",
                hint="see the snap's page on the dashboard",
                code="DF4321",
            )

    def public(self, name: str) -> tuple[ChannelMap | None, Look]:
        """The channel map that users see, or None when they see no such snap."""
        url = f"{self._api}/v2/snaps/info/{name}"
        headers = {"Snap-Device-Series": SERIES}
        response = self._http.get(url, ok=(200, 404), params={"fields": _PUBLIC_FIELDS}, headers=headers)
        if response.status_code == 404:
            _check_absence(response)
            return None, Look(url, 404)
        document = self._object(response)
        entries = document.get("channel-map")
        if not isinstance(entries, list):
            raise NetworkError("the store's answer has no channel map", hint="run again later", url=url)
        return ChannelMap(entries, str(document.get("default-track") or "latest")), Look(url, 200)

    def snap_id(self, name: str) -> str | None:
        """The store's own id of a snap that users see; None when they see no such snap."""
        url = f"{self._api}/v2/snaps/info/{name}"
        response = self._http.get(url, ok=(200, 404), headers={"Snap-Device-Series": SERIES})
        if response.status_code == 404:
            _check_absence(response)
            return None
        found = self._object(response).get("snap-id")
        if not isinstance(found, str) or not found:
            raise NetworkError("the store's answer has no snap id", hint="run again later", url=url)
        return found

    def metrics(self, wanted: list[dict[str, str]]) -> dict[str, Any]:
        """What the store counts of a snap, for its publisher.

        Args:
            wanted: ``snap_id`` and ``metric_name`` of each, and ``start`` and ``end`` (days) where not all are wanted.
        """
        return self._object(self._post(METRICS, {"filters": wanted}))

    def _same_host(self, url: str) -> str:
        """An address that the dashboard gave, on the dashboard: the login goes nowhere else."""
        parts = urlsplit(urljoin(f"{self._dashboard}/", url))
        return f"{self._dashboard}{parts.path}" + (f"?{parts.query}" if parts.query else "")

    def _get(self, url: str, ok: tuple[int, ...] = (200,)) -> requests.Response:
        return self._authorized(lambda headers: self._http.get(url, ok=ok, headers=headers))

    def _post(self, path: str, document: dict[str, Any]) -> requests.Response:
        url = f"{self._dashboard}{path}"
        return self._authorized(
            lambda headers: self._http.send("POST", url, ok=(200, 201, 202), json=document, headers=headers)
        )

    def _authorized(self, call: Callable[[dict[str, str]], requests.Response]) -> requests.Response:
        """Make a call; a login that has to be renewed was refused before anything happened, so it is made once more."""
        try:
            return call(self._headers())
        except StatusError as error:
            if error.status != 401 or "macaroon-needs-refresh" not in error.body:
                raise
        self._renew()
        return call(self._headers())

    def _headers(self) -> dict[str, str]:
        if self._account is None:
            raise CredentialError("the snap store tells this only to the publisher", hint=HELP, code="DF2021")
        return {"Authorization": self._account.header(), "Accept": "application/json"}

    def _renew(self) -> None:
        """Get a fresh discharge from Ubuntu One (they live for a day)."""
        assert self._account is not None
        wish = {"discharge_macaroon": self._account.discharge}
        body = self._object(self._http.send("POST", f"{self._login}/api/v2/tokens/refresh", json=wish))
        fresh = str(body.get("discharge_macaroon") or "")
        redactor.add(fresh)
        self._account = replace(self._account, discharge=fresh)

    @staticmethod
    def _object(response: requests.Response) -> dict[str, Any]:
        body = json_body(response)
        if not isinstance(body, dict):
            raise NetworkError(
                "the store's answer is no JSON object", hint="run again later", url=redactor.text(response.url)
            )
        return body


def channel_of(entry: dict[str, Any]) -> str:
    """The whole name of a channel (``latest/stable``), from the parts or the short name."""
    name = str(entry.get("channel") or entry.get("name") or "")
    if entry.get("track") and entry.get("risk"):
        name = f"{entry['track']}/{entry['risk']}" + (f"/{entry['branch']}" if entry.get("branch") else "")
    return full_channel(name)


def full_channel(name: str) -> str:
    """``stable`` is short for ``latest/stable``."""
    return name if "/" in name else f"latest/{name}"


def _joined(listing: Listing, body: dict[str, Any]) -> Listing:
    revisions, releases = body.get("revisions"), body.get("releases")
    if not isinstance(revisions, list) or not isinstance(releases, list):
        raise NetworkError("the store's answer lists no revisions", hint="run again later", url=listing.look.url)
    known = list(listing.revisions)
    channels = dict(listing.channels)
    for r in revisions:
        arches = tuple(map(str, r["architectures"]))
        known.append(Revision(int(r["revision"]), str(r["version"]), arches, str(r["sha3-384"]), str(r["status"])))
    for entry in releases:  # newest first; a release without revision closed its channel
        channels.setdefault((channel_of(entry), str(entry["architecture"])), int(entry["revision"] or 0))
    return replace(listing, revisions=tuple(known), channels=channels)


def _check_absence(response: requests.Response) -> None:
    try:
        errors = response.json()["error-list"]
        codes = {str(e["code"]) for e in errors}
    except (ValueError, KeyError, TypeError):
        codes = set()
    if "resource-not-found" not in codes:
        raise NetworkError(
            "the store answered 404 without saying that the snap is unknown",
            hint="check the addresses of the store",
            url=redactor.text(response.url),
        )
