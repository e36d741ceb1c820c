"""What is checked before anything goes to an npm registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Finding, Identity, Level
from deployforge_tasks.effects.files import is_archive
from deployforge_tasks.platforms._expiry import expiry
from deployforge_tasks.platforms._npm_names import NpmOptions, name_problem, package_names
from deployforge_tasks.platforms._npm_registry import Registry
from deployforge_tasks.platforms.base import Job

# The tarball travels as one base64 string; larger ones fail in npm's own client too (npm/npm#12750).
_LARGEST = 120 << 20


def findings(job: Job[NpmOptions], registry: Callable[[], Registry], whoami: Callable[[], Identity]) -> list[Finding]:
    """Everything that can be seen without publishing.

    Args:
        registry: opens the registry with the credential.
        whoami: whose the credential is.
    """
    credential = _credential(job, registry, whoami)
    return [*_names(job), *_version(job), *credential, *_sizes(job), *_downloads(job), *_options(job)]


def _names(job: Job[NpmOptions]) -> Iterator[Finding]:
    for name in package_names(job).all:
        problem = name_problem(name)
        if problem:
            hint = "set platforms.<name>.package, scope or target_package"
            yield Finding("NPM-001", Level.ERROR, f"the package name {name} {problem}", hint)
    if not job.targets:
        yield Finding("NPM-002", Level.ERROR, "no target is left to publish", "npm knows linux, darwin and windows")


def _version(job: Job[NpmOptions]) -> Iterator[Finding]:
    try:
        if job.version.semver != job.version.text:
            yield Finding("NPM-003", Level.NOTE, f"npm will show the version as {job.version.semver}")
    except ValueError as error:
        yield Finding("NPM-003", Level.ERROR, str(error), "set platforms.<name>.version to one that npm can take")


def _credential(
    job: Job[NpmOptions], registry: Callable[[], Registry], whoami: Callable[[], Identity]
) -> Iterator[Finding]:
    try:
        found = job.secrets.found("token")
        if found and found.short_lived:
            _every_package_trusts(job)
            return
        opened = registry()
        known = whoami()
        yield from expiry("NPM-011", job, known.expires)
        yield from _ownership(job, opened, known.who)
    except (CredentialError, NetworkError) as error:
        yield Finding.of_error("NPM-004", error)


def _every_package_trusts(job: Job[NpmOptions]) -> None:
    """A trusted publisher is one of a package: each one has to name this CI job (such a token belongs to nobody)."""
    for name in package_names(job).all:
        job.secrets.require("token", name)


def _ownership(job: Job[NpmOptions], registry: Registry, user: str) -> Iterator[Finding]:
    for name in package_names(job).all:
        document, _ = registry.document(name)
        owners: list[Any] = (document.raw.get("maintainers") or []) if document else []
        known = {o.get("name") for o in owners if isinstance(o, dict)}
        if known and user not in known:
            message = f"{name} belongs to {', '.join(sorted(map(str, known)))}, and the token is {user}'s"
            hint = "an owner can add you with `npm owner add`; in an organisation this may be fine"
            yield Finding("NPM-005", Level.WARNING, message, hint)


def _sizes(job: Job[NpmOptions]) -> Iterator[Finding]:
    for piece in job.package.pieces if job.package else ():
        if piece.size > _LARGEST:
            size = f"{piece.size >> 20} MiB"
            hint = "strip the program, or leave the target out with `targets:`"
            yield Finding("NPM-006", Level.WARNING, f"{piece.name} packs to {size}, npm's practical limit is 120", hint)


def _downloads(job: Job[NpmOptions]) -> Iterator[Finding]:
    """The starter unpacks what Node.js itself can unpack."""
    names = [job.asset_name(t) for t in job.targets] if job.options.strategy == "download" else []
    for name in names:
        if is_archive(name) and not name.lower().endswith((".tar.gz", ".tgz", ".zip")):
            hint = "release .tar.gz or .zip, or use another strategy"
            yield Finding("NPM-010", Level.ERROR, f"the starter cannot unpack {name}", hint)


def _options(job: Job[NpmOptions]) -> Iterator[Finding]:
    options = job.options
    if options.provenance:
        message = "provenance needs npm's trusted publishing; this release is published with a token, without it"
        yield Finding("NPM-007", Level.NOTE, message)
    if options.dist_tag == "latest" and job.version.is_prerelease:
        yield Finding("NPM-009", Level.NOTE, "a prerelease does not take the tag `latest`")
