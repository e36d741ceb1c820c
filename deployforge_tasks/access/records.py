"""Everything that a ledger keeps about people: the trail, tokens, sessions and approvals."""

from __future__ import annotations

from sqlalchemy import Engine

from deployforge_tasks.access.approvals import Approvals
from deployforge_tasks.access.sessions import Sessions
from deployforge_tasks.access.tokens import Tokens
from deployforge_tasks.access.trail import Trail
from deployforge_tasks.ledger.database import open_engine


class Records:
    """Safe to use from several threads and processes."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.trail = Trail(engine)
        self.tokens = Tokens(engine)
        self.sessions = Sessions(engine)
        self.approvals = Approvals(engine)

    @classmethod
    def open(cls, url: str) -> Records:
        """Open those of a ledger (`Ledger.open` tells which URLs there are).

        Raises:
            ConfigError: it cannot be opened.
        """
        return cls(open_engine(url))

    def close(self) -> None:
        self._engine.dispose()
