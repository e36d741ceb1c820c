"""The nodes of the graph.

``build:<target>``/``fetch:<target>`` → ``render:<p>`` → ``package:<p>`` → ``preflight:<p>`` → (``gate:<q>``) →
``publish:<p>`` → ``verify:<p>``; ``deploy:<p>`` is a platform's group, ``deploy`` the group of all; ``rollback:<p>``
and ``stats:<p>`` run only when they are named.

``publish:<p>`` is up to date when the platform has the version, and by nothing else: doit joins what it looks at with
"and", so that a file dependency or a target there would publish again on a fresh machine. It reaches everything before
it through ``setup``, which doit runs only for a task that is not up to date.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable, Collection, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doit.task import Task

from deployforge_tasks.core.targets import Target
from deployforge_tasks.graph import counting, stages
from deployforge_tasks.graph.action import StageAction
from deployforge_tasks.graph.jobs import job_targets, make_job
from deployforge_tasks.graph.package_file import NAME, STAMP, fingerprint, read_package, stamp_is
from deployforge_tasks.graph.presence_check import EvidenceCheck, PresenceCheck
from deployforge_tasks.graph.publish import publish
from deployforge_tasks.graph.rehearse_task import rehearse_task
from deployforge_tasks.graph.stage import End, Stage

if TYPE_CHECKING:
    from deployforge_tasks.graph.context import RunContext

#: Groups in the order of a platform's life, with what `doit list` says about them.
GROUPS = {
    "build": "build the release files",
    "fetch": "fetch the release files",
    "render": "render the files that come from templates",
    "package": "make each platform's package",
    "preflight": "check everything that can be checked before publishing",
    "gate": "hold every upload until the required platforms are ready",
    "publish": "publish what is missing",
    "verify": "install what is published and run it",
    "deploy": "publish to every platform and verify it",
    "rollback": "take users back to an earlier version (only when named)",
    "stats": "collect the download counters (only when named)",
}


def tasks(context: RunContext) -> list[Task]:
    """Every task of the project, groups included, in the order of a platform's life."""
    made: dict[str, list[Task]] = {group: [] for group in GROUPS}
    for task in _nodes(context):
        made[task.subtask_of].append(task)
    result = []
    for group, members in made.items():
        if members:
            names = [task.name for task in members]
            result.append(Task(group, None, task_dep=names, has_subtask=True, doc=GROUPS[group]))
            result += members
    return [*result, rehearse_task(context)]


def tasks_left(context: RunContext, name: str, ended_well: Collection[str]) -> int:
    """About how many tasks a platform still needs, by what an earlier run ended well; asks no platform."""
    if "publish" in ended_well:
        return 0 if "verify" in ended_well else 1
    missing = [target for target in job_targets(context, name) if not context.store.manifest(target).exists()]
    made = (_Current(context, name, "render", stamp_is), _Current(context, name, "package", _package_is))
    files = len(missing) if context.platforms[name].uses_artifacts else 0
    return files + sum(not current() for current in made) + len(("preflight", "publish", "verify"))


def _nodes(context: RunContext) -> Iterator[Task]:
    release = "build" if context.project.artifacts.source == "build" else "fetch"
    for target in _needed_targets(context):
        yield _release_file(context, release, target)
    checks = {name: PresenceCheck(context, name) for name in context.platforms}
    gates = [f"gate:{name}" for name in _gated(context)]
    for name in context.platforms:
        yield _render(context, name)
        yield _package(context, name)
        yield _preflight(context, name)
        if f"gate:{name}" in gates:
            yield _gate(context, checks[name])
        yield _publish(context, checks[name], gates)
        yield _verify(context, checks[name])
        yield _deploy(context, name)
        yield _rollback(context, name)
        yield _stats(context, name)


def _release_file(context: RunContext, group: str, target: Target) -> Task:
    store = context.store
    inputs = [str(path) for path in store.inputs(target)]
    return Task(
        f"{group}:{target.slug}",
        [StageAction(Stage(context, group, partial(stages.obtain, context, target), target=str(target)))],
        file_dep=inputs,
        targets=[str(store.manifest(target))],
        uptodate=[Unchanged(lambda: context.project.artifacts.model_dump_json()), bool(inputs) or group == "fetch"],
        clean=[(_remove, [store.manifest(target)])],
        subtask_of=group,
        doc=f"{group} the release file for {target}",
    )


def _render(context: RunContext, name: str) -> Task:
    workdir = context.workdir(name)
    return Task(
        f"render:{name}",
        [_action(context, name, "render", stages.render)],
        file_dep=_manifests(context, name),
        targets=[str(workdir / STAMP)],
        uptodate=[_Current(context, name, "render", stamp_is)],
        clean=[(_remove, [workdir])],
        subtask_of="render",
        doc=f"render the files for {_title(context, name)}",
    )


def _package(context: RunContext, name: str) -> Task:
    workdir = context.workdir(name)
    return Task(
        f"package:{name}",
        [_action(context, name, "package", stages.package)],
        file_dep=[*_manifests(context, name), str(workdir / STAMP)],
        targets=[str(workdir / NAME)],
        uptodate=[_Current(context, name, "package", _package_is)],
        clean=[(_remove, [workdir])],
        subtask_of="package",
        doc=f"make the package for {_title(context, name)}",
    )


