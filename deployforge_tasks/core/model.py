"""The nouns that platforms and graph hand to one another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from deployforge_tasks.core.errors import CredentialError, DeployForgeError
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.targets import Target


@dataclass(frozen=True)
class Artifact:
    """A release file for a target.

    `path` is the release file itself (an archive or a bare executable), `sha256` its frozen digest in hex, `url`
    where users download it (the release asset), `executable` the program taken out of it, and
    `runtime_files` the other files that travel with the program.
    """

    target: Target
    name: str
    path: Path
    sha256: str
    size: int
    url: str
    executable: Path
    runtime_files: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Piece:
    """One file, commit or tag of a package, with its digest in the platform's own terms.

    `path` is relative to the job's workdir; `digest` is what `presence` will find on the platform
    (``sha512-…`` for npm, ``sha256:…`` for OCI, plain hex elsewhere).
    """

    name: str
    digest: str
    path: str | None = None
    size: int = 0
    target: str | None = None


@dataclass(frozen=True)
class Package:
    """What we hand to a platform: its pieces in publishing order."""

    pieces: tuple[Piece, ...]

    def piece(self, name: str) -> Piece:
        return next(p for p in self.pieces if p.name == name)

    @property
    def digests(self) -> dict[str, str]:
        return {p.name: p.digest for p in self.pieces}


class Level(StrEnum):
    """How much a finding matters: errors block the platform, warnings are shown, notes go to the log."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


@dataclass(frozen=True)
class Finding:
    """What a preflight check saw. `id` is stable (``NPM-003``); errors carry a hint.

    `credential`: a credential is missing, refused, over or too weak, and nothing else has to be mended.
    """

    id: str
    level: Level
    message: str
    hint: str = ""
    credential: bool = False

    @classmethod
    def of_error(cls, id_: str, error: DeployForgeError, *, says: str = "") -> Finding:
        """An error as a finding; it is about a credential when the error is, or when it is a 401 or 403.

        Args:
            says: the message, where the error's own needs something before it.
        """
        about_credential = error.exit_code == CredentialError.exit_code
        return cls(id_, Level.ERROR, says or error.message, error.hint, about_credential)


@dataclass(frozen=True)
class Evidence:
    """Proof that a clean client installed and ran the program, or the reason why it was only downloaded.

    `method` is ``install`` or ``download``; `client` names the client and its version; `said` is what the program
    printed for its version command; `reason` tells why it is only a download.
    """

    method: str
    client: str
    said: str = ""
    reason: str = ""


@dataclass(frozen=True)
class ManualStep:
    """Something that only a person can do, with the link where to do it."""

    text: str
    url: str = ""


def _nothing() -> None: ...


@dataclass(frozen=True)
class Change:
    """One thing that a rollback does: `text` says what holds afterwards, `make` makes it so.

    Without `make` it holds already.
    """

    text: str
    make: Callable[[], object] = _nothing


@dataclass(frozen=True)
class RollbackPlan:
    """What a rollback will do, in this order, and what it leaves for a person. Making the plan only looks."""

    changes: tuple[Change, ...] = ()
    manual: tuple[ManualStep, ...] = ()


@dataclass(frozen=True)
class Rollback:
    """What a rollback did, and what is left for a person."""

    done: tuple[str, ...] = ()
    manual: tuple[ManualStep, ...] = ()


@dataclass(frozen=True)
class Traits:
    """What kind of place a platform is.

    immutable: a published version is never changed or published again: the platform refuses it, or we do.
    editable: the place is ours to edit; a difference is an update.
    moderated: an upload waits for a review before users see it.
    reversible: `rollback` can take users back to an earlier version without a person.
    """

    immutable: bool = True
    editable: bool = False
    moderated: bool = False
    reversible: bool = False


@dataclass(frozen=True)
class Credential:
    """One secret that a platform needs.

    `env` are the environment variables looked at by default, first one wins; the user's `credentials:` section may
    name others. `help` tells where to get one. `secret` is false for what goes with a secret and is none itself (the
    name of an account): it stays readable, because names of images and repositories are made from it. `url` is the
    page where one is made, if `help` does not name it.
    """

    name: str
    env: tuple[str, ...]
    help: str
    required: bool = True
    secret: bool = True
    url: str = ""


@dataclass(frozen=True)
class Found:
    """A credential that was found; `source` tells people where: ``env NPM_TOKEN``, ``env-file .env``, ``keyring``.

    `short_lived`: the platform gave it out for this run (trusted publishing). It publishes, and can do nothing else.
    """

    value: str = field(repr=False)
    source: str
    short_lived: bool = False


@dataclass(frozen=True)
class Tool:
    """A program that a platform calls.

    `command` makes it say its version; `needed` is true when the platform cannot be published to without it (else it
    only proves a package by an install); `get` tells how to get it; `systems` are the values of `sys.platform` on which
    it exists at all (empty: all).
    """

    name: str
    command: tuple[str, ...]
    get: str
    needed: bool = False
    systems: tuple[str, ...] = ()


@dataclass(frozen=True)
class Identity:
    """Who a credential belongs to, as the platform tells.

    `who` is the account; `may` what the credential may do, in the platform's own words (scopes, projects, roles);
    `expires` when it ends, None where the platform tells no end; `note` what else a person should know.
    """

    who: str
    may: tuple[str, ...] = ()
    expires: datetime | None = None
    note: str = ""


@dataclass(frozen=True)
class Live:
    """The version that users of a platform get now when they ask for none.

    `version` is spelled as in ``deployforge.yml``; `channel` is what it was read from (a dist-tag,
    a track, a branch); `since` when it was published, where the platform tells; `look` is the evidence.
    """

    version: str
    look: Look
    channel: str = ""
    since: datetime | None = None


@dataclass(frozen=True)
class Publication:
    """Something that a registry says it has: used by rehearsals and reports."""

    platform: str
    name: str
    version: str
    digest: str = ""
    extra: Mapping[str, str] = field(default_factory=dict)
