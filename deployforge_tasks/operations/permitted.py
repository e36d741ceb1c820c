"""Starting what may need a second person's approval: an approval is used for a run, and only for one that begins."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from deployforge_tasks.operations.approvals import give_back, permit
from deployforge_tasks.operations.launching import start, started

if TYPE_CHECKING:
    from deployforge_tasks.access.approvals import Action
    from deployforge_tasks.access.records import Records
    from deployforge_tasks.access.roles import Visitor
    from deployforge_tasks.project.load import Loaded

#: A form that is sent twice at the same time finds what the other one has started, and asks for no approval of its own.
_ONE_AT_A_TIME = threading.Lock()


def start_permitted(
    records: Records,
    loaded: Loaded,
    visitor: Visitor,
    words: Sequence[str],
    *,
    action: Action,
    platforms: Sequence[str],
    form: str,
    actor: str,
    to: str = "",
    reason: str = "",
    ledger_url: str | None = None,
) -> bool:
    """Start ``deployforge <words>`` if it needs no second person, or has one; False when the form started it before.

    Args:
        records: where approvals are.
        loaded: the project, with the version that it is about.
        visitor: who wants it.
        words: the command line, see `launching.start`, as for `form`, `actor`, `reason` and `ledger_url`.
        action: what it is, for the approval.
        platforms: every platform that it is about.
        to: of a rollback: the version to go back to, "" for the one before.

    Raises:
        ApprovalNeededError: a second person has to approve first.
        ConfigError: it cannot be started; an approval stays good.
    """
    with _ONE_AT_A_TIME:
        if started(loaded, form) is not None:
            return False
        version = str(loaded.version)
        used = permit(records, loaded, visitor, action=action, version=version, platforms=platforms, form=form, to=to)

        def never_began() -> None:
            if used is not None:
                with suppress(SQLAlchemyError):  # the ledger is away: the next `permit` looks into what became of it
                    give_back(records, loaded, visitor, used)

        try:
            begun = start(
                loaded,
                words,
                form=form,
                actor=actor,
                reason=reason,
                ledger_url=ledger_url,
                never_began=never_began,
            )
        except Exception:
            if started(loaded, form) is None:  # else a process may be at work
                never_began()
            raise
        if not begun:  # a process of another dashboard has started it in the same moment
            never_began()
        return begun
