"""From a run to a `Job`: everything that one platform needs for one stage, and nothing of the others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.graph.exchange import STAGES
from deployforge_tasks.graph.package_file import read_package
from deployforge_tasks.platforms.base import Job, Options, Platform, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from deployforge_tasks.core.model import Artifact, Credential, Found
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.project.artifacts import ArtifactStore


_HUB = "github"


def open_store(context: RunContext) -> ArtifactStore:
    """The project's release files for this run's version."""
    from deployforge_tasks.project.artifacts import ArtifactStore

    return ArtifactStore(
        context.project,
        context.version,
        context.root,
        context.work,
        http=context.http,
        processes=context.processes(None, "fetch"),
        environ=_with_kept_token(context),
        clock=context.clock,
        log=context.log,
        options=context.loaded.options,
        pause=context.pause,
    )


def _with_kept_token(context: RunContext) -> Mapping[str, str]:
    """The environment, with the token for private releases if only the keyring has it."""
    environ = context.loaded.environ
    if _HUB not in context.platforms or not context.vault.kept(_HUB):
        return environ
    for credential in context.vault.credentials(_HUB, context.platforms[_HUB].credentials):
        found = None if context.vault.given([credential]) else context.vault.stored(_HUB, credential)
        if found and credential.env:
            return {**environ, credential.env[0]: found.value}
    return environ


def job_targets(context: RunContext, name: str) -> tuple[Target, ...]:
    """The project's targets that the user wants on the platform, and that the platform knows."""
    platform, options = context.platforms[name], context.loaded.options[name]
    return tuple(t for t in context.store.targets if _wanted(t, platform, options))


def _wanted(target: Target, platform: Platform[Any], options: Options) -> bool:
    if options.targets and not any(target.matches(pattern) for pattern in options.targets):
        return False
    return platform.ecosystem is None or spelling(target, platform.ecosystem) is not None


class Intents:
    """Commits an intent before each irreversible call of one platform and a receipt after it.

    `accepted` has the pieces whose calls returned in this run: they are never sent again in it, whatever a stale
    look-up says. `begun` has those whose calls were begun.
    """

    def __init__(self, context: RunContext, name: str) -> None:
        self._context = context
        self._name = name
        self.accepted: set[str] = set()
        self.begun: set[str] = set()

    @contextmanager
    def __call__(self, piece: str, digest: str) -> Iterator[None]:
        context, name = self._context, self._name
        freeze(context, name)
        intent = context.ledger.intend(context.key(name), piece, digest)
        self.begun.add(piece)
        context.bus.emit("intent", name, "publish", piece=piece, digest=digest)
        yield
        context.ledger.receive(intent)
        self.accepted.add(piece)
        context.bus.emit("receipt", name, "publish", piece=piece, digest=digest)


def freeze(context: RunContext, name: str) -> None:
    """Freeze the digests of the release files that this platform is about to publish.

    Raises:
        ArtifactError: one of them was published before with another digest.
    """
    for artifact in load_artifacts(context, name):
        context.ledger.freeze(context.project.name, str(context.version), artifact.name, artifact.sha256)


def load_artifacts(context: RunContext, name: str) -> Sequence[Artifact]:
    """The fetched release files of a platform's targets."""
    if not context.platforms[name].uses_artifacts:
        return ()
    return [context.store.get(target) for target in job_targets(context, name)]


def bring_artifacts(context: RunContext, name: str) -> Sequence[Artifact]:
    """The same where they may not be here: on a machine that verifies what another one published."""
    frozen = context.ledger.frozen(context.project.name, str(context.version))
    with context.bringing:
        for target in job_targets(context, name) if context.platforms[name].uses_artifacts else ():
            try:
                context.store.get(target)
            except ArtifactError:
                context.store.obtain(target, frozen)
    return load_artifacts(context, name)


def make_job(
    context: RunContext,
    name: str,
    stage: str,
    *,
    digests: Mapping[str, str] | None = None,
    intents: Intents | None = None,
) -> Job[Any]:
    """The job of one platform for one stage; `package` is set when one was made for this version."""
    platform = context.platforms[name]
    workdir = context.workdir(name)
    packaged = read_package(workdir)
    package = packaged[0] if packaged else None
    return Job(
        project=context.project,
        options=context.loaded.options[name],
        version=context.version_of(name),
        targets=job_targets(context, name),
        root=context.root,
        workdir=workdir,
        http=context.http,
        processes=context.processes(name, stage),
        clock=context.clock,
        patience=context.patience,
        log=context.log,
        secrets=_secrets(context, platform, stage),
        release_url=context.store.release_url,
        asset_name=context.store.asset_name,
        load_artifacts=partial(bring_artifacts if stage == "verify" else load_artifacts, context, name),
        render_into=partial(_render, context.root, context.loaded.options[name].templates),
        intents=intents or Intents(context, name),
        previous=partial(previous_version, context, name),
        package=package,
        digests=digests if digests is not None else (package.digests if package else {}),
        receipts=old_receipts(context, name),
    )


def page(context: RunContext, name: str) -> str:
    """The version's web page; a link that cannot be made is no reason to fail."""
    try:
        return context.platforms[name].page(make_job(context, name, "page"))
    except Exception:  # noqa: BLE001 - see above
        return ""


def _secrets(context: RunContext, platform: Platform[Any], stage: str) -> Secrets:
    """The platform's secrets: given ones at once, the keyring and a trade when a needed one is missing."""
    vault, name = context.vault, platform.name
    credentials = vault.credentials(name, platform.credentials)

    def find(credential: Credential, piece: str) -> Found | None:
        stored = vault.stored(name, credential)
        if stored or stage not in STAGES:
            return stored
        return context.exchanges.find(name, credential, piece)

    instead = context.exchanges.advice(name) if stage in STAGES else ""
    return Secrets(name, vault.given(credentials), credentials, find=find, sought=vault.kept(name), instead=instead)


def _render(root: Path, own: str | None, template: str, names: Mapping[str, Any], to: Path) -> Path:
    from deployforge_tasks.project.render import render_template

    return render_template(template, names, to, own=root / own if own else None)


def old_receipts(context: RunContext, name: str) -> Callable[[], Mapping[str, str]]:
    """The receipts that a look-up may be held against: what was accepted a moment ago may not be shown yet."""
    lag = timedelta(seconds=context.patience.total)
    return partial(context.ledger.receipts, context.key(name), before=context.clock.now() - lag)


def previous_version(context: RunContext, name: str) -> str | None:
    """The version that was published there last, other than this run's."""
    versions = context.ledger.published(context.project.name, context.loaded.profile, name)
    older = [v for v in versions if v != str(context.version_of(name))]
    return older[-1] if older else None
