"""What can be said about a project's downloads, each statement with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.insight import Insights

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


def insights(
    loaded: Loaded,
    *,
    since: date | None = None,
    until: date | None = None,
    platforms: Sequence[str] = (),
    ledger_url: str | None = None,
) -> Insights:
    """Look for what the collected downloads, the runs and the costs tell.

    Args:
        loaded: the project.
        since: the first day to look at (default: a year before `until`).
        until: the last day (default: yesterday, UTC).
        platforms: only these (default: every one that something is known of).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the ledger cannot be opened, or the packages of ``deployforge[analytics]`` are missing.
    """
    raise NotImplementedError
