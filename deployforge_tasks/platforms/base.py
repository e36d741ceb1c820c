"""The platform interface: everything a platform module (or an outside plugin) sees of DeployForge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.events import Log
from deployforge_tasks.core.model import (
    Artifact,
    Credential,
    Evidence,
    Finding,
    Found,
    Identity,
    Live,
    ManualStep,
    Package,
    Rollback,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Presence
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.core.targets import Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock, Patience
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.project.schema import Project
from deployforge_tasks.project.secrets import ENTERED, KEYRING
from deployforge_tasks.project.strict import Options as Options  # noqa: PLC0414 - platforms import it from here

O = TypeVar("O", bound=Options)  # noqa: E741 - the one letter that reads as "options" beside Job[O]


class Secrets:
    """The secrets of one platform; whatever is read is masked everywhere from then on.

    Args:
        platform: the platform's name.
        found: what is known already, by the credential's name.
        credentials: what the platform takes, with the variables that the project looks at.
        find: looks a credential up that is not among `found` (it may take a while).
        sought: optional credentials that it is worth to look up, too.
        instead: what else would do where a credential is missing, for people.
    """

    def __init__(
        self,
        platform: str,
        found: Mapping[str, Found],
        credentials: Sequence[Credential],
        *,
        find: Callable[[Credential, str], Found | None] | None = None,
        sought: Collection[str] = (),
        instead: str = "",
    ) -> None:
        self._platform = platform
        self._found = dict(found)
        self._looked_up: dict[str, Found] = {}
        self._credentials = {c.name: c for c in credentials}
        self._find = find
        self._instead = instead
        self._sought = {c.name for c in credentials if c.required} | set(sought)
        for name, secret in found.items():
            self._mask(name, secret)

    def get(self, name: str, piece: str = "") -> str | None:
        """The secret, or None. One that is not needed is looked for in the environment and the env-file only.

        Args:
            name: the credential's name.
            piece: what it is for, where a registry gives out credentials for one package each.

        Raises:
            CredentialError: a short-lived one was asked for, and refused.
        """
        found = self.found(name, piece)
        return found.value if found else None

    def variables(self, name: str) -> str:
        """The variables that the project looks at for a credential, for people."""
        return " or ".join(self._credentials[name].env)

    def require(self, name: str, piece: str = "") -> str:
        """The secret, wherever it is.

        Raises:
            CredentialError: it is not set.
        """
        credential = self._credentials[name]
        found = self._found.get(name) or self._look(credential, piece)
        if found:
            return found.value
        unset = f", and {' or '.join(credential.env)} is not set" if credential.env else ""
        ways = [credential.help, f"`deployforge login {self._platform}` keeps it for you", self._instead]
        raise CredentialError(
            f"{self._platform} needs its {name}{unset}",
            hint="; ".join(filter(None, ways)),
            code="DF2001",
            platform=self._platform,
        )

    def refused(self, name: str, says: str, *, code: str, url: str | None = None) -> CredentialError:
        """The error for a secret that the platform does not accept.

        Args:
            name: the credential's name.
            says: who refuses it, and what they say (masked here: some servers repeat what they were given).
        """
        says = redactor.text(says)
        return CredentialError(says, hint=self.renewal(name), code=code, platform=self._platform, url=url)

    def renewal(self, name: str) -> str:
        """The hint for a secret that is of no use any more: where to put a new one, and where to get it."""
        credential, found = self._credentials[name], self._found.get(name) or self._looked_up.get(name)
        if found and found.source == KEYRING:
            return f"keep a new one with `deployforge login {self._platform}`: {credential.help}"
        if found and found.source == ENTERED:
            return f"enter a new one; the refused one is what you entered here: {credential.help}"
        now = f" (this one is from {found.source})" if found else ""
        return f"set {' or '.join(credential.env)} to a new one{now}: {credential.help}"

    def found(self, name: str, piece: str = "") -> Found | None:
        """The secret with where it was found; as `get`."""
        if name in self._found or name not in self._sought:
            return self._found.get(name)
        return self._look(self._credentials[name], piece)

    def _look(self, credential: Credential, piece: str) -> Found | None:
        found = self._find(credential, piece) if self._find else None
        if found:
            self._looked_up[credential.name] = found
            self._mask(credential.name, found)
        return found

    def _mask(self, name: str, found: Found) -> None:
        if name not in self._credentials or self._credentials[name].secret:
            redactor.add(found.value)


@dataclass(frozen=True)
class Job(Generic[O]):
    """All that a platform needs for one version of one project.

    Fields: `root` is the project's folder, `workdir` this platform's own folder for this version; `digests` what we
    know of our own package (from `package` or from receipts; may be empty on a fresh machine); `patience` how long to
    wait for a registry to show what it accepted.
    """

    project: Project
    options: O
    version: Version
    targets: tuple[Target, ...]
    root: Path
    workdir: Path
    http: Http
    processes: Processes
    clock: Clock
    patience: Patience
    log: Log
    secrets: Secrets
    release_url: Callable[[str], str]
    """URL at which users download the release file of that name."""
    asset_name: Callable[[Target], str]
    """Name of a target's release file (known without downloading it)."""
    load_artifacts: Callable[[], Sequence[Artifact]]
    render_into: Callable[[str, Mapping[str, Any], Path], Path]
    intents: Callable[[str, str], AbstractContextManager[None]]
    previous: Callable[[], str | None]
    """The version that was the newest published one before this, by the ledger."""
    package: Package | None = None
    digests: Mapping[str, str] = field(default_factory=dict)
    receipts: Callable[[], Mapping[str, str]] = dict
    """Digests of the pieces that the platform has accepted from us, by the ledger; unlike `digests` never a guess.

    Only those that it has had the time to show (``conditions.settle``): what it does not show now, it took back.
    """

    @property
    def binary(self) -> str:
        """Name of the program, without suffix."""
        return self.project.binary.name if self.project.binary else self.project.name

    @property
    def artifacts(self) -> tuple[Artifact, ...]:
        """The release files of this job's targets, in the order of the targets (fetched and checked by the graph)."""
        by_target = {a.target: a for a in self.load_artifacts()}
        return tuple(by_target[t] for t in self.targets if t in by_target)

    def path(self, text: str) -> Path:
        """A path from ``deployforge.yml``: a relative one begins in the project's folder, wherever we were started."""
        return self.root / text

    def description(self, platform: str) -> str:
        return self.project.descriptions.get(platform, self.project.description)

    @contextmanager
    def irreversible(self, piece: str, digest: str) -> Iterator[None]:
        """Wrap every call that cannot be taken back: the intent is committed before it, the receipt after it.

        An exception leaves the intent dangling, and the next look-up settles it.
        """
        with self.intents(piece, digest):
            yield

    def render(self, template: str, context: Mapping[str, Any], to: str = ".") -> Path:
        """Render a built-in template (``npm/main``) into ``<workdir>/rendered/<to>``.

        The user's own folder, if `options.templates` names one, is looked into first.
        """
        return self.render_into(template, context, self.workdir / "rendered" / to)

    def sandbox(self) -> Sandbox:
        """A new empty installation sandbox in the workdir."""
        timeout = self.project.verify.timeout
        return Sandbox(self.workdir / "sandbox", self.binary, self.processes, timeout=timeout)


