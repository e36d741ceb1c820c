"""What all tasks of one run share: the project, the ledger, the bus, the effects, and whether to stop."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.events import Bus, Listener, Log
from deployforge_tasks.core.model import Rollback
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.graph.background import Background
from deployforge_tasks.graph.exchange import Exchanges
from deployforge_tasks.graph.outcomes import Outcomes
from deployforge_tasks.graph.stage import FROM_STAGES
from deployforge_tasks.graph.surroundings import actor, surroundings
from deployforge_tasks.graph.telling import mask_channels, tell_run
from deployforge_tasks.ledger.model import Key
from deployforge_tasks.platforms import registry
from deployforge_tasks.platforms.base import Platform
from deployforge_tasks.project.secrets import Vault

if TYPE_CHECKING:
    from deployforge_tasks.ledger.store import Ledger
    from deployforge_tasks.platforms.places.base import Place
    from deployforge_tasks.project.artifacts import ArtifactStore
    from deployforge_tasks.project.load import Loaded

WORK = Path(".deployforge") / "work"
#: Seconds to wait for another run that publishes the same thing, beyond the time that a registry may lag.
LOCK_WAIT = 600.0


class RunContext:
    """One run of the graph. Everything heavy is opened when a task first needs it.

    Args:
        loaded: the project with its options and environment.
        ledger_url: another ledger than the project's own.
        listeners: who hears the run's events.
        force: platforms on which a rejected or withdrawn version is published again.
        loopback_only: HTTP may reach nothing but this machine (rehearsals).
        command: what the user called, for the ledger.
        rollback_to: the version that `rollback` takes users back to (else the one before).
        from_stage: do this stage and what follows again, even where it is up to date (one of `FROM_STAGES`).
        fail_fast: start nothing new after a required platform failed.
        strict: end with a code of its own when something waits, or a platform failed that is not required.
        only_verify: `verify` publishes nothing before it.
        until: the moment (`time.monotonic`) at which the run stops: no answer is waited for then, and programs that
            still run are ended.
    """

    def __init__(
        self,
        loaded: Loaded,
        *,
        ledger_url: str | None = None,
        listeners: Iterable[Listener] = (),
        force: Iterable[str] = (),
        loopback_only: bool = False,
        command: str = "doit",
        rollback_to: str | None = None,
        from_stage: str | None = None,
        fail_fast: bool = False,
        strict: bool = False,
        only_verify: bool = False,
        until: float = math.inf,
    ) -> None:
        self.loaded = loaded
        self.project = loaded.project
        self.root = loaded.root
        self.command = command
        self.force = frozenset(force)
        self.loopback_only = loopback_only
        self.rollback_to = rollback_to
        self.from_stage = from_stage
        self.fail_fast = fail_fast
        self.strict = strict
        self.only_verify = only_verify
        self.until = until
        self.bus = Bus()
        self.outcomes = Outcomes()
        self.bus.listen(self.outcomes)
        for listener in listeners:
            self.bus.listen(listener)
        self.log = Log(self.bus)
        # Made here, because many threads want them at once and there must be one of each.
        self.vault = Vault(loaded, warn=self.log.warning)
        self.exchanges = Exchanges(self)
        self.clock = Clock()
        conditions = self.project.conditions
        reads = Patience(0.5, 8.0, conditions.read_patience)
        self.http = Http(
            self.clock,
            patience=reads,
            timeout=conditions.timeout,
            until=until,
            loopback_only=loopback_only,
            waiting=self.log.waiting,
        )
        self.run: int | None = None
        self.checked_urls: dict[str, str] = {}
        self.bringing = threading.Lock()
        """Held while release files are brought that no task has brought before."""
        self.waited_out: dict[str, str] = {}
        """Platforms that showed nothing within the time that they may lag, with the reason."""
        self.rollbacks: dict[str, Rollback] = {}
        self.ledger_url = ledger_url
        self.fresh: set[str] = set()
        """Platforms that had nothing of the version right before this run published to them."""
        self.undone_because: tuple[str, ...] = ()
        """The failed platforms because of which this run took back what it had published."""
        self.undone: list[str] = []
        """The platforms that are taken back then, newest publication first."""
        self.stays: dict[str, str] = {}
        """Platforms of which nothing was taken back then, with the reason."""
        self.drained = ""
        """Why nothing new is started; empty while things are."""
        self.aims: tuple[str, ...] = ()
        """The platforms that this run is to publish to."""
        self.outcome = ""
        """How the run ended; empty while it runs."""
        self._ledger: Ledger | None = None
        self._journal: Background | None = None
        self._lock = threading.RLock()
        self._stop = threading.Event()

    @cached_property
    def platforms(self) -> dict[str, Platform[Any]]:
        """The enabled platforms by name, in the order of ``deployforge.yml``."""
        known = registry.platforms()
        return {name: known[name] for name, options in self.loaded.options.items() if options.enabled}

    @cached_property
    def places(self) -> dict[str, Place[Any]]:
        """The places by name that count the project and are not published to: no task is about them."""
        from deployforge_tasks.platforms.places.registry import places

        return places(self.project)

    @property
    def counted(self) -> dict[str, Platform[Any] | Place[Any]]:
        """Whoever is asked for download counts: the enabled platforms, and the places."""
        return {**self.platforms, **self.places}

    @property
    def version(self) -> Version:
        """The version of this run.

        Raises:
            ConfigError: nobody says which.
        """
        if self.loaded.version is None:
            raise ConfigError(
                "there is no version to deploy",
                hint="name one (`deployforge deploy 1.2.3`, `doit deploy version=1.2.3`), or tag the commit",
                code="DF1010",
            )
        return self.loaded.version

    def version_of(self, name: str) -> Version:
        """The version on one platform: its own option, or the run's."""
        own = self.loaded.options[name].version
        return Version.parse(own) if own else self.version

    def required(self, name: str) -> bool:
        return self.loaded.options[name].required

    def hubs(self, name: str) -> tuple[str, ...]:
        """The enabled platforms that must have published before this one: its own hubs, or what `depends:` names."""
        named = self.project.depends.get(name, self.platforms[name].hubs(self.loaded.options[name]))
        return tuple(hub for hub in named if hub in self.platforms and hub != name)

    def key(self, name: str) -> Key:
        return Key(self.project.name, self.loaded.profile, name, str(self.version_of(name)))

    @property
    def work(self) -> Path:
        """Folder of this profile and version: one folder a platform below it."""
        return self.root / WORK / self.loaded.profile / str(self.version)

    def workdir(self, name: str) -> Path:
        return self.root / WORK / self.loaded.profile / str(self.version_of(name)) / name

    @property
    def patience(self) -> Patience:
        """How long to wait for a registry to show what it accepted."""
        conditions = self.project.conditions
        return Patience(conditions.settle_interval, 15.0, conditions.settle)

    @property
    def ledger(self) -> Ledger:
        with self._lock:
            if self._ledger is None:
                from deployforge_tasks.ledger.store import Ledger

                self._ledger = Ledger.open(self.ledger_url or ledger_url(self.loaded))
            return self._ledger

    @cached_property
    def store(self) -> ArtifactStore:
        """The release files."""
        from deployforge_tasks.graph.jobs import open_store

        return open_store(self)

    def open(self) -> None:
        """Open what many threads are about to want: there is one of each then, and a fault in them is told once.

        Raises:
            ConfigError: the ledger or the release files cannot be used.
        """
        _ = self.ledger, self.store

    def processes(self, name: str | None, stage: str) -> Processes:
        """Runs programs; what they print goes to the log of this platform and stage."""

        def line(text: str) -> None:
            self.bus.emit("log", name, stage, level="debug", text=text)

        return Processes(line, until=self.until)

    # The run itself

    def start(self, platforms: Iterable[str] = ()) -> None:
        """Open the run in the ledger; called once by whoever runs the graph.

        Args:
            platforms: those that the run is to publish to.
        """
        self.aims = tuple(platforms)
        mask_channels(self)
        version = str(self.version)
        who = actor(self.loaded.environ)
        run = self.ledger.start_run(self.project.name, self.loaded.profile, version, self.command, actor=who)
        self._journal = Background(self.ledger.listener(run))
        self.bus.listen(self._journal)
        self.run = run
        self.bus.emit(
            "run_started",
            project=self.project.name,
            version=version,
            profile=self.loaded.profile,
            run=run,
            platforms=list(self.aims),
            environment=surroundings(self.loaded),
        )

    def finish(self, outcome: str, exit_code: int) -> None:
        self.outcome = outcome
        self.bus.emit("run_finished", outcome=outcome, exit_code=exit_code)
        if self.run is not None and self._journal is not None:
            self._journal.close()
            self.ledger.finish_run(self.run, outcome, exit_code)
            tell_run(self, outcome)

    def close(self) -> None:
        self.exchanges.give_back()
        if self._ledger is not None:
            self._ledger.close()
            self._ledger = None

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Hold a platform's version alone among all runs; a stop ends the waiting for another run.

        Raises:
            PublishError: another run holds it, and it took too long or this run is being stopped.
        """
        key = self.key(name)

        def tell(who: str) -> None:
            self.log.warning(f"another run works on {key} ({who}): waiting for it")

        return self.ledger.lock(key, self.patience.total + LOCK_WAIT, pause=self.pause, tell=tell)

    # Stopping

    def stop(self) -> None:
        """Start nothing new; what runs may finish, what waits gives up waiting."""
        self._stop.set()

    @property
    def stopping(self) -> bool:
        return self._stop.is_set() or self.late

    @property
    def late(self) -> bool:
        """Whether the time of the run is over."""
        return self.clock.monotonic() >= self.until

    def drain(self, reason: str) -> None:
        """Start nothing new after a failure; what runs may finish, its waiting included."""
        self.drained = self.drained or reason

    @property
    def halted(self) -> bool:
        """Whether nothing new may be started."""
        return self.stopping or bool(self.drained)

    def again(self, stage: str) -> bool:
        """Whether a stage is done even where it is up to date."""
        return self.from_stage is not None and FROM_STAGES.index(stage) >= FROM_STAGES.index(self.from_stage)

    def pause(self, seconds: float) -> bool:
        """Wait; False at once when the run is being stopped."""
        self._stop.wait(max(0.0, min(seconds, self.until - self.clock.monotonic())))
        return not self.stopping

    def wait_until(self, done: Callable[[], bool], patience: Patience) -> bool:
        """Ask until `done` says yes; False when patience ends or the run is being stopped."""
        deadline = self.clock.monotonic() + patience.total
        delay = patience.first
        while not done():
            left = deadline - self.clock.monotonic()
            if left <= 0 or not self.pause(min(delay, left)):
                return False
            delay = min(delay * 2, patience.longest)
        return True


def ledger_url(loaded: Loaded) -> str:
    """The URL of a project's own ledger."""
    url = loaded.environ.get("DEPLOYFORGE_LEDGER") or loaded.project.ledger
    return url or f"sqlite:///{(loaded.root / '.deployforge' / 'ledger.db').as_posix()}"
