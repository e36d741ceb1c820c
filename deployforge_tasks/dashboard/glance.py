"""The overview as it is now, for everything that shows it: the page, the API, the badge and the metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.operations.overview import Known, Overview, overview

if TYPE_CHECKING:
    from fastapi import Request


def glance(request: Request) -> Overview:
    """Every platform, by the ledger and by what the platforms told last."""
    desk, look = request.app.state.desk, request.app.state.last_look
    known = Known(look.answer, look.at, desk.downloads(), desk.pages())
    return overview(desk.loaded, desk.reader, known, desk.now())
