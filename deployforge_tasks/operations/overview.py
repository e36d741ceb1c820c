"""Every platform at a glance: where its run is, what users get there, and how it is downloaded. Asks nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from deployforge_tasks.operations.progress import PlatformNow, RunNow, progress_of

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Downloads, PlatformDownloads
    from deployforge_tasks.ledger.feed import Feed
    from deployforge_tasks.operations.status import Status
    from deployforge_tasks.platforms.base import Platform
    from deployforge_tasks.project.load import Loaded

#: Days of downloads beside each platform.
DAYS = 30
#: Newest runs that are looked through for what a platform did last.
_LOOKED_THROUGH = 10
_FINAL, _REVIEWED, _OURS = "final once published", "reviewed before users see it", "ours to edit"
HAS_NO_HUB = "stands alone"


@dataclass(frozen=True)
class Row:
    """One platform.

    `run` and `now`: its newest run, and where it is in it; None if it was in none. `wanted` is the version that
    ``deployforge.yml`` asks for ("": nobody says); `live` what users get by `live_by` (``look``: the platform told,
    ``records``: we have published it, or ""); `presence` the platform's word for the wanted version. `kind` says
    what kind of place it is, `hubs` what it waits for. `downloads` is what is known of the last `DAYS` days.
    """

    platform: str
    title: str
    kind: str
    hubs: tuple[str, ...]
    required: bool
    run: int | None
    now: PlatformNow | None
    wanted: str
    live: str = ""
    live_by: str = ""
    presence: str = ""
    behind: int = 0
    drift: str = ""
    page: str = ""
    downloads: PlatformDownloads | None = None

    @property
    def state(self) -> str:
        """The state that it is shown by: of its newest run, else what the platform has."""
        if self.now is not None:
            return self.now.state
        return self.presence or "queued"


@dataclass(frozen=True)
class Overview:
    """All of it. `run` is the newest run with platforms, None before the first one.

    `looked_at` is when the platforms were asked for the last time, None if they were not; `newest_run` the highest run
    number of the project, whatever its profile.
    """

    project: str
    profile: str
    wanted: str
    run: RunNow | None
    rows: tuple[Row, ...]
    looked_at: datetime | None
    newest_run: int
    numbers: Mapping[int, int] = field(default_factory=dict)
    """Per run that is shown: the last event that is in here."""


@dataclass(frozen=True)
class Known:
    """What is known besides the ledger's runs: the last look at the platforms, download counts, packages' pages."""

    status: Status | None = None
    looked_at: datetime | None = None
    downloads: Downloads | None = None
    pages: Mapping[str, str] = field(default_factory=dict)


def overview(loaded: Loaded, feed: Feed, known: Known, now: datetime) -> Overview:
    """The overview as the ledger has it now.

    Args:
        loaded: the project.
        feed: its ledger.
        known: what was found out before.
        now: the moment, for what goes on.
    """
    from deployforge_tasks.graph.context import RunContext

    newest = feed.runs(loaded.project.name, None, 1)
    shown = _shown(loaded, feed, now)
    context = RunContext(loaded)
    names = list(dict.fromkeys([*context.platforms, *(one.platform for run in shown[:1] for one in run.platforms)]))
    wanted = "" if loaded.version is None else str(loaded.version)
    places = {name: _place(name, shown) for name in names}
    rows = tuple(
        _row(
            name,
            context.platforms.get(name),
            hubs=context.hubs(name) if name in context.platforms else (),
            required=context.required(name) if name in context.platforms else False,
            place=places[name],
            wanted=wanted,
            known=known,
        )
        for name in names
    )
    used = {run.number: run.number_of_event for run in shown}
    return Overview(
        project=loaded.project.name,
        profile=loaded.profile,
        wanted=wanted,
        run=shown[0] if shown else None,
        rows=rows,
        looked_at=known.looked_at,
        newest_run=newest[0].id if newest else 0,
        numbers=used,
    )


def recent_downloads(loaded: Loaded, now: datetime, *, ledger_url: str | None = None) -> Downloads:
    """What is known of the last `DAYS` whole days."""
    from deployforge_tasks.operations.stats import downloads

    until = now.date() - timedelta(days=1)
    return downloads(loaded, until - timedelta(days=DAYS - 1), until, ledger_url=ledger_url)


def pages(loaded: Loaded, *, ledger_url: str | None = None) -> dict[str, str]:
    """The web page of the wanted version on each platform; none without a version."""
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.graph.jobs import page

    if loaded.version is None:
        return {}
    context = RunContext(loaded, ledger_url=ledger_url)
    try:
        return {name: page(context, name) for name in context.platforms}
    finally:
        context.close()


def _shown(loaded: Loaded, feed: Feed, now: datetime) -> list[RunNow]:
    """The newest runs that had to do with platforms, until each platform of the project was in one."""
    found: list[RunNow] = []
    missing = {name for name, options in loaded.options.items() if options.enabled}
    for run in feed.runs(loaded.project.name, loaded.profile, _LOOKED_THROUGH):
        progress = progress_of(feed, loaded, run).now(now)
        if not progress.platforms and not (progress.live and not found):
            continue
        found.append(progress)
        missing -= {one.platform for one in progress.platforms}
        if not missing:
            break
    return found


def _place(name: str, runs: Sequence[RunNow]) -> tuple[int, PlatformNow] | None:
    """The newest run that a platform was in, and where it is in it."""
    for run in runs:
        for one in run.platforms:
            if one.platform == name:
                return run.number, one
    return None


def _row(
    name: str,
    platform: Platform[Any] | None,
    *,
    hubs: tuple[str, ...],
    required: bool,
    place: tuple[int, PlatformNow] | None,
    wanted: str,
    known: Known,
) -> Row:
    told = next((one for one in known.status.platforms if one.name == name), None) if known.status else None
    counted = (
        next((one for one in known.downloads.platforms if one.platform == name), None) if known.downloads else None
    )
    live, live_by = ("", "")
    if told is not None and told.live is not None:
        live, live_by = told.live.version, "look"
    elif known.downloads is not None:
        ours = [release for release in known.downloads.releases if name in release.platforms]
        newest = max(ours, key=lambda release: release.platforms[name], default=None)
        live, live_by = (newest.version, "records") if newest else ("", "")
    return Row(
        platform=name,
        title=platform.title if platform else name,
        kind=_kind(platform),
        hubs=hubs,
        required=required,
        run=place[0] if place else None,
        now=place[1] if place else None,
        wanted=wanted,
        live=live,
        live_by=live_by,
        presence=str(told.presence.state) if told else "",
        behind=told.behind if told else 0,
        drift=told.drift if told else "",
        page=known.pages.get(name, ""),
        downloads=counted,
    )


def _kind(platform: Platform[Any] | None) -> str:
    if platform is None:
        return "no longer in deployforge.yml"
    if platform.traits.moderated:
        return _REVIEWED
    return _OURS if platform.traits.editable else _FINAL
