"""The project as a rehearsal sees it: its release files brought here first, every endpoint on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.events import Listener

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Artifact
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.operations.settings import Settings
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.rehearsal.registries import Registries

HUB = "github"
#: Release files that come from outside; whoever points elsewhere afterwards must have them before.
_REMOTE = ("github_release", "urls")
#: Work folders of rehearsals: never those of a release, whatever the profile is.
SCOPE = "rehearse"


def chosen(loaded: Loaded, wanted: Sequence[str]) -> list[str]:
    """The enabled platforms among the wanted ones (none wanted means all)."""
    return [name for name, options in loaded.options.items() if options.enabled and (not wanted or name in wanted)]


def with_hubs(loaded: Loaded, names: Sequence[str]) -> list[str]:
    """The platforms and those that must publish before them, in the project's order."""
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(loaded)
    found, new = set(names), set(names)
    while new:
        new = {hub for name in new for hub in context.hubs(name)} - found
        found |= new
    return [name for name in loaded.options if name in found]


def release_files(
    loaded: Loaded, names: Sequence[str], listeners: Sequence[Listener], folder: Path, jobs: int, *, until: float
) -> Path | None:
    """Bring the release files here from where they really are, with the user's own credentials for reading.

    Args:
        loaded: the project as it is released.
        names: the platforms that are rehearsed, hubs included.
        listeners: who hears how far it is.
        folder: an empty folder for them.
        jobs: how many are brought at once.
        until: the moment (`time.monotonic`) at which it is given up.

    Returns:
        The folder with the files; None when the graph itself makes them and a hub shows them.

    Raises:
        ArtifactError: the release or a file of it is not there, or is not what it should be.
    """
    from deployforge_tasks.graph.context import RunContext

    if loaded.project.artifacts.source not in _REMOTE and HUB in names:
        return None
    ledger = f"sqlite:///{(folder.parent / 'files.db').as_posix()}"
    context = RunContext(
        replace(loaded, profile=f"{SCOPE}-files"),
        ledger_url=ledger,
        listeners=listeners,
        command="rehearse",
        until=until,
    )
    try:
        artifacts = _obtain(context, [name for name in names if name in context.platforms], jobs)
    finally:
        context.close()
    if not artifacts:
        return None
    folder.mkdir()
    for artifact in artifacts:
        shutil.copyfile(artifact.path, folder / artifact.name)
    return folder


def _obtain(context: RunContext, names: Sequence[str], jobs: int) -> list[Artifact]:
    from deployforge_tasks.graph import stages
    from deployforge_tasks.graph.jobs import job_targets
    from deployforge_tasks.graph.stage import Stage

    users = [name for name in names if context.platforms[name].uses_artifacts]
    targets = list(dict.fromkeys(target for name in users for target in job_targets(context, name)))
    word = "build" if context.project.artifacts.source == "build" else "fetch"
    brought = [Stage(context, word, partial(stages.obtain, context, target), target=str(target)) for target in targets]
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(Stage.run, brought))
    return [context.store.get(target) for target in targets]


def against(
    settings: Settings, plain: Loaded, registries: Registries, served: Collection[str], files: Path | None
) -> Loaded:
    """The project with every endpoint and credential replaced by the registries' own.

    Args:
        settings: the choices that `plain` was loaded with.
        plain: the project as it is released.
        registries: are running.
        served: the platforms that take part; all others are switched off.
        files: the folder of the release files, if they are here already.
    """
    overlay = registries.overlay()
    for name, options in plain.options.items():
        if options.enabled and name not in served:
            overlay["platforms"][name] = {**overlay["platforms"].get(name, {}), "enabled": False}
    if HUB not in served:
        overlay["platforms"][HUB] = {**overlay["platforms"].get(HUB, {}), "enabled": False}
    if files:
        overlay["artifacts"] = {"from": "directory", "directory": str(files), "checksums": {"from": "computed"}}
        if not plain.project.source.repo:
            overlay["source"] = {"repo": f"rehearsal/{plain.project.name}"}
    environ = {**_without_credentials(plain), **registries.environ()}
    loaded = replace(settings, environ=environ, env_file=None).load(overlay)
    return replace(loaded, profile=SCOPE)


def show_files(registries: Registries, loaded: Loaded, files: Path) -> None:
    """Let the hub's stand-in show the release files, as the real one does when packages point at them."""
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.rehearsal.stand_ins.github import GitHub

    hub = registries.running[GitHub]
    assert isinstance(hub, GitHub)
    store = RunContext(loaded).store
    hub.show(store.repo, store.tag, {path.name: path.read_bytes() for path in sorted(files.iterdir())})


def forget_earlier(loaded: Loaded) -> None:
    """Remove what earlier rehearsals noted about registries that are gone; release files stay."""
    from deployforge_tasks.graph.context import WORK

    for folder in (loaded.root / WORK / SCOPE).glob("*/*"):
        if folder.is_dir() and folder.name != "artifacts":
            shutil.rmtree(folder)


def _without_credentials(plain: Loaded) -> Mapping[str, str]:
    """The environment without any credential or identity of a CI job, and with the system keyring left alone."""
    from deployforge_tasks.effects.ci_identity import is_identity
    from deployforge_tasks.effects.keyring import SWITCH
    from deployforge_tasks.platforms.registry import platforms as known
    from deployforge_tasks.project.secrets import as_names

    theirs: set[str] = {v for p in known().values() for c in p.credentials for v in c.env}
    theirs |= {v for named in plain.project.credentials.values() for names in named.values() for v in as_names(names)}
    kept = {k: v for k, v in plain.environ.items() if k not in theirs and not is_identity(k)}
    return {**kept, SWITCH: "off"}


def options_of(plain: Loaded, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """The user's own options of the platforms, for the registries; the hub is always among them."""
    named = {name: plain.options[name].model_dump(mode="json", exclude_unset=True) for name in names}
    return {HUB: {}, **named}
