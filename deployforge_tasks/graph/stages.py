"""The stages beside publishing: fetch or build, render, package, preflight, verify, rollback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, PreflightError, RollbackError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.graph.jobs import make_job
from deployforge_tasks.graph.look import announce, unknown_error
from deployforge_tasks.graph.outcomes import SKIPPED, WAITING
from deployforge_tasks.graph.package_file import (
    alone_in,
    fingerprint,
    made_already,
    stamp_is,
    write_package,
    write_stamp,
)
from deployforge_tasks.graph.settle import wait_for
from deployforge_tasks.graph.stage import End
from deployforge_tasks.project.rendered import check_rendered

if TYPE_CHECKING:
    from deployforge_tasks.core.targets import Target
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job


def obtain(context: RunContext, target: Target) -> End:
    """Fetch or build the release file of a target. What comes from a public release is frozen at first sight."""
    project, version = context.project.name, str(context.version)
    artifact = context.store.obtain(target, context.ledger.frozen(project, version))
    if context.project.artifacts.source in ("github_release", "urls"):
        context.ledger.freeze(project, version, artifact.name, artifact.sha256)
    return End(values={"name": artifact.name, "sha256": artifact.sha256, "size": artifact.size})


def render(context: RunContext, name: str) -> End:
    """Write the files that come from templates, and note what they were made from."""
    job = make_job(context, name, "render")
    made_from = fingerprint(context, job, name)
    with alone_in(job.workdir, context.pause):
        if context.again("render") or not stamp_is(job.workdir, made_from):
            context.platforms[name].render(job)
            write_stamp(job.workdir, made_from)
    return End()


def package(context: RunContext, name: str) -> End:
    """Make the package and note its pieces with their digests."""
    job = make_job(context, name, "package")
    made_from = fingerprint(context, job, name)
    files = {artifact.name: artifact.sha256 for artifact in job.artifacts}
    with alone_in(job.workdir, context.pause):
        made = None if context.again("package") else made_already(job.workdir, made_from, files)
        if made is None:
            made = context.platforms[name].package(job)
            write_package(job.workdir, made, made_from, files)
    sizes = [piece.size for piece in made.pieces if piece.size]
    context.bus.emit("packaged", name, "package", pieces=len(sizes), bytes=sum(sizes))
    return End(values={"pieces": made.digests})


def preflight(context: RunContext, name: str) -> End:
    """Everything that can be checked before anything is sent.

    Raises:
        CredentialError: the findings that are errors are about credentials, all of them.
        PreflightError: at least one finding is an error about something else.
    """
    job = make_job(context, name, "preflight")
    findings = [*context.platforms[name].preflight(job), *_rendered_findings(context, job)]
    for finding in findings:
        context.bus.emit("finding", name, "preflight", **{**asdict(finding), "level": str(finding.level)})
    errors = [finding for finding in findings if finding.level is Level.ERROR]
    if errors:
        raise _failed(errors)
    return End()


def _rendered_findings(context: RunContext, job: Job[Any]) -> list[Finding]:
    """Placeholders that nobody filled in, and links to release files that are not there."""
    artifacts = job.artifacts
    one_folder = context.project.artifacts.source != "urls"
    base = artifacts[0].url.rpartition("/")[0] if artifacts and one_folder else ""
    digests = {artifact.name: artifact.sha256 for artifact in artifacts}
    return check_rendered(job.workdir / "rendered", base=base, digests=digests)


def _failed(errors: list[Finding]) -> DeployForgeError:
    first, more = errors[0], len(errors) - 1
    rest = f" (and {more} more)" if more else ""
    message, hint = f"{first.id} {first.message}{rest}", first.hint or "see the findings"
    if all(finding.credential for finding in errors):
        return CredentialError(message, hint=hint, code="DF2004")
    return PreflightError(message, hint=hint, code="DF3010")


def verify(context: RunContext, name: str) -> End:
    """Install what is published with the platform's own client and run it; the evidence goes into the ledger."""
    if name in context.waited_out:
        return End(WAITING, context.waited_out[name])
    key = context.key(name)
    context.ledger.forget_evidence(key)  # only what is proven from here on counts
    receipts = context.ledger.receipts(key)
    job = make_job(context, name, "verify", digests=receipts or None)
    presence = context.outcomes.of(name).presence
    if presence is None or presence.state is not State.SAME:
        answer = wait_for(context, name, job, (), context.patience)
        announce(context, name, "verify", answer.presence)
        if answer.unknown:
            raise answer.error or unknown_error(answer.presence.reason)
        if answer.presence.state is not State.SAME:
            return End(WAITING, f"not public yet: {answer.presence.reason}")
    try:
        with context.lock(name):  # two runs must not empty one sandbox under each other
            evidence = context.platforms[name].verify(job)
    except NotImplementedError:
        return End(SKIPPED, f"{context.platforms[name].title} has no way to verify")
    context.ledger.record_evidence(key, evidence)
    context.bus.emit("evidence", name, "verify", **asdict(evidence))
    return End(values=asdict(evidence))


def rollback(context: RunContext, name: str) -> End:
    """Take users back to an earlier version, as far as the platform allows."""
    key = context.key(name)
    with context.lock(name):
        job, to = rollback_job(context, name)
        with _leaving(context, name):
            result = context.platforms[name].rollback(job, to)
        context.ledger.forget_evidence(key)
    context.rollbacks[name] = result
    for step in result.manual:
        context.log.info(f"by hand: {step.text} {step.url}".strip())
    values = {"done": list(result.done), "manual": [asdict(step) for step in result.manual]}
    context.bus.emit("rolled_back", name, "rollback", to=str(to) if to else None, **values)
    return End(reason="a person has to finish it" if result.manual else "", values=values)


@contextmanager
def _leaving(context: RunContext, name: str) -> Iterator[None]:
    """Note before the first change that users are taken back: after a kill the version must not count as there.

    A rollback that fails leaves things as they were.
    """
    ledger, key = context.ledger, context.key(name)
    left_before = ledger.is_left(key)
    ledger.record_left(key)
    try:
        yield
    except Exception:
        if not left_before:
            ledger.forget_left(key)
        raise


def rollback_job(context: RunContext, name: str) -> tuple[Job[Any], Version | None]:
    """The job of a rollback, and the version to go back to: the named one, or the one before by the ledger.

    Raises:
        RollbackError: that is the version to leave.
    """
    job = make_job(context, name, "rollback")
    wanted = context.rollback_to or job.previous()
    to = Version.parse(wanted) if wanted else None
    if to == job.version:
        raise RollbackError(
            f"{to} is the version to leave",
            hint="name an earlier one; the one to leave is the project's, or what `--from` says (doit: `version=`)",
            code="DF5501",
        )
    return job, to
