"""Trusted publishing: the identity of a CI job, traded for credentials that hold for minutes; never stored."""

from __future__ import annotations

import contextlib
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.core.model import Credential, Found
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.ci_identity import CiIdentity, advice, find_identity
from deployforge_tasks.platforms.base import Platform

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job

#: Stages that may trade: what is got so can publish, and nothing else.
STAGES = frozenset({"preflight", "publish", "whoami"})
#: Seconds for which what was got is used; the shortest-lived one (PyPI's) holds for 15 minutes.
_GOOD_FOR = 600.0


@dataclass
class _Traded:
    values: dict[str, str]
    at: float
    job: Job[Any] = field(repr=False)


class Exchanges:
    """The credentials that one run got for the identity of its job (thread-safe)."""

    def __init__(self, context: RunContext) -> None:
        self._context = context
        self._lock = threading.Lock()
        self._platforms: dict[str, threading.Lock] = {}
        self._traded: dict[tuple[str, str], _Traded] = {}

    def find(self, name: str, credential: Credential, piece: str) -> Found | None:
        """A credential of a platform, for one piece or all; None where nothing can be traded.

        Raises:
            DeployForgeError: the CI service or the platform refuses.
        """
        identity = find_identity(self._context.loaded.environ, self._context.http)
        if identity is None:
            return None
        with self._alone(name):
            values = self._values(name, piece, identity)
        value = values.get(credential.name)
        return Found(value, f"OIDC ({identity.service})", short_lived=True) if value else None

    def _alone(self, name: str) -> threading.Lock:
        """One trade at a time with a platform, so that what was got once is used by all."""
        with self._lock:
            return self._platforms.setdefault(name, threading.Lock())

    def advice(self, name: str) -> str:
        """What would let this CI job trade with a platform; "" where it can already, or never will."""
        if type(self._context.platforms[name]).exchange is Platform.exchange:
            return ""
        environ = self._context.loaded.environ
        found = "" if find_identity(environ, self._context.http) else advice(environ)
        return f"or, as a trusted publisher, {found}" if found else ""

    def give_back(self) -> None:
        """Make what was got worthless, where the platform can; it ends by itself soon, so failures do not matter."""
        while self._traded:
            (name, _), traded = self._traded.popitem()
            with contextlib.suppress(Exception):
                self._context.platforms[name].give_back(traded.job, traded.values)

    def _values(self, name: str, piece: str, identity: CiIdentity) -> dict[str, str]:
        known, now = self._traded.get((name, piece)), self._context.clock.monotonic()
        if known and now - known.at < _GOOD_FOR:
            return known.values
        try:
            traded = self._trade(name, piece, identity)
        except DeployForgeError:
            if known is None:
                raise
            return known.values  # an identity is traded once only at some places, and what was got may still hold
        if traded:
            self._traded[name, piece] = traded
        return traded.values if traded else {}

    def _trade(self, name: str, piece: str, identity: CiIdentity) -> _Traded | None:
        from deployforge_tasks.graph.jobs import make_job

        job = make_job(self._context, name, "exchange")
        try:
            values = self._context.platforms[name].exchange(job, identity.token, piece)
        except NotImplementedError:
            return None
        for value in values.values():
            redactor.add(value)
        return _Traded(values, self._context.clock.monotonic(), job)
