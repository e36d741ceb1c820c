"""Who did what, for people: the runs that were started and what was done in the dashboard, the newest first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from deployforge_tasks.access.trail import Filter
from deployforge_tasks.operations.runs import list_runs

if TYPE_CHECKING:
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.trail import Entry
    from deployforge_tasks.operations.runs import RunView
    from deployforge_tasks.project.load import Loaded

#: What an action of the trail is called; others are shown by their own names.
_WORDS: Mapping[str, str] = {
    "sign-on": "signed on",
    "sign-out": "signed out",
    "sign-out.everywhere": "signed out everywhere",
    "session.end": "ended a session of",
    "session.end-all": "ended every session of",
    "token.new": "made the token",
    "token.revoke": "revoked the token",
    "approval.ask": "asked for approval:",
    "approval.approve": "approved",
    "approval.refuse": "refused",
    "approval.use": "used the approval of",
    "approval.return": "began nothing, and keeps the approval of",
}


@dataclass(frozen=True)
class Deed:
    """One thing that happened.

    Fields: `who` is "" where nobody knows; `text` says what, in words; `run` is the run that it began; `state` its
    outcome, or that of the run, "" while there is none.
    """

    at: datetime
    who: str
    text: str
    run: int | None
    state: str


def activity(records: Records, loaded: Loaded, *, limit: int = 100, ledger_url: str | None = None) -> list[Deed]:
    """The newest deeds first.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    runs = [_run(run) for run in list_runs(loaded, limit=limit, ledger_url=ledger_url)]
    done = records.trail.entries(loaded.project.name, Filter(outcome="done"), limit=limit)
    deeds = [*runs, *(_entry(entry) for entry in done if entry.profile == loaded.profile)]
    return sorted(deeds, key=lambda deed: deed.at, reverse=True)[:limit]


def _run(run: RunView) -> Deed:
    words = run.command.removeprefix("deployforge ").split()
    verb = words[0] if words else "run"
    return Deed(run.started_at, run.actor or "", f"{verb} {run.version}", run.number, run.outcome or run.state)


def _entry(entry: Entry) -> Deed:
    subject = "" if entry.action.startswith("sign-") else entry.subject
    words = _WORDS.get(entry.action, entry.action.replace(".", " "))
    return Deed(entry.at, entry.actor, f"{words} {subject}".strip(), None, "")
