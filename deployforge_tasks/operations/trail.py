"""The trail of what people did: a page of it, the whole of it as CSV, and adding to it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from deployforge_tasks.access.trail import EVERYTHING, Entry, Filter, Outcome
from deployforge_tasks.core.errors import ConfigError

if TYPE_CHECKING:
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.roles import Visitor
    from deployforge_tasks.project.load import Loaded

#: Spreadsheets take a text that begins so for a formula (https://owasp.org/www-community/attacks/CSV_Injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = ("at", "actor", "role", "method", "origin", "action", "profile", "subject", "outcome", "detail")


@dataclass(frozen=True)
class TrailPage:
    """Entries, the newest first; `older` is the number to go on before, None at the end.

    `actors` and `actions` are all that the whole trail has, to choose from.
    """

    entries: tuple[Entry, ...]
    older: int | None
    actors: tuple[str, ...]
    actions: tuple[str, ...]


def note(
    records: Records,
    loaded: Loaded,
    visitor: Visitor,
    action: str,
    *,
    subject: str = "",
    outcome: Outcome = "done",
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Add what a visitor did, or was refused to do.

    Args:
        records: where to.
        loaded: the project.
        visitor: who.
        action: a verb (``deploy``, ``token.new``).
        subject: what it was done to (``run 12``).
        outcome: ``done refused failed``.
        detail: what else is worth knowing later; secrets in it are masked.
    """
    records.trail.add(
        actor=visitor.name,
        role=visitor.role,
        method=visitor.method,
        origin=visitor.origin,
        action=action,
        project=loaded.project.name,
        profile=loaded.profile,
        subject=subject,
        outcome=outcome,
        detail=detail,
    )


def trail_page(records: Records, loaded: Loaded, chosen: Filter = EVERYTHING, *, limit: int = 100) -> TrailPage:
    """One page of the project's trail, of every profile."""
    project = loaded.project.name
    found = records.trail.entries(project, chosen, limit=limit + 1)
    shown = tuple(found[:limit])
    older = shown[-1].number if len(found) > limit else None
    return TrailPage(shown, older, tuple(records.trail.actors(project)), tuple(records.trail.actions(project)))


def trail_csv(records: Records, loaded: Loaded, chosen: Filter = EVERYTHING) -> Iterator[str]:
    """The trail as CSV, piece by piece, with a line of headings; no field begins like a formula."""
    yield _line(_COLUMNS)
    for entry in records.trail.everything(loaded.project.name, replace(chosen, before=None)):
        detail = json.dumps(entry.detail, ensure_ascii=False) if entry.detail else ""
        texts = [entry.at.isoformat(), *(str(getattr(entry, name)) for name in _COLUMNS[1:-1]), detail]
        yield _line([f"'{text}" if text.startswith(_FORMULA) else text for text in texts])


def trail_filter(
    *, actor: str = "", action: str = "", outcome: str = "", first: str = "", last: str = "", before: int | None = None
) -> Filter:
    """A filter as the address of a page says it; `first` and `last` are days (UTC, both included).

    Raises:
        ConfigError: a day is none.
    """
    until = _day(last)
    return Filter(actor, action, outcome, _day(first), until + timedelta(days=1) if until else None, before)


def _day(text: str) -> datetime | None:
    if not text:
        return None
    try:
        day = datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise ConfigError(f"`{text[:40]}` is no day", hint="write it as 2026-01-31", code="DF3501") from error
    return datetime.combine(day, time(), UTC)


def _line(texts: tuple[str, ...] | list[str]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow(texts)
    return text.getvalue()
