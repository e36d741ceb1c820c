"""Who each credential is, what it may do, and when it ends: every platform is asked at once."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from deployforge_tasks.core.model import Identity
from deployforge_tasks.operations.accounts import MISSING_CODE, account_job, looking
from deployforge_tasks.operations.graph_run import choose

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Secrets
    from deployforge_tasks.project.load import Loaded

OK, EXPIRING, EXPIRED, MISSING, REFUSED, UNKNOWN = "ok", "expiring", "expired", "missing", "refused", "unknown"
#: How much each state matters to whoever looks at the whole project.
SEVERITY = {OK: "ok", UNKNOWN: "ok", EXPIRING: "warning", EXPIRED: "error", MISSING: "error", REFUSED: "error"}
#: Seconds for all answers together.
DEADLINE = 20.0


@dataclass(frozen=True)
class CredentialView:
    """One credential of a platform: `source` is where it was found ("" if nowhere), `variables` where it may stand."""

    name: str
    variables: tuple[str, ...]
    source: str
    required: bool
    short_lived: bool = False


@dataclass(frozen=True)
class Account:
    """What is known of a platform's credentials.

    `state` is ``ok expiring expired missing refused unknown``; `reason` and `hint` say why it is not ok; `required`
    whether a release fails without the platform.
    """

    platform: str
    title: str
    state: str
    credentials: tuple[CredentialView, ...]
    identity: Identity | None = None
    reason: str = ""
    hint: str = ""
    required: bool = True


@dataclass(frozen=True)
class Accounts:
    """The accounts in the order of ``deployforge.yml``; `warnings` are about where credentials are looked for."""

    project: str
    accounts: tuple[Account, ...]
    warnings: tuple[str, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or 4 when a required credential is missing, refused or over."""
        bad = (MISSING, REFUSED, EXPIRED)
        return 4 if any(a.state in bad and a.required for a in self.accounts) else 0

    @property
    def strict_exit_code(self) -> int:
        """For those who want every answer: 4 also for what is optional or ends soon, 6 for what cannot be told."""
        states = {a.state for a in self.accounts}
        if states & {MISSING, REFUSED, EXPIRED, EXPIRING}:
            return 4
        return 6 if UNKNOWN in states else 0


def whoami(loaded: Loaded, *, platforms: Sequence[str] = (), deadline: float = DEADLINE) -> Accounts:
    """Ask every platform who its credential is, and remember when it ends.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        deadline: seconds for all answers together.

    Raises:
        ConfigError: a platform's name cannot be used, the ledger cannot be opened, or ``DEPLOYFORGE_KEYRING`` says
            something that it cannot.
    """
    from deployforge_tasks.effects.keyring import is_wanted

    is_wanted(loaded.environ)
    with looking(loaded, "whoami") as context:
        names = choose(context, platforms)
        found = _ask(context, names, deadline)
        _remember(context, found)
        failure = context.vault.failure
    warnings = [p.message for p in loaded.warnings if p.path.partition(".")[0] == "credentials"]
    if failure:
        warnings.append(f"{failure.message}; {failure.hint}")
    return Accounts(loaded.project.name, tuple(found), tuple(warnings))


def here(loaded: Loaded) -> Accounts:
    """What is known of the credentials without asking anybody: where each is, and when it ends as far as it was told.

    The state of one that is there is ``unknown``, unless it is known to end soon or to be over.
    """
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.remembered import Remembered

    context = RunContext(loaded, command="whoami")
    memory, now = Remembered(loaded.root, loaded.profile), Clock().now()
    found = tuple(_unasked(context, name, memory.end(name), now) for name in choose(context, ()))
    return Accounts(loaded.project.name, found)


def _not_set(names: Sequence[str]) -> str:
    are = "are" if len(names) > 1 or names[0].endswith("s") else "is"
    return f"its {' and '.join(names)} {are} not set"


def _unasked(context: RunContext, name: str, end: datetime | None, now: datetime) -> Account:
    kept = context.vault.kept(name)
    plain = _plain(context, name)
    views = tuple(replace(v, source=v.source or ("keyring" if v.name in kept else "")) for v in plain.credentials)
    account = replace(plain, credentials=views)
    if not views:
        return replace(account, reason="needs no credential")
    missing = [view.name for view in views if view.required and not view.source]
    if missing:
        return replace(account, state=MISSING, reason=_not_set(missing))
    account = replace(
        account, state=UNKNOWN, reason="not asked yet", identity=Identity("", expires=end) if end else None
    )
    return _dated(account, now)


