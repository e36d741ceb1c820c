"""``deployforge logs``."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.lines import Lines
from deployforge_tasks.cli.options import argument, option
from deployforge_tasks.cli.progress import event_json
from deployforge_tasks.cli.usage import Misused, unknown

if TYPE_CHECKING:
    from deployforge_tasks.core.events import Event
    from deployforge_tasks.ledger.model import Run
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.operations.runs import RunView

LEVELS = ("warning", "info", "debug")


@click.command(
    cls=Command,
    examples=(
        "deployforge logs                      the newest run",
        "deployforge logs 41 publish:npm       one task of run 41, with all that it printed",
        "deployforge logs -f                   and what comes, until the run ends",
    ),
    epilog="See also: `deployforge runs`, `deployforge deploy --watch`.",
)
@argument("words", nargs=-1, metavar="[RUN] [TASK]")
@option("-f", "--follow", "wait", group="Behaviour", is_flag=True, help="Go on until the run ends.")
@option(
    "--level",
    group="Output",
    type=click.Choice(LEVELS),
    help="Only trouble (warning), also messages (info), also all that programs printed (debug). Without it: info, and "
    "debug for one TASK.",
)
@click.pass_obj
def command(invocation: Invocation, words: tuple[str, ...], wait: bool, level: str | None) -> int:
    """What happened in a run, or what happens in it now.

    RUN is its number (default: the newest). TASK is a task like `publish:npm`, a platform, or a stage. Ctrl-C ends the
    following, never the run.
    """
    from deployforge_tasks.operations.runs import find_run, reading, view

    number, name = _parse(words)
    loaded = invocation.settings().load()
    tell_doit(invocation)
    with reading(loaded) as reader:
        run = find_run(reader, loaded, number)
        task = _task(reader, run, name) if name else Task()
        shown = view(reader, run, [])
        events = _events(reader, run, task, wait=wait)
        level = level or ("debug" if name else "info")
        if level == "warning":
            events = (event for event in events if _is_trouble(event))
        if invocation.json:
            _write_json(invocation, shown, events)
        else:
            _write_lines(invocation, shown, events, reader, level)
    return 0


@dataclass(frozen=True)
class Task:
    """Which events are wanted: all, a platform's, a stage's, or both."""

    platform: str | None = None
    stage: str | None = None
    target: str | None = None


def _parse(words: tuple[str, ...]) -> tuple[int | None, str | None]:
    numbers = [word for word in words if word.isdecimal()]
    names = [word for word in words if not word.isdecimal()]
    if len(numbers) > 1 or len(names) > 1:
        raise Misused("`logs` takes one RUN and one TASK", "`deployforge logs 41 publish:npm`")
    return int(numbers[0]) if numbers else None, names[0] if names else None


def _task(reader: Reader, run: Run, name: str) -> Task:
    """What a name means in this run: a task, a platform or a stage."""
    there = reader.tasks(run.id)
    platforms = {platform for platform, _ in there if platform}
    stages = {stage for _, stage in there if stage}
    stage, colon, who = name.partition(":")
    if not colon:
        if name in platforms:
            return Task(platform=name)
        if name in stages:
            return Task(stage=name)
    elif (who, stage) in there:
        return Task(who, stage)
    elif (None, stage) in there:
        return Task(stage=stage, target=who)
    tasks = {f"{stage}:{platform}" for platform, stage in there if platform and stage}
    raise unknown(f"task in run {run.id}:", name, {*platforms, *stages, *tasks} or {"none"})


def _events(reader: Reader, run: Run, task: Task, *, wait: bool) -> Iterator[Event]:
    from deployforge_tasks.operations.follow import follow

    pause = _pause if wait else lambda _: False
    for event in follow(reader, run.id, pause, platform=task.platform, stage=task.stage):
        if task.target is None or str(event.data.get("target", "")).replace("/", "-") == task.target:
            yield event


def _is_trouble(event: Event) -> bool:
    """Whether an event tells of something that did not go well."""
    data = event.data
    return data.get("level") in ("warning", "error") or data.get("outcome") in ("failed", "blocked", "waiting")


def _pause(seconds: float) -> bool:
    threading.Event().wait(seconds)
    return True


def _write_json(invocation: Invocation, run: RunView, events: Iterable[Event]) -> None:
    """One document, or one line an event; either way nothing waits for the end of a long log."""
    from deployforge_tasks.cli.commands.runs import as_json

    out = invocation.terminal.out
    if invocation.json == "stream":
        for event in events:
            out(event_json(event))
        invocation.emit("logs", {"run": as_json(run)})
        return
    out(f'{{"schema": "deployforge.logs/1", "run": {json.dumps(as_json(run), ensure_ascii=False)}, "events": [')
    before = ""
    for event in events:
        if before:
            out(before + ",")
        before = event_json(event)
    out(f"{before}]}}")


def _write_lines(invocation: Invocation, run: RunView, events: Iterable[Event], reader: Reader, level: str) -> None:
    terminal = invocation.terminal
    names = [platform for platform, _ in reader.tasks(run.number) if platform]
    lines = Lines(terminal.out, terminal.style, names, verbose=LEVELS.index(level))
    invocation.note(f"{_head(run)}\n")
    for event in events:
        lines(event)
    _tell_end(invocation, reader, run.number)


def _head(run: RunView) -> str:
    return f"run {run.number} · v{run.version} · {run.started_at.astimezone():%Y-%m-%d %H:%M} · {run.command}"


def _tell_end(invocation: Invocation, reader: Reader, number: int) -> None:
    from deployforge_tasks.ledger.liveness import state_of

    run = reader.run(number)
    assert run is not None
    state = state_of(run)
    if state == "finished":
        end = f"ended: {run.outcome}, exit code {run.exit_code}"
    elif state == "killed":
        end = "was killed; the same command again finishes what it began"
    else:
        where = f" on {run.host}" if state == "elsewhere" else ""
        end = f"goes on{where}; `deployforge logs {number} -f` follows it"
    invocation.note(f"\nrun {number} {end}")
