"""What every npm registry has in common; npmjs and GitHub Packages differ in names, credentials and rollback."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

from deployforge_tasks.core.endpoints import NODEJS_WEB
from deployforge_tasks.core.errors import NetworkError, RollbackError, VersionError
from deployforge_tasks.core.model import (
    Change,
    Evidence,
    Finding,
    Identity,
    Live,
    ManualStep,
    Package,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import poll
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.platforms import _npm_account, _npm_checks, _npm_verify
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._npm_names import NpmOptions, dist_tag, main_name, package_names
from deployforge_tasks.platforms._npm_package import make_package, read_manifest
from deployforge_tasks.platforms._npm_registry import Document, Registry
from deployforge_tasks.platforms.base import Job, Platform

_LONGEST_WAIT = timedelta(hours=1)


class NpmFamily(Platform[NpmOptions]):
    """A registry that speaks npm's protocol."""

    traits = Traits(immutable=True, reversible=True)
    ecosystem = "npm"
    needs = ("github",)
    always_signed_in = False
    """Whether even reading needs a credential."""
    deprecates = True
    """Whether a version can be marked so that installers warn."""

    @abstractmethod
    def manual_steps(self, job: Job[NpmOptions]) -> tuple[ManualStep, ...]:
        """What only a person can do to take a version away."""

    def settle(self, job: Job[NpmOptions]) -> Job[NpmOptions]:
        """The job with options that follow from others filled in."""
        return job

    def hubs(self, options: NpmOptions) -> tuple[str, ...]:
        return self.needs if options.strategy == "download" else ()

    def registry(self, job: Job[NpmOptions], package: str = "") -> Registry:
        auth = self.always_signed_in or job.options.access == "restricted"
        token = job.secrets.require("token", package) if auth else job.secrets.get("token", package)
        return Registry(job.http, job.options.registry, token, auth_reads=auth)

    def _writer(self, job: Job[NpmOptions], package: str = "") -> Registry:
        job.secrets.require("token", package)
        return self.registry(job, package)

    def tools(self, options: NpmOptions) -> Sequence[Tool]:
        return (Tool("npm", ("npm", "--version"), f"install Node.js ({NODEJS_WEB})"),)

    def pieces(self, job: Job[NpmOptions]) -> list[str]:
        return package_names(self.settle(job)).all

    def package(self, job: Job[NpmOptions]) -> Package:
        return make_package(self.settle(job))

    def preflight(self, job: Job[NpmOptions]) -> list[Finding]:
        settled = self.settle(job)
        return _npm_checks.findings(settled, partial(self.registry, settled), lambda: self.whoami(job))

    def presence(self, job: Job[NpmOptions]) -> Presence:
        job = self.settle(job)
        version, registry = job.version.semver, self.registry(job)
        found: dict[str, str] = {}
        looks, spent = [], []
        for name in self.pieces(job):
            document, look = registry.document(name)
            digest = document.integrity(version) if document else None
            looks.append(replace(look, digest=digest))
            if digest is not None:
                found[name] = digest
            elif document and document.spent(version):
                spent.append(name)
        if spent:
            reason = f"{spent[0]}@{version} was unpublished, and npm never accepts its number again"
            return Presence(State.WITHDRAWN, reason, tuple(looks), tuple(spent))
        return _less_accepted(compare(self.pieces(job), job.digests, found, looks), _accepted(job))

    def publish(self, job: Job[NpmOptions], missing: Sequence[str]) -> None:
        job = self.settle(job)
        registry = self.registry(job)
        *parts, main = self.pieces(job)
        for name in missing:
            if name == main:
                self._wait_for(job, registry, parts)
            self._publish_one(job, self._writer(job, name), name)
        self._unreadable(job, registry, list(missing))

    def _publish_one(self, job: Job[NpmOptions], registry: Registry, name: str) -> None:
        assert job.package is not None
        piece = job.package.piece(name)
        data = (job.workdir / (piece.path or "")).read_bytes()
        tag = _tag(job, registry.document(name)[0])
        with job.irreversible(name, piece.digest):
            accepted_now = registry.publish(read_manifest(data), data, tag=tag, access=job.options.access)
        _remember(job, name)
        how = "" if accepted_now else " (the registry had accepted it before and is still working on it)"
        job.log.info(f"published {name}@{job.version.semver} with tag {tag}{how}")

    def _wait_for(self, job: Job[NpmOptions], registry: Registry, parts: list[str]) -> None:
        """Whoever installs the main package before its parts are readable gets no program, and keeps it so."""
        hidden = self._unreadable(job, registry, parts)
        if hidden:
            raise NetworkError(
                f"{hidden[0]}@{job.version.semver} was accepted, but the registry does not show it yet",
                hint="npm may need minutes; run again, nothing is published twice",
                url=registry.url,
            )

    def _unreadable(self, job: Job[NpmOptions], registry: Registry, names: list[str]) -> list[str]:
        """Wait until the packages can be read; those that still cannot when patience ends."""
        version = job.version.semver
        hidden = list(names)

        def look() -> list[str]:
            for name in list(hidden):
                document, _ = registry.document(name)
                if document and document.integrity(version) is not None:
                    hidden.remove(name)
                    _forget(job, name)
            return hidden

        return poll(job.clock, look, lambda left: not left, job.patience)

    def verify(self, job: Job[NpmOptions]) -> Evidence:
        settled = self.settle(job)
        return _npm_verify.verify(settled, self.registry(settled))

    def rollback_plan(self, job: Job[NpmOptions], to: Version | None) -> RollbackPlan:
        job = self.settle(job)
        registry = self._writer(job)
        changes: list[Change] = []
        # The main package first: from then on nobody new gets the version.
        for name in reversed(self.pieces(job)):
            changes += self._way_back(job, registry, name, to)
        return RollbackPlan(tuple(changes), self.manual_steps(job))

    def _way_back(self, job: Job[NpmOptions], registry: Registry, name: str, to: Version | None) -> list[Change]:
        document, _ = registry.document(name, fresh=True)
        version = job.version.semver
        if document is None or document.integrity(version) is None:
            return []
        changes = []
        target = to.semver if to else _previous(document, job.version)
        if target and document.integrity(target) is None:
            if name == self.title_name(job):
                raise RollbackError(f"{name}@{target} is not there", hint="roll back to a version that is published")
            target = None  # a target that the earlier version did not have
        for tag, tagged in document.tags.items():
            if tagged == version and target:
                set_tag = partial(registry.set_tag, name, tag, target)
                changes.append(Change(f"{name}: tag {tag} points at {target} again", set_tag))
        if not self.deprecates:
            return changes
        better = f"; use {target}" if target else ""
        deprecate = partial(registry.deprecate, name, version, f"{version} was taken back{better}")
        return [*changes, Change(f"{name}@{version} is deprecated", deprecate)]

    def live(self, job: Job[NpmOptions]) -> Live | None:
        """The version behind the dist-tag ``latest`` of the package that users install."""
        job = self.settle(job)
        document, look = self.registry(job).document(self.title_name(job))
        if document is None or not document.raw["versions"]:
            return None
        version = document.tags.get("latest")
        integrity = document.integrity(str(version))
        if version is None or integrity is None:
            raise NetworkError(
                f"{self.title_name(job)} has versions, and its tag `latest` names none of them",
                hint="set it with `npm dist-tag add`",
                url=look.url,
            )
        since = moment((document.raw.get("time") or {}).get(version))
        return Live(_spelled(job.version, version), replace(look, digest=integrity), "latest", since)

    def whoami(self, job: Job[NpmOptions]) -> Identity:
        job = self.settle(job)
        return self.identity(job, self._writer(job))

    def identity(self, job: Job[NpmOptions], registry: Registry) -> Identity:
        """Whose the token is, as the place tells it."""
        return _npm_account.identity(job, registry)

    def title_name(self, job: Job[NpmOptions]) -> str:
        """The package that users install."""
        return main_name(self.settle(job).options, job.project.name)


