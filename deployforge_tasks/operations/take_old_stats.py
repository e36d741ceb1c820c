"""Taking over the figures of ContextLite's earlier scripts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.old_stats import LeftOut, read
from deployforge_tasks.core.downloads import Reading, Series
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.ledger.model import Scope
from deployforge_tasks.operations.stats_import import Imported, Taken
from deployforge_tasks.project.load import read_text

if TYPE_CHECKING:
    from deployforge_tasks.analytics.old_stats import OldCount
    from deployforge_tasks.ledger.counted import StoredCounter
    from deployforge_tasks.ledger.store import Ledger
    from deployforge_tasks.project.load import Loaded

_MEANING = "taken over from the figures of an earlier script"
_LARGEST = 1 << 20


def take_old_stats(loaded: Loaded, ledger: Ledger, file: Path, now: datetime) -> Imported:
    """Put the numbers of a ``download_stats.json`` into the ledger, as readings of its moment.

    Raises:
        ConfigError: the file cannot be used.
    """
    old = read(_text(loaded.root / file), str(file), now)
    here = Scope(loaded.project.name, loaded.profile)
    found = [_take(loaded, ledger, here, number, old.at) for number in old.counts]
    taken = tuple(one for one in found if isinstance(one, Taken))
    left = tuple(one for one in found if not isinstance(one, Taken))
    return Imported(file, old.at, taken, (*old.left_out, *left))


def _text(file: Path) -> str:
    if file.is_file() and file.stat().st_size > _LARGEST:
        raise ConfigError(
            f"{file} is too large for figures of an earlier script",
            hint="name a `download_stats.json`",
            code="DF3334",
        )
    return read_text(file, "--import or `monitoring.import`")


def _take(loaded: Loaded, ledger: Ledger, here: Scope, old: OldCount, at: datetime) -> Taken | LeftOut:
    if old.platform not in loaded.options:
        return LeftOut(old.field, f"{old.platform} is not in deployforge.yml")
    there = ledger.reader().counted().counters(here, [old.platform])
    subject = old.counter.subject or _subject(there, old)
    if not subject:
        return LeftOut(old.field, "the file does not say of what; `deployforge stats` first, then it is known")
    counter = replace(old.counter, subject=subject)
    series = Series(counter, (Reading(at, old.count),), _MEANING, "")
    new = ledger.downloads().keep(here, old.platform, [series], at)
    return Taken(old.field, old.platform, str(counter.kind), old.count, bool(new))


def _subject(there: Sequence[StoredCounter], old: OldCount) -> str:
    """What the platform counts, if that is one thing."""
    same = {c.counter.subject for c in there if c.counter.source == old.counter.source and not c.counter.target}
    return same.pop() if len(same) == 1 else ""
