"""Starting a run for somebody who is not at a terminal: the real command, in a process of its own, once."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.versions import Version
from deployforge_tasks.graph.stage import FROM_STAGES
from deployforge_tasks.graph.surroundings import ACTOR, REASON
from deployforge_tasks.ledger.liveness import state_of
from deployforge_tasks.ledger.model import Key
from deployforge_tasks.operations.detach import Launched, Seen, find_launched, launch
from deployforge_tasks.operations.runs import reading

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded

#: Runs of a version that are looked at for one that goes on.
_LOOKED_AT = 20
#: Characters of a reason that are kept.
_LONGEST_REASON = 300
#: Seconds between two looks whether a run has begun.
_EVERY = 0.1


@dataclass(frozen=True)
class Obstacle:
    """Why nothing can be started now; `run` is the run that is in the way, where it is one."""

    text: str
    run: int | None = None


def deploy_words(version: str, platforms: Sequence[str], *, from_stage: str = "") -> list[str]:
    """The command line of a deploy.

    Raises:
        ConfigError: the version or the stage is none, or there is no platform.
    """
    if from_stage and from_stage not in FROM_STAGES:
        raise ConfigError(f"`{from_stage[:40]}` is no stage", hint=f"one of {', '.join(FROM_STAGES)}", code="DF3702")
    more = ["--from-stage", from_stage] if from_stage else []
    return ["deploy", _version(version), "--platforms", _names(platforms), *more, "--yes"]


def rollback_words(version: str, to: str, platforms: Sequence[str]) -> list[str]:
    """The command line of a rollback; `to` may be empty (the version before).

    Raises:
        ConfigError: a version is none, or there is no platform.
    """
    goal = [_version(to)] if to else []
    return ["rollback", *goal, "--from", _version(version), "--platforms", _names(platforms), "--yes"]


def obstacles(
    loaded: Loaded, version: str, platforms: Sequence[str], *, ledger_url: str | None = None
) -> tuple[Obstacle, ...]:
    """What is in the way of a run of these platforms: a run that goes on, or somebody who holds a platform.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.graph.context import ledger_url as own_ledger
    from deployforge_tasks.ledger.store import Ledger

    project, profile = loaded.project.name, loaded.profile
    with reading(loaded, ledger_url) as reader:
        runs = [r for r in reader.runs(project, profile, _LOOKED_AT) if r.version == version]
        busy = [run for run in runs if state_of(run) in ("running", "elsewhere")]
    if busy:
        return tuple(
            Obstacle(f"run {r.id} works on v{r.version} already{f', for {r.actor}' if r.actor else ''}", r.id)
            for r in busy
        )
    ledger = Ledger.open(ledger_url or own_ledger(loaded))
    try:
        held = {name: ledger.holder(Key(project, profile, name, version)) for name in platforms}
    finally:
        ledger.close()
    return tuple(Obstacle(f"{name} is being worked on by {who}") for name, who in held.items() if who)


def start(
    loaded: Loaded,
    words: Sequence[str],
    *,
    form: str,
    actor: str,
    reason: str = "",
    ledger_url: str | None = None,
    never_began: Callable[[], object] = lambda: None,
) -> bool:
    """Start ``deployforge <words>``; False when the same form started one before.

    Args:
        loaded: the project.
        words: the command line without its global options.
        form: the form's own name (`detach.new_name`): however often it is sent, one run is started.
        actor: who wants it, for the ledger.
        reason: why, in their words.
        ledger_url: another ledger than the project's own.
        never_began: called in another thread when the process has ended before its run began.

    Raises:
        ConfigError: the form has no such name, or the run's folder or its process cannot be made.
    """
    line = [*words, "--config", str(loaded.file.resolve())]
    line += ["--profile", loaded.profile] if loaded.profile else []
    line += ["--env-file", str(loaded.env_file)] if loaded.env_file else []
    environ = {**loaded.environ, ACTOR: actor, REASON: " ".join(reason.split())[:_LONGEST_REASON]}
    if ledger_url:
        environ["DEPLOYFORGE_LEDGER"] = ledger_url
    try:
        launched = launch(loaded.root, line, environ, name=form)
    except FileExistsError:
        return False
    threading.Thread(target=_wait, args=(launched, never_began), daemon=True).start()
    return True


def _wait(launched: Launched, never_began: Callable[[], object]) -> None:
    launched.process.wait()  # else it stays a zombie once it has ended
    if launched.run is None:
        never_began()


def started(loaded: Loaded, form: str, *, patience: float = 0.0) -> Seen | None:
    """What became of what a form started; None where it started nothing.

    Args:
        loaded: the project.
        form: the form's name.
        patience: how many seconds to wait until it has begun or ended.
    """
    deadline = time.monotonic() + patience
    while True:
        seen = find_launched(loaded.root, form)
        if seen is None or seen.run is not None or seen.ended or time.monotonic() > deadline:
            return seen
        time.sleep(_EVERY)


def _version(text: str) -> str:
    try:
        return str(Version.parse(text.strip()))
    except ValueError as error:
        raise ConfigError(str(error), hint="write it as 1.2.3", code="DF3703") from error


def _names(platforms: Sequence[str]) -> str:
    if not platforms:
        raise ConfigError("no platform is chosen", hint="choose at least one", code="DF3704")
    return ",".join(platforms)
