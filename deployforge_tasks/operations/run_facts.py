"""What is known of a run besides its events: what it was made in, and what is frozen, published and proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from deployforge_tasks.operations.history import past
from deployforge_tasks.operations.runs import find_run, reading

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.ledger.history import Proof, Receipt
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: Runs that are looked through for an earlier one that notes its configuration.
_LOOKED_THROUGH = 50


@dataclass(frozen=True)
class Surroundings:
    """What a run was made in. `versions` by what has them; `settings` is the configuration, by dotted path.

    `known` is false for runs of a DeployForge that did not note it.
    """

    known: bool
    versions: Mapping[str, str] = field(default_factory=dict)
    commit: str = ""
    ci: str = ""
    reason: str = ""
    config: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Difference:
    """A value that is not the same; "" where it is not there."""

    name: str
    old: str
    new: str


@dataclass(frozen=True)
class Piece:
    """A piece of a package; `size` in bytes, None where its file is not here any more."""

    platform: str
    name: str
    digest: str
    size: int | None
    published: bool


@dataclass(frozen=True)
class VersionFacts:
    """What the ledger, and the work folder where there is one, know of a version."""

    frozen: tuple[tuple[str, str, datetime], ...]
    pieces: tuple[Piece, ...]
    receipts: tuple[Receipt, ...]
    proofs: tuple[Proof, ...]


def surroundings_of(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> Surroundings:
    """What a run was made in.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        return noted(reader, find_run(reader, loaded, number).id)


def config_changes(
    loaded: Loaded, number: int, *, ledger_url: str | None = None
) -> tuple[int | None, tuple[Difference, ...]]:
    """The run before that noted its configuration (of another version, where there is one), and what changed since.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        run = find_run(reader, loaded, number)
        earlier = [r for r in reader.runs(run.project, run.profile, _LOOKED_THROUGH) if r.id < number]
        others = [r for r in earlier if r.version != run.version] or earlier
        now = noted(reader, number)
        before = next(((r.id, s) for r in others if (s := noted(reader, r.id)).known), None)
    if before is None or not now.known:
        return None, ()
    return before[0], differences(before[1].settings, now.settings)


def noted(reader: Reader, run: int) -> Surroundings:
    """What a run's first event says about what it was made in."""
    first = next(iter(reader.events(run, kinds=("run_started",))), None)
    data: Mapping[str, Any] = first.event.data.get("environment", {}) if first else {}
    if not data:
        return Surroundings(known=False)
    named = {"DeployForge": "deployforge", "Python": "python", "System": "system", "git": "git"}
    versions = {word: str(data[key]) for word, key in named.items() if data.get(key)}
    versions |= {str(name): str(version) for name, version in dict(data.get("packages", {})).items()}
    texts = {name: str(data.get(name, "")) for name in ("commit", "ci", "reason", "config")}
    return Surroundings(True, versions, settings=dict(data.get("settings", {})), **texts)


def differences(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Difference, ...]:
    """Every value that is not the same, by name."""
    names = sorted({*old, *new})
    return tuple(Difference(n, old.get(n, ""), new.get(n, "")) for n in names if old.get(n) != new.get(n))


def version_facts(loaded: Loaded, *, ledger_url: str | None = None) -> VersionFacts:
    """What is known of the loaded version. Asks no platform.

    Raises:
        ConfigError: the project has no version, or the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(loaded, ledger_url=ledger_url)
    try:
        project, profile, version = loaded.project.name, loaded.profile, str(context.version)
        with past(loaded, ledger_url) as history:
            found = tuple(history.receipts(project, profile, version))
            frozen = tuple(history.frozen(project, version))
            proofs = tuple(history.proofs(project, profile, version))
        pieces = tuple(_pieces(context, found))
    finally:
        context.close()
    return VersionFacts(frozen, pieces, found, proofs)


def _pieces(context: RunContext, receipts: tuple[Receipt, ...]) -> list[Piece]:
    from deployforge_tasks.graph.package_file import read_package

    out = {(r.platform, r.piece): r for r in receipts if r.kind == "ours"}
    packages = {name: read_package(context.workdir(name)) for name in context.platforms}
    made = [
        Piece(name, piece.name, piece.digest, piece.size, (name, piece.name) in out)
        for name, packaged in packages.items()
        if packaged
        for piece in packaged[0].pieces
    ]
    here = {(piece.platform, piece.name) for piece in made}
    gone = [Piece(r.platform, r.piece, r.digest, None, True) for key, r in out.items() if key not in here]
    return made + gone
