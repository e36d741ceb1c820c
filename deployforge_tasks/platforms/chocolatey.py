"""Chocolatey's community repository, or another NuGet v2 feed: a package that downloads the release file."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import ClassVar, Literal

from pydantic import Field

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import CHOCOLATEY_FEED, CHOCOLATEY_PUSH, CHOCOLATEY_WEB
from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import (
    Credential,
    Evidence,
    Finding,
    Identity,
    Level,
    Live,
    Package,
    Piece,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import digest, folder_entries, write_atomic
from deployforge_tasks.platforms import _chocolatey_verify as trial
from deployforge_tasks.platforms._chocolatey_downloads import series
from deployforge_tasks.platforms._chocolatey_feed import ATOM, LISTED, UNLISTED, latest
from deployforge_tasks.platforms._chocolatey_nuspec import authors, nuspec_fields, template_context
from deployforge_tasks.platforms._chocolatey_rules import check_nuspec, check_script
from deployforge_tasks.platforms._nupkg import entry_digest, entry_properties, nupkg_bytes
from deployforge_tasks.platforms._spelling import as_released
from deployforge_tasks.platforms.base import Job, Options, Platform

SCRIPT = "tools/chocolateyinstall.ps1"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class ChocolateyOptions(Options):
    """Options of `platforms.chocolatey`."""

    package_name: str | None = None
    """Package id, lower case with hyphens; by default the project's name."""
    title: str | None = None
    """Name for people; by default the project's name."""
    dependencies: list[str] = Field(default_factory=list)
    """Other packages that are needed: `git`, or with a version range `git [2.40,)`."""
    license_url: str | None = None
    """Web page of the licence."""
    require_license_acceptance: bool = False
    """Users must accept the licence before it installs; needs `license_url`."""
    package_source_url: str | None = None
    """Where these packages are made; by default the project's repository."""
    release_notes: str | None = None
    """Text or link; by default the project's changelog."""
    while_pending: Literal["refuse", "submit"] = "refuse"
    """Whether a version may be submitted while the one before still waits for its moderator."""
    feed: str = CHOCOLATEY_FEED
    """Base URL of the NuGet v2 feed that users install from."""
    push: str = CHOCOLATEY_PUSH
    """URL that packages are pushed to."""


class Chocolatey(Platform[ChocolateyOptions]):
    """One nupkg with an install script; a moderator approves each version."""

    name = "chocolatey"
    title = "Chocolatey"
    options = ChocolateyOptions
    traits = Traits(immutable=True, moderated=True)
    needs: ClassVar[tuple[str, ...]] = ("github",)
    ecosystem = "chocolatey"
    counts = (
        "Downloads of all versions of the package since the first one, by people, CI machines and mirrors; a package "
        "that was downloaded need not have been installed."
    )
    credentials = (
        Credential(
            "key",
            ("CHOCOLATEY_API_KEY", "CHOCO_API_KEY"),
            f"copy the API key from {CHOCOLATEY_WEB}/account and set CHOCOLATEY_API_KEY",
        ),
    )

    def tools(self, options: ChocolateyOptions) -> Sequence[Tool]:
        choco = Tool("choco", ("choco", "--version"), f"see {CHOCOLATEY_WEB}", systems=("win32",))
        return (choco,)

    def pieces(self, job: Job[ChocolateyOptions]) -> list[str]:
        return [f"{_id(job)}.{_version(job.version)}.nupkg"]

    def render(self, job: Job[ChocolateyOptions]) -> None:
        job.render("chocolatey", template_context(job, _id(job), _version(job.version)))

    def package(self, job: Job[ChocolateyOptions]) -> Package:
        self.render(job)
        rendered = job.workdir / "rendered"
        nuspec = f"{_id(job)}.nuspec"
        files = [e for e in folder_entries(rendered) if e.name != nuspec]
        data = nupkg_bytes(
            _id(job),
            _version(job.version),
            (rendered / nuspec).read_bytes(),
            files,
            creator=authors(job),
            description=job.description(self.name),
        )
        path = job.workdir / self.pieces(job)[0]
        write_atomic(path, data)
        return Package((Piece(path.name, f"sha512:{digest(path, 'sha512')}", path.name, len(data)),))

    def preflight(self, job: Job[ChocolateyOptions]) -> list[Finding]:
        rendered = job.workdir / "rendered"
        script = (rendered / SCRIPT).read_text("utf-8")
        nuspec = (rendered / f"{_id(job)}.nuspec").read_text("utf-8")
        findings = [*_check_key(job), *check_nuspec(nuspec_fields(nuspec)), *check_script(script)]
        if not re.fullmatch(r"[A-Za-z0-9]+([._-][A-Za-z0-9]+)*", _id(job)) or len(_id(job)) > 100:
            findings.append(
                Finding(
                    "CHOCO-102", Level.ERROR, f"`{_id(job)}` is no package id", "use letters, digits and single hyphens"
                )
            )
        return [*findings, *self._check_pending(job)]

    def _check_pending(self, job: Job[ChocolateyOptions]) -> list[Finding]:
        """A second version in the queue sends both back to its end, so the one before must be through."""
        before = job.previous()
        if before is None or job.options.while_pending == "submit":
            return []
        status, properties = _look(job, Version.parse(before))
        if status == 200 and properties.get("PackageStatus") == "Submitted":
            return [
                Finding(
                    "CHOCO-103",
                    Level.ERROR,
                    f"{before} still waits for its review ({_queue(properties)})",
                    "wait until it is approved, or set `while_pending: submit`",
                )
            ]
        return []

    def presence(self, job: Job[ChocolateyOptions]) -> Presence:
        status, properties = _look(job, job.version)
        url = _entity(job, job.version)
        if status == 404:
            return self._not_found(job, Look(url, 404))
        found = entry_digest(properties)
        look = Look(url, 200, found or None)
        state = properties.get("PackageStatus", "")
        if state == "Submitted":
            return Presence(State.PENDING, f"in moderation: {_queue(properties)}", (look,))
        if state == "Rejected":
            return Presence(State.REJECTED, "a moderator rejected it", (look,), tuple(self.pieces(job)))
        if state not in LISTED:
            raise NetworkError(f"the feed says `{state}`", hint="a status that is not known here", url=url)
        if properties.get("Published", "").startswith(UNLISTED):
            return Presence(State.WITHDRAWN, "it is unlisted", (look,), tuple(self.pieces(job)))
        return compare(self.pieces(job), job.digests, {self.pieces(job)[0]: found}, (look,))

    def _not_found(self, job: Job[ChocolateyOptions], look: Look) -> Presence:
        """The feed gives the same 404 for a version that was never pushed and for a rejected one; our receipt tells."""
        if job.receipts():
            return Presence(
                State.REJECTED,
                "we pushed it and the feed does not show it: rejected, or not processed yet",
                (look,),
                tuple(self.pieces(job)),
                by="receipt",
            )
        return compare(self.pieces(job), job.digests, {}, (look,))

    def publish(self, job: Job[ChocolateyOptions], missing: Sequence[str]) -> None:
        assert job.package is not None
        for name in missing:
            piece = job.package.piece(name)
            content = (job.workdir / str(piece.path)).read_bytes()
            with job.irreversible(name, piece.digest):
                answer = job.http.send(
                    "PUT",
                    job.options.push,
                    ok=(200, 201, 202),
                    headers={"X-NuGet-ApiKey": job.secrets.require("key")},
                    files={"package": (name, content, "application/octet-stream")},
                    allow_redirects=False,  # a redirected PUT would arrive as a GET, and look like a success
                )
                if answer.status_code == 200 and answer.content:  # feeds say 201 or 202, or 200 and nothing more
                    raise NetworkError(
                        "the answer to the push is a page and no acceptance",
                        hint="a proxy or an outage page may stand in between",
                        url=job.options.push,
                    )

    def verify(self, job: Job[ChocolateyOptions]) -> Evidence:
        return trial.verify(
            job, _id(job), _version(job.version), job.options.feed, job.digests.get(self.pieces(job)[0])
        )

    def rollback_plan(self, job: Job[ChocolateyOptions], to: Version | None) -> RollbackPlan:
        instead = f"; users get {to} again" if to else ""
        return self.manual(f'unlist {_id(job)} {job.version} on its page ("Unlist", as owner){instead}', self.page(job))

    def live(self, job: Job[ChocolateyOptions]) -> Live | None:
        found = latest(job.http, job.options.feed, _id(job))
        return found and replace(found, version=as_released(found.version, job.version, _version))

    def whoami(self, job: Job[ChocolateyOptions]) -> Identity:
        """The feed has no question that takes a key and changes nothing: only its form can be seen here."""
        _key(job)
        raise NotImplementedError

    def downloads(self, job: Job[ChocolateyOptions], since: date | None) -> Sequence[Series]:
        return series(job, job.options.feed, _id(job))

    def page(self, job: Job[ChocolateyOptions]) -> str:
        return _page(job, job.version)


