"""Rehearse a release: the same graph against registries on this machine, installed back with the real clients."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.events import Listener
from deployforge_tasks.operations.settings import Settings

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.rehearsal.registries import Registries
    from deployforge_tasks.rehearsal.report import Report, Row

PROFILE = "rehearsal"
FOLDER = Path(".deployforge") / "rehearsal"


@dataclass(frozen=True)
class RehearsalResult:
    """What a rehearsal found: the report, its page, and the address of each registry (by platform)."""

    report: Report
    page: Path
    registries: Mapping[str, str]
    exit_code: int


def rehearse(
    settings: Settings,
    *,
    platforms: Sequence[str] = (),
    jobs: int = 8,
    real: bool = False,
    report: Path | None = None,
    listeners: Sequence[Listener] = (),
    hold: Callable[[RehearsalResult], None] | None = None,
) -> RehearsalResult:
    """Publish everything to loopback registries, install it back, and write a report.

    Nothing leaves this machine: HTTP is held to loopback, and none of the user's credentials is used. The ledger is
    a new one each time; what was built before is used again.

    Args:
        settings: the project.
        platforms: only these (default: every enabled one).
        jobs: how many tasks run at once.
        real: use real registry servers where they are on this machine.
        report: folder for ``rehearsal.html`` and ``rehearsal.json`` (default: ``.deployforge/rehearsal``).
        listeners: who hears the run's events.
        hold: called with the result while the registries are still up.

    Raises:
        ConfigError: the project cannot be used.
        ArtifactError: its release files cannot be had.
    """
    from deployforge_tasks.operations.deploy import deploy
    from deployforge_tasks.rehearsal.registries import Registries
    from deployforge_tasks.rehearsal.report import write

    rehearsed = replace(settings, profile=settings.profile or PROFILE)
    plain = rehearsed.load()
    chosen = _chosen(plain, platforms)
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="deployforge-rehearsal-") as name:
        folder = Path(name)
        options = {p: plain.options[p].model_dump(mode="json", exclude_unset=True) for p in chosen}
        with Registries(folder / "registries", options, _servers(real)) as registries:
            there = [p for p in chosen if p not in registries.unserved]
            loaded = _against(rehearsed, plain, registries)
            result = deploy(
                loaded,
                platforms=there,
                jobs=jobs,
                listeners=listeners,
                ledger_url=f"sqlite:///{(folder / 'ledger.db').as_posix()}",
                loopback_only=True,
                command="rehearse",
            )
            made = _report(plain, chosen, registries, result, time.monotonic() - start)
            page = write(made, report or plain.root / FOLDER)
            finished = RehearsalResult(made, page, registries.addresses(), result.exit_code or (0 if made.good else 7))
            if hold:
                hold(finished)
    return finished


def _chosen(loaded: Loaded, platforms: Sequence[str]) -> list[str]:
    return [
        name for name, options in loaded.options.items() if options.enabled and (not platforms or name in platforms)
    ]


def _servers(real: bool) -> Mapping[str, Any] | None:
    if not real:
        return None
    from deployforge_tasks.rehearsal.real import with_real_servers

    return with_real_servers()


def _against(settings: Settings, plain: Loaded, registries: Registries) -> Loaded:
    """The project as the rehearsal sees it: every endpoint and credential is the registries' own."""
    from deployforge_tasks.platforms.registry import platforms as known

    theirs: Collection[str] = {v for p in known().values() for c in p.credentials for v in c.env}
    theirs |= {variable for names in plain.project.credentials.values() for variable in names.values()}
    environ = {k: v for k, v in plain.environ.items() if k not in theirs}
    overlay = registries.overlay()
    return replace(settings, environ={**environ, **registries.environ()}, env_file=None).load(overlay)


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
    return Row(name, title, found.outcome, registries.title(name), with_client, said, found.seconds, note, good)
