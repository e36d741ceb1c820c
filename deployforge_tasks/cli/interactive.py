"""``deploy --interactive``: one question a platform, and one more for each that failed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import plan
from deployforge_tasks.cli.changes import diff_lines
from deployforge_tasks.cli.exit_codes import INTERRUPTED, TERMINATED
from deployforge_tasks.cli.usage import Misused
from deployforge_tasks.operations.rounds import again, held_back, merged, to_send

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.operations.preview import Preview

_CHOICES = "[p]ublish  [s]kip  [a]ll from here  [d]iff  [q]uit"
_AFTER_FAILURE = "[r]etry  [s]kip  [a]bort"


def require_person(invocation: Invocation) -> None:
    """See that there is somebody to ask.

    Raises:
        Misused: there is nobody.
    """
    if invocation.json:
        raise Misused("--interactive asks questions, and --json has no place for them", "leave one of them out")
    if not invocation.interactive:
        raise Misused(
            "--interactive needs a terminal and somebody to ask",
            "choose with --platforms and --except, look with --dry-run, and agree with --yes",
        )


def choose(invocation: Invocation, result: DeployResult, seen: Preview) -> list[str]:
    """Ask about each platform of a plan that something would be sent to; the chosen ones.

    Raises:
        Abort: Ctrl-C, or `quit`.
    """
    terminal, chosen, left_out = invocation.terminal, list[str](), list[str]()
    everything = False
    for platform in to_send(result):
        name = platform.name
        hub = held_back(name, result.platforms, left_out)
        error = seen.blocked.get(name)
        if hub is not None or error is not None:
            terminal.err(f"\n{name} is skipped: {f'it needs {hub}' if hub else error}")
            left_out.append(name)
            continue
        if not everything:
            answer = _ask_about(invocation, platform, seen)
            everything = answer == "a"
            if answer == "s":
                left_out.append(name)
                continue
        chosen.append(name)
    return chosen


def _ask_about(invocation: Invocation, platform: PlatformResult, seen: Preview) -> str:
    terminal = invocation.terminal
    assert platform.plan is not None
    symbol, word, look = plan.ACTIONS[platform.plan.action]
    mark = f"  {terminal.err_style('!', 'warning')} cannot be undone" if plan.final(platform) else ""
    reason = plan.why(platform)
    name = terminal.err_style(platform.name, "bold")
    terminal.err(f"\n{terminal.err_style(symbol, look)} {name}  {word}, {reason}{mark}")
    while True:
        answer = _answer(_CHOICES, "psadq")
        if answer == "q":
            raise click.Abort
        if answer != "d":
            return answer
        for line in _diff(platform, seen, terminal.err_style):
            terminal.err(line)


def _diff(platform: PlatformResult, seen: Preview, style: Callable[[str, str], str]) -> list[str]:
    change = seen.changes.platforms.get(platform.name) if seen.changes else None
    return diff_lines(change, style) if change else ["nothing is known of its files"]


def retry_failures(
    invocation: Invocation, result: DeployResult, deploy_again: Callable[[Sequence[str]], DeployResult]
) -> DeployResult:
    """Ask about each platform that failed, as long as somebody wants to try again.

    Args:
        invocation: the terminal.
        result: what became of the first round.
        deploy_again: runs a round for these platforms.
    """
    while result.exit_code not in (INTERRUPTED, TERMINATED):  # who stopped the run wants no question
        wanted = _wanted(invocation, [p for p in result.platforms.values() if p.outcome == "failed"])
        if not wanted:
            return result
        result = merged(result, deploy_again(again(result, wanted)))
    return result


def _wanted(invocation: Invocation, failed: Sequence[PlatformResult]) -> list[str]:
    terminal, wanted = invocation.terminal, list[str]()
    for platform in failed:
        error = platform.error
        text = f"{error.message}   {terminal.err_style(error.code, 'dim')}" if error else platform.reason
        terminal.err(f"\n{terminal.err_style('✗', 'error')} {terminal.err_style(platform.name, 'bold')}  {text}")
        if error and error.hint:
            terminal.err(f"  {terminal.err_style('hint:', 'hint')} {error.hint}")
        try:
            answer = _answer(_AFTER_FAILURE, "rsa")
        except click.Abort:
            answer = "a"
        if answer == "a":
            return []
        wanted += [platform.name] if answer == "r" else []
    return wanted


def _answer(question: str, letters: str) -> str:
    choice = click.Choice(list(letters), case_sensitive=False)
    return str(click.prompt(f"  {question}", type=choice, show_choices=False, err=True))