def _id(job: Job[ChocolateyOptions]) -> str:
    return job.options.package_name or job.project.name.lower()


def _version(version: Version) -> str:
    """NuGet's normalised form with a one-word pre-release, which is all that version 2 of its protocol knows."""
    numbers, _, pre = version.nuget.partition("-")
    return f"{numbers}-{re.sub('[^0-9A-Za-z]', '', pre)}" if pre else numbers


def _page(job: Job[ChocolateyOptions], version: Version) -> str:
    public = job.options.feed.rstrip("/") == CHOCOLATEY_FEED
    return f"{CHOCOLATEY_WEB}/packages/{_id(job)}/{_version(version)}" if public else ""


def _entity(job: Job[ChocolateyOptions], version: Version) -> str:
    # The version itself is asked for: lists and filters leave out what is in moderation.
    return f"{job.options.feed.rstrip('/')}/Packages(Id='{_id(job)}',Version='{_version(version)}')"


def _look(job: Job[ChocolateyOptions], version: Version) -> tuple[int, dict[str, str]]:
    url = _entity(job, version)
    response = job.http.get(url, ok=(200, 404), headers=ATOM)
    return response.status_code, entry_properties(response.text, url) if response.status_code == 200 else {}


def _queue(properties: dict[str, str]) -> str:
    """Where a submitted version stands, in the feed's own words."""
    parts = {
        "": properties.get("PackageSubmittedStatus", ""),
        "validation ": properties.get("PackageValidationResultStatus", ""),
        "tests ": properties.get("PackageTestResultStatus", ""),
    }
    return ", ".join(f"{name}{value}".strip() for name, value in parts.items() if value) or "submitted"


def _key(job: Job[ChocolateyOptions]) -> str:
    """The API key.

    Raises:
        CredentialError: it is missing, or none of the community repository's.
    """
    key = job.secrets.require("key")
    if job.options.push == CHOCOLATEY_PUSH and not _GUID.fullmatch(key):
        raise job.secrets.refused("key", "the API key is no Chocolatey key (they are GUIDs)", code="DF2147")
    return key


def _check_key(job: Job[ChocolateyOptions]) -> list[Finding]:
    try:
        _key(job)
    except CredentialError as error:
        number = "CHOCO-101" if job.secrets.get("key") else "CHOCO-100"
        return [Finding.of_error(number, error)]
    return []