def _preflight(context: RunContext, name: str) -> Task:
    return Task(
        f"preflight:{name}",
        [_action(context, name, "preflight", stages.preflight)],
        task_dep=[f"package:{name}"],
        subtask_of="preflight",
        doc=f"check that {_title(context, name)} will take it",
    )


def _gate(context: RunContext, check: PresenceCheck) -> Task:
    """Nothing to do for a platform that has the version; else its preflight must have passed."""
    return Task(
        f"gate:{check.name}",
        None,
        uptodate=[check],
        setup=[f"preflight:{check.name}"],
        subtask_of="gate",
        doc=f"hold every upload until {_title(context, check.name)} is ready",
    )


def _publish(context: RunContext, check: PresenceCheck, gates: list[str]) -> Task:
    name = check.name
    before = [f"preflight:{name}", *(f"publish:{hub}" for hub in context.hubs(name)), *gates]
    return Task(
        f"publish:{name}",
        [_action(context, name, "publish", publish)],
        uptodate=[check],
        setup=before,
        subtask_of="publish",
        doc=f"publish to {_title(context, name)}",
    )


def _verify(context: RunContext, check: PresenceCheck) -> Task:
    return Task(
        f"verify:{check.name}",
        [_action(context, check.name, "verify", stages.verify)],
        task_dep=[] if context.only_verify else [*_again(context, check.name), f"publish:{check.name}"],
        uptodate=[EvidenceCheck(context, check)],
        subtask_of="verify",
        doc=f"install from {_title(context, check.name)} and run it",
    )


def _again(context: RunContext, name: str) -> list[str]:
    """What is to be done again, and would not be for a version that is there: only `publish` needs it otherwise."""
    return [f"{stage}:{name}" for stage in ("render", "package", "preflight") if context.again(stage)]


def _deploy(context: RunContext, name: str) -> Task:
    return Task(
        f"deploy:{name}",
        None,
        task_dep=[f"publish:{name}", f"verify:{name}"],
        subtask_of="deploy",
        doc=f"publish to {_title(context, name)} and verify it",
    )


def _rollback(context: RunContext, name: str) -> Task:
    return Task(
        f"rollback:{name}",
        [_action(context, name, "rollback", stages.rollback)],
        subtask_of="rollback",
        doc=f"take users of {_title(context, name)} back to an earlier version",
    )


def _stats(context: RunContext, name: str) -> Task:
    """Never up to date by a file: how often it asks is the stage's decision."""
    return Task(
        f"stats:{name}",
        [_action(context, name, "stats", counting.stats)],
        subtask_of="stats",
        doc=f"collect the download counters of {_title(context, name)}",
    )


def _action(context: RunContext, name: str, stage: str, work: Callable[[RunContext, str], End]) -> StageAction:
    return StageAction(Stage(context, stage, partial(work, context, name), platform=name))


def _needed_targets(context: RunContext) -> list[Target]:
    users = [name for name, platform in context.platforms.items() if platform.uses_artifacts]
    needed = {target for name in users for target in job_targets(context, name)}
    return [target for target in context.store.targets if target in needed]


def _gated(context: RunContext) -> list[str]:
    if context.project.conditions.gate != "required":
        return []
    return [name for name in context.platforms if context.required(name)]


def _manifests(context: RunContext, name: str) -> list[str]:
    if not context.platforms[name].uses_artifacts:
        return []
    return [str(context.store.manifest(target)) for target in job_targets(context, name)]


def _title(context: RunContext, name: str) -> str:
    return context.platforms[name].title


def _package_is(workdir: Path, wanted: str) -> bool:
    packaged = read_package(workdir)
    return packaged is not None and packaged[1] == wanted


class _Current:
    """Whether what lies in the workdir was made from what would make it now."""

    def __init__(self, context: RunContext, name: str, stage: str, made_from: Callable[[Path, str], bool]) -> None:
        self._context = context
        self._name = name
        self._stage = stage
        self._made_from = made_from

    def __call__(self) -> bool:
        context, name = self._context, self._name
        if context.again(self._stage):
            return False
        try:
            wanted = fingerprint(context, make_job(context, name, "package"), name)
        except Exception:  # noqa: BLE001 - doit must not see it; the stage itself fails with the same error
            return False
        return self._made_from(context.workdir(name), wanted)

    def __repr__(self) -> str:
        return f"options, version and templates of {self._name}"


class Unchanged:
    """Up to date while a text stays what it was when the task last ran."""

    def __init__(self, text: Callable[[], str]) -> None:
        self._text = text

    def configure_task(self, task: Any) -> None:
        task.value_savers.append(lambda: {"_made_from": self._digest()})

    def __call__(self, task: Any, values: dict[str, Any]) -> bool:
        return values.get("_made_from") == self._digest()

    def _digest(self) -> str:
        return hashlib.sha256(json.dumps(self._text()).encode()).hexdigest()


def _remove(path: Path, dryrun: bool) -> None:
    """`doit clean`: only what the graph made, and it is made again when it is needed."""
    if dryrun or not path.exists():
        return
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
