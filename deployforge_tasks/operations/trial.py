"""`deployforge test`: connections, credentials, names and preflights of every platform at once; publishes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, PreflightError, common_exit_code
from deployforge_tasks.core.events import Event, Listener
from deployforge_tasks.core.model import Level

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.whoami import Account
    from deployforge_tasks.project.load import Loaded

CONNECTION, CREDENTIAL, PREFLIGHT = "connection", "credential", "preflight"
_AT_ONCE = 16


@dataclass(frozen=True)
class Trial:
    """One thing that was tried; `state` is ``ok``, ``warning`` or ``failed``, `code` the id of an error or finding."""

    kind: str
    state: str
    text: str
    hint: str = ""
    code: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class PlatformTest:
    """What was tried on one platform; `required` whether a release fails without it."""

    name: str
    title: str
    trials: tuple[Trial, ...]
    required: bool = True

    @property
    def state(self) -> str:
        """The worst of its trials."""
        states = {trial.state for trial in self.trials}
        return next((state for state in ("failed", "warning") if state in states), "ok")


@dataclass(frozen=True)
class Tested:
    """What was tried, in the order of ``deployforge.yml``; `files` are the errors of the shared release files."""

    project: str
    version: str
    platforms: tuple[PlatformTest, ...]
    files: tuple[DeployForgeError, ...] = ()

    @property
    def exit_code(self) -> int:
        """0, or the class of the failures (4 credential, 5 preflight, 6 network); 1 when they are of several."""
        codes = {t.exit_code for p in self.platforms if p.required for t in p.trials if t.state == "failed"}
        codes |= {error.exit_code for error in self.files}
        return common_exit_code(codes)


def try_out(
    loaded: Loaded,
    *,
    platforms: Sequence[str] = (),
    jobs: int = 8,
    listeners: Sequence[Listener] = (),
    ledger_url: str | None = None,
) -> Tested:
    """Try everything that can be tried without publishing; what fails is found all at once.

    Args:
        loaded: the project.
        platforms: only these (default: every enabled one).
        jobs: how many packages are made at once.
        listeners: who hears the run's events.
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: the project, its version or a platform's name cannot be used.
    """
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.graph_run import choose, run_graph
    from deployforge_tasks.operations.whoami import whoami

    found = _Findings()
    context = RunContext(loaded, ledger_url=ledger_url, listeners=[found, *listeners], command="test")
    try:
        names = choose(context, platforms)
        context.open()
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="test") as pool:
            accounts = pool.submit(whoami, loaded, platforms=names)
            connections = list(pool.map(lambda name: _connection(context, name), names))
        run_graph(context, [f"preflight:{name}" for name in names], jobs)
        owners = {account.platform: account for account in accounts.result().accounts}
        trials = {name: [connection] for name, connection in zip(names, connections, strict=True)}
        for name in names:
            trials[name] += [_credential(owners[name]), *_preflight(context, found, name)]
        tested = tuple(
            PlatformTest(name, context.platforms[name].title, tuple(trials[name]), context.required(name))
            for name in names
        )
        files = tuple(error for error in context.outcomes.errors if error.platform is None)
        version = str(context.version)
    finally:
        context.close()
    return Tested(loaded.project.name, version, tested, files)


class _Findings:
    """A listener that keeps what the preflights find."""

    def __init__(self) -> None:
        self.by_platform: dict[str, list[Trial]] = {}

    def __call__(self, event: Event) -> None:
        if event.kind == "finding" and event.platform and event.data["level"] != Level.NOTE:
            failed = event.data["level"] == Level.ERROR
            trial = Trial(
                PREFLIGHT,
                "failed" if failed else "warning",
                str(event.data["message"]),
                str(event.data["hint"]),
                str(event.data["id"]),
                _class_of(event) if failed else 0,
            )
            self.by_platform.setdefault(event.platform, []).append(trial)


def _class_of(finding: Event) -> int:
    return (CredentialError if finding.data["credential"] else PreflightError).exit_code


def _connection(context: RunContext, name: str) -> Trial:
    """Whether the platform answers a look-up in a way that says something."""
    from deployforge_tasks.graph.presence_check import PresenceCheck

    answer = PresenceCheck(context, name).answer
    if not answer.unknown:
        return Trial(CONNECTION, "ok", f"answers: v{context.version_of(name)} is {answer.presence.state}")
    error = answer.error
    hint, code = (error.hint, error.code) if error else ("run again when it answers", "")
    return Trial(CONNECTION, "failed", answer.presence.reason, hint, code, error.exit_code if error else 6)


def _credential(account: Account) -> Trial:
    from deployforge_tasks.operations.whoami import SEVERITY

    state = {"error": "failed"}.get(SEVERITY[account.state], SEVERITY[account.state])
    identity = account.identity
    who = f"{identity.who}{', may ' + ', '.join(identity.may) if identity.may else ''}" if identity else ""
    text = ": ".join(part for part in (who, account.reason) if part) or "found"
    return Trial(CREDENTIAL, state, text, account.hint, "", 4 if state == "failed" else 0)


def _preflight(context: RunContext, found: _Findings, name: str) -> list[Trial]:
    trials = found.by_platform.get(name, [])
    error = context.outcomes.of(name).error
    if error is not None and not any(trial.state == "failed" for trial in trials):
        return [*trials, Trial(PREFLIGHT, "failed", error.message, error.hint, error.code, error.exit_code)]
    ended = context.outcomes.of(name).stages.get("preflight")
    if ended == "blocked":
        reason = context.outcomes.of(name).reason
        return [*trials, Trial(PREFLIGHT, "failed", reason, "see what is said about the release files", "", 5)]
    return trials or [Trial(PREFLIGHT, "ok", "passed")]