def _ask(context: RunContext, names: Sequence[str], deadline: float) -> list[Account]:
    """All at once, in threads that nobody waits for after the deadline."""
    for name in names:  # a person may have to unlock the keyring: that is not the platforms' time
        _open_keyring(context, name)
    answers: dict[str, Account] = {}
    until = context.clock.monotonic() + deadline

    def one(name: str) -> None:
        answers[name] = _account(context, name)

    threads = [threading.Thread(target=one, args=(name,), name=f"whoami-{name}", daemon=True) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, until - context.clock.monotonic()))
    late = f"no answer within {deadline:g} s"
    return [answers.get(name) or replace(_plain(context, name), state=UNKNOWN, reason=late) for name in names]


def _open_keyring(context: RunContext, name: str) -> None:
    for credential in context.vault.credentials(name, context.platforms[name].credentials):
        if credential.required and not context.vault.given([credential]):
            context.vault.stored(name, credential)


def _account(context: RunContext, name: str) -> Account:
    account = _plain(context, name)
    if not account.credentials:
        return replace(account, reason="needs no credential")
    try:
        job = account_job(context, name)
        account = replace(account, credentials=_views(context, name, job.secrets))
        if any(view.short_lived for view in account.credentials):
            trusted = Identity("a trusted publisher", ("publish",), note="it ends with this job")
            return replace(account, identity=trusted)
        identity = context.platforms[name].whoami(job)
    except Exception as error:  # noqa: BLE001 - a fault of one platform must not hide the others
        return _failed(account, error)
    return _dated(replace(account, identity=identity), context.clock.now())


def _failed(account: Account, error: Exception) -> Account:
    """Missing, refused and what cannot be told, apart."""
    from deployforge_tasks.core.errors import CredentialError, DeployForgeError
    from deployforge_tasks.core.redact import redactor

    missing = [v.name for v in account.credentials if v.required and not v.source]
    if isinstance(error, NotImplementedError) and missing:
        return replace(account, state=MISSING, reason=_not_set(missing))
    if isinstance(error, NotImplementedError):
        return replace(account, state=UNKNOWN, reason=f"{account.title} does not tell")
    if isinstance(error, CredentialError):
        state = MISSING if error.code == MISSING_CODE else REFUSED
        return replace(account, state=state, reason=error.message, hint=error.hint)
    if isinstance(error, DeployForgeError):
        return replace(account, state=UNKNOWN, reason=error.message, hint=error.hint)
    return replace(account, state=UNKNOWN, reason=redactor.text(f"{type(error).__name__}: {error}"))


def _plain(context: RunContext, name: str) -> Account:
    """An account by what is here, without asking anybody."""
    credentials = context.vault.credentials(name, context.platforms[name].credentials)
    given = context.vault.given(credentials)
    views = tuple(
        CredentialView(c.name, c.env, given[c.name].source if c.name in given else "", c.required) for c in credentials
    )
    return Account(name, context.platforms[name].title, OK, views, required=context.required(name))


def _views(context: RunContext, name: str, secrets: Secrets) -> tuple[CredentialView, ...]:
    """The credentials with where they are, the keyring and a trade included."""
    views = []
    for credential in context.vault.credentials(name, context.platforms[name].credentials):
        found = secrets.found(credential.name)
        source, short = (found.source, found.short_lived) if found else ("", False)
        views.append(CredentialView(credential.name, credential.env, source, credential.required, short))
    return tuple(views)


def _dated(account: Account, now: datetime) -> Account:
    from deployforge_tasks.project.remembered import SOON, when

    end = account.identity.expires if account.identity else None
    if end is None or end - now > SOON:
        return account
    return replace(account, state=EXPIRED if end <= now else EXPIRING, reason=f"it {when(end, now)}")


def _remember(context: RunContext, accounts: Sequence[Account]) -> None:
    from deployforge_tasks.project.remembered import Remembered

    memory, now = Remembered(context.root, context.loaded.profile), context.clock.now()
    for account in accounts:
        if account.identity is not None:
            memory.saw(account.platform, account.identity.expires, now)
