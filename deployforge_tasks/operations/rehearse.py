"""Rehearse a release: the same graph against registries on this machine, installed back with the real clients."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError, DeployForgeError, VerifyError
from deployforge_tasks.core.events import Listener
from deployforge_tasks.operations.settings import Settings

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.rehearsal.registries import Registries
    from deployforge_tasks.rehearsal.report import Report, Row

PROFILE = "rehearsal"
FOLDER = Path(".deployforge") / "rehearsal"
#: Seconds; far more than a rehearsal of every platform takes, with building the program.
TIMEOUT = 3600.0


@dataclass(frozen=True)
class RehearsalResult:
    """What a rehearsal found: the report, its page, and by platform the registry's address and how to install there."""

    report: Report
    page: Path
    registries: Mapping[str, str]
    usage: Mapping[str, str]
    exit_code: int


def rehearse(
    settings: Settings,
    *,
    platforms: Sequence[str] = (),
    jobs: int = 8,
    real: bool = False,
    report: Path | None = None,
    timeout: float = TIMEOUT,
    listeners: Sequence[Listener] = (),
    hold: Callable[[RehearsalResult], None] | None = None,
) -> RehearsalResult:
    """Publish everything to loopback registries, install it back, and write a report.

    Nothing is sent anywhere: HTTP is held to loopback, and none of the user's credentials is used. Only release files
    that come from a GitHub release or from URLs are read from there first, with the user's credential for reading. The
    ledger is a new one each time; release files that are here already are used again.

    Args:
        settings: the project.
        platforms: only these (default: every enabled one).
        jobs: how many tasks run at once.
        real: use real registry servers where they are on this machine.
        report: folder for ``rehearsal.html`` and ``rehearsal.json`` (default: ``.deployforge/rehearsal``).
        timeout: seconds after which it is given up, and everything that it started is ended; `hold` does not count.
        listeners: who hears the run's events.
        hold: called with the result while the registries are still up.

    Raises:
        ConfigError: the project cannot be used.
        ArtifactError: its release files cannot be had.
        VerifyError: it did not end within `timeout`.
    """
    from deployforge_tasks.operations import rehearsal_project as project
    from deployforge_tasks.operations.deploy import deploy
    from deployforge_tasks.rehearsal.registries import Registries
    from deployforge_tasks.rehearsal.report import write

    rehearsed = replace(settings, profile=settings.profile or PROFILE)
    plain = rehearsed.load()
    chosen = project.chosen(plain, platforms)
    start = time.monotonic()
    until = start + timeout
    with _alone(plain), tempfile.TemporaryDirectory(prefix="deployforge-rehearsal-") as name:
        folder = Path(name)
        project.forget_earlier(plain)
        wanted = project.with_hubs(plain, chosen)
        with _in_time(timeout, until):
            files = project.release_files(plain, wanted, listeners, folder / "files", jobs, until=until)
        with Registries(folder / "registries", project.options_of(plain, wanted), _servers(real)) as registries:
            served = [name for name in wanted if name not in registries.unserved]
            loaded = project.against(rehearsed, plain, registries, served, files)
            if files and project.HUB not in served:
                project.show_files(registries, loaded, files)
            result = deploy(
                loaded,
                platforms=[name for name in chosen if name in served],
                jobs=jobs,
                listeners=listeners,
                ledger_url=f"sqlite:///{(folder / 'ledger.db').as_posix()}",
                loopback_only=True,
                command="rehearse",
                until=until,
            )
            made = _report(plain, chosen, registries, result, time.monotonic() - start)
            page = write(made, report or plain.root / FOLDER)
            if time.monotonic() >= until and not made.good:
                raise _late(timeout, f"not done: {', '.join(row.platform for row in made.rows if not row.good)}")
            addresses = {name: url for name, url in registries.addresses().items() if name in chosen}
            usage = {name: line for name, line in registries.usage().items() if name in chosen}
            finished = RehearsalResult(made, page, addresses, usage, result.exit_code or (0 if made.good else 7))
            if hold:
                hold(finished)
    return finished


@contextmanager
def _alone(plain: Loaded) -> Iterator[None]:
    """One rehearsal of a project at a time: they share its work folder.

    Raises:
        ConfigError: another one runs.
    """
    from filelock import FileLock, Timeout

    file = plain.root / FOLDER / ".lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(file, timeout=0):
            yield
    except Timeout:
        raise ConfigError(
            "another rehearsal of this project is running",
            hint="wait for it, or end it (with `--keep` it runs until Ctrl-C)",
            code="DF1306",
        ) from None


@contextmanager
def _in_time(timeout: float, until: float) -> Iterator[None]:
    """An error that comes when the time is over comes from that.

    Raises:
        VerifyError: instead of it.
    """
    try:
        yield
    except DeployForgeError as error:
        if time.monotonic() < until:
            raise
        raise _late(timeout, "the release files were not here yet") from error


def _late(timeout: float, what: str) -> VerifyError:
    return VerifyError(
        f"the rehearsal did not end within {timeout:g} s ({what})",
        hint="`-vv` shows what takes so long; allow more with `--timeout`, or rehearse fewer `--platforms`",
        code="DF5302",
    )


def _servers(real: bool) -> Mapping[str, Any] | None:
    if not real:
        return None
    from deployforge_tasks.rehearsal.real import with_real_servers

    return with_real_servers()


def _report(
    loaded: Loaded, chosen: Sequence[str], registries: Registries, result: DeployResult, seconds: float
) -> Report:
    from deployforge_tasks.rehearsal.report import Report

    rows = tuple(_row(name, registries, result.platforms.get(name)) for name in chosen)
    return Report(loaded.project.name, str(loaded.version), datetime.now(UTC), seconds, rows)


def _row(name: str, registries: Registries, found: PlatformResult | None) -> Row:
    from deployforge_tasks.platforms.registry import platforms as known
    from deployforge_tasks.rehearsal.report import Row

    title = known()[name].title
    if found is None:
        return Row(name, title, "not rehearsed", "", "", "", 0.0, "there is no registry for it here", good=False)
    evidence = found.evidence
    with_client = "" if evidence is None else evidence.client
    if evidence is not None and evidence.method == "download":
        with_client = f"download: {evidence.reason}"
    note = found.error.message if found.error else found.reason
    good = found.error is None and evidence is not None
    said = "" if evidence is None else " ".join(evidence.said.split())
    hint = found.error.hint if found.error else ""
    registry = registries.title(name)
    return Row(name, title, found.outcome, registry, with_client, said, found.seconds, note, good, hint)