class Platform(ABC, Generic[O]):
    """A place users install from.

    Subclass it in ``platforms/<name>.py``; the folder is scanned. Raise `DeployForgeError`s with a hint; platform and
    stage are filled in by the caller. Every method may be called again at any time: nothing but `publish` and
    the changes of a rollback's plan changes anything outside of the job's workdir.
    """

    name: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    """Other names that ``deployforge.yml`` may use for it."""
    title: ClassVar[str]
    options: ClassVar[type[Options]]
    traits: ClassVar[Traits] = Traits()
    needs: ClassVar[tuple[str, ...]] = ()
    """Hubs that must have published first, because files here point at them (only those that are enabled count)."""
    ecosystem: ClassVar[str | None] = None
    """Row of the targets table; targets that it cannot spell are left out."""
    credentials: ClassVar[tuple[Credential, ...]] = ()
    counts: ClassVar[str] = ""
    """What its download counters say and what they do not, or why it has none; one sentence for people."""
    uses_artifacts: ClassVar[bool] = True
    """False for platforms that publish source and need no release file."""

    @abstractmethod
    def pieces(self, job: Job[O]) -> list[str]:
        """Names of all pieces of the version in publishing order, known without packaging anything."""

    def hubs(self, options: O) -> tuple[str, ...]:
        """The hubs that these options need: `needs`, unless the options say that nothing points there."""
        return self.needs

    def tools(self, options: O) -> Sequence[Tool]:
        """The programs that it calls with these options, besides our own Python; `doctor` looks for them."""
        return ()

    def inputs(self, job: Job[O]) -> Sequence[Path]:
        """Files and folders of the project that the package is made from, besides release files and templates.

        When one of them changes, the package is made again (a source crate's folder, an extension's folder).
        """
        return ()

    def render(self, job: Job[O]) -> None:
        """Optional: write the files that come from templates, before `package` (which may also render itself).

        What stands below ``job.workdir / "rendered"`` after packaging is checked for leftovers and dead links.
        """

    @abstractmethod
    def package(self, job: Job[O]) -> Package:
        """Make the package below ``job.workdir``, byte for byte the same each time."""

    def preflight(self, job: Job[O]) -> list[Finding]:
        """What can be checked before publishing, `job.package` included; must not publish anything.

        A finding about a credential says so: when there are no other errors, the run ends as for a refused credential.
        """
        return []

    @abstractmethod
    def presence(self, job: Job[O]) -> Presence:
        """Ask the platform. Any exception means `unknown`; a version that cannot exist must come back `absent`.

        Compare with `core.presence.compare(self.pieces(job), job.digests, found, looks)`.
        """

    @abstractmethod
    def publish(self, job: Job[O], missing: Sequence[str]) -> None:
        """Publish the pieces in `missing` (a subset of `pieces`, in order), each inside ``job.irreversible(…)``.

        Called with `job.package` set, after a fresh look-up under a lock. An "already exists" answer raises like any
        other; the caller looks again and decides.
        """

    def verify(self, job: Job[O]) -> Evidence:
        """Install the published version with the platform's own client in ``job.sandbox()`` and run the program."""
        raise NotImplementedError

    @abstractmethod
    def rollback_plan(self, job: Job[O], to: Version | None) -> RollbackPlan:
        """How users are taken back to `to`, as far as the platform allows, and what only a person can do.

        Only looks; whoever wants it done makes the changes in their order. Without `to` there is no version to go
        back to: nobody new should get this one.
        """

    def rollback(self, job: Job[O], to: Version | None) -> Rollback:
        """Take users back: make every change of the plan, and log each one that is made."""
        plan = self.rollback_plan(job, to)
        for change in plan.changes:
            change.make()
            job.log.info(change.text)
        return Rollback(tuple(change.text for change in plan.changes), plan.manual)

    def live(self, job: Job[O]) -> Live | None:
        """The version that users get now when they ask for none; None when nothing is published.

        Only looks. Any exception means that it cannot be told.
        """
        raise NotImplementedError

    def whoami(self, job: Job[O]) -> Identity:
        """Who the credential of this platform is. Only looks: it changes nothing, and publishes nothing.

        Raises:
            CredentialError: it is missing, or the platform refuses it.
            NotImplementedError: the platform has no way to tell.
        """
        raise NotImplementedError

    def exchange(self, job: Job[O], identity: Callable[[str], str], piece: str) -> dict[str, str]:
        """Trade the identity of a CI job for credentials that can publish for some minutes (trusted publishing).

        Called when a required credential is missing, before publishing. It never reads ``job.secrets``.

        Args:
            job: says what is to be published where.
            identity: gives the identity token for an audience.
            piece: the piece that it is for; "" for all of them.

        Returns:
            The credentials by name; nothing where this registry does not trade.

        Raises:
            CredentialError: refused; the hint says what to set up.
            NotImplementedError: the platform has no such trade.
        """
        raise NotImplementedError

    def give_back(self, job: Job[O], credentials: Mapping[str, str]) -> None:
        """Optional: make what `exchange` returned worthless, at the end of the run."""

    def downloads(self, job: Job[O], since: date | None) -> Iterable[Series]:
        """What the platform counts of the project (of every version, not of `job.version` alone). Only looks.

        Args:
            job: says what the project is called there.
            since: the first day that is wanted from sources that have a history; None for all that they have.

        Returns:
            One series a counter; none when the platform does not know the project yet.

        Raises:
            DeployForgeError: the source gives no clear answer; nothing of it is counted then. What other sources told
                before stays.
            NotImplementedError: there are no counts. Its text says why, where that lies in the job's options (another
                registry, which nobody counts); without a text the platform publishes none, and `counts` says so.
        """
        raise NotImplementedError

    def page(self, job: Job[O]) -> str:
        """The web page of the version, for people."""
        return ""

    def manual(self, text: str, url: str = "") -> RollbackPlan:
        """A rollback that only a person can do."""
        return RollbackPlan(manual=(ManualStep(text, url),))