def _tag(job: Job[NpmOptions], document: Document | None) -> str:
    latest = document.tags.get("latest") if document else None
    older = bool(latest) and job.version < Version.parse(str(latest))
    return dist_tag(job.options.dist_tag, job.version.semver, latest, prerelease=job.version.is_prerelease, older=older)


def _spelled(ours: Version, version: str) -> str:
    """A version as ``deployforge.yml`` writes it, if it is ours: npm drops build metadata and wants three numbers."""
    try:
        return ours.text if ours.semver == version else version
    except VersionError:
        return version


def _previous(document: Document, version: Version) -> str | None:
    """The newest other final version that is not deprecated."""
    others = [
        Version.parse(text)
        for text, manifest in document.raw["versions"].items()
        if text != version.semver and not manifest.get("deprecated")
    ]
    final = [other for other in others if not other.is_prerelease]
    return max(final).semver if final else None


def _accepted(job: Job[NpmOptions]) -> dict[str, str]:
    """What this machine saw the registry accept lately, by name: when.

    Since 2026 npm shows a version only minutes later (npm/cli#9889). After an hour it has lost it, and sending it
    again does no harm: it is refused if it is there after all.
    """
    path = job.workdir / "accepted.json"
    if not path.exists():
        return {}
    seen: dict[str, str] = json.loads(path.read_text("utf-8"))
    since = job.clock.now() - _LONGEST_WAIT
    return {name: at for name, at in seen.items() if datetime.fromisoformat(at) > since}


def _remember(job: Job[NpmOptions], name: str) -> None:
    at = job.clock.now().isoformat()
    write_atomic(job.workdir / "accepted.json", json.dumps({**_accepted(job), name: at}))


def _forget(job: Job[NpmOptions], name: str) -> None:
    """It was seen: should it go away later, that is news."""
    left = {other: at for other, at in _accepted(job).items() if other != name}
    write_atomic(job.workdir / "accepted.json", json.dumps(left))


def _less_accepted(presence: Presence, accepted: dict[str, str]) -> Presence:
    """Pieces that were accepted and are not shown yet are not missing; with nothing else missing they are pending."""
    if presence.state not in (State.ABSENT, State.PARTIAL) or not set(presence.missing) & set(accepted):
        return presence
    missing = tuple(name for name in presence.missing if name not in accepted)
    if missing:
        return replace(presence, state=State.PARTIAL, missing=missing)
    waiting = [name for name in presence.missing if name in accepted]
    reason = f"{waiting[0]} was accepted and is not shown yet; if it never appears, raise the version"
    return replace(presence, state=State.PENDING, reason=reason, missing=())
