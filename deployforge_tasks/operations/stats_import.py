"""Taking over download figures: files that ``monitoring.import`` or a command names."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deployforge_tasks.analytics.exports.rows import Progress
    from deployforge_tasks.analytics.old_stats import LeftOut
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Taken:
    """Numbers that are in the ledger now.

    Fields: `field` what they are called in the file; `count` their sum; `new` says that some of them were not there
    before; `first` and `last` the days that they are about, None where they are of one moment; `parts` how many
    countries or versions have them, 0 where they are of everything.
    """

    field: str
    platform: str
    kind: str
    count: int
    new: bool
    first: date | None = None
    last: date | None = None
    parts: int = 0


@dataclass(frozen=True)
class Imported:
    """What was taken from a file, and what was not; `at` is the moment of its numbers, or their end."""

    file: Path
    at: datetime
    taken: tuple[Taken, ...]
    left_out: tuple[LeftOut, ...]


def import_file(
    loaded: Loaded,
    file: Path,
    *,
    ledger_url: str | None = None,
    now: datetime | None = None,
    progress: Progress | None = None,
) -> Imported:
    """Take over the figures of one file; doing it again changes nothing.

    Args:
        loaded: the project.
        file: an export with days and countries (`analytics.exports`), or a ``download_stats.json`` of ContextLite's
            scripts; a relative path begins in the project's folder.
        ledger_url: another ledger than the project's own.
        now: the moment, when it is not this one.
        progress: hears how much of an export is read, from 0 to 1.

    Raises:
        ConfigError: the file or the ledger cannot be used.
    """
    from deployforge_tasks.analytics.exports.shapes import shape_in
    from deployforge_tasks.graph.context import ledger_url as own_ledger
    from deployforge_tasks.ledger.store import Ledger
    from deployforge_tasks.operations.take_exports import take_export
    from deployforge_tasks.operations.take_old_stats import take_old_stats

    path, moment = loaded.root / file, now or datetime.now(UTC)
    shape = shape_in(path) if path.is_file() else None
    ledger = Ledger.open(ledger_url or own_ledger(loaded))
    try:
        if shape is None:
            return take_old_stats(loaded, ledger, file, moment)
        return take_export(loaded, ledger, file, shape, moment.date(), progress=progress)
    finally:
        ledger.close()
