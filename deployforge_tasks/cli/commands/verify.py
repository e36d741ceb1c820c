"""``deployforge verify``."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli import github
from deployforge_tasks.cli.doit_line import tell_doit
from deployforge_tasks.cli.failures import platform_hints
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.looks import look
from deployforge_tasks.cli.options import VERSION, argument, jobs_option, option, selection
from deployforge_tasks.cli.progress import following
from deployforge_tasks.cli.table import Cell, columns, duration
from deployforge_tasks.cli.usage import choose_platforms

if TYPE_CHECKING:
    from deployforge_tasks.operations.verify import PlatformVerification, VerifyResult


@click.command(
    cls=Command,
    examples=("deployforge verify", "deployforge verify v1.0.42 --platforms npm,docker"),
    epilog="See also: `deployforge help exit-codes`, `deployforge status`.",
)
@argument("version", type=VERSION, required=False)
@selection
@jobs_option
@option("--strict", group="Behaviour", is_flag=True, help="Exit with 9 when something is not public yet.")
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    version: str | None,
    wanted: tuple[str, ...],
    without: tuple[str, ...],
    jobs: int,
    strict: bool,
) -> int:
    """Install again what is published, and run it: whatever was proven before, a clean client tries it anew.

    Publishes nothing. The version is the project's own unless one is named.
    """
    from deployforge_tasks.operations.verify import verify

    loaded = invocation.settings(version).load()
    names = choose_platforms(loaded, wanted, without)
    # Only what is published is verified; the tasks of plain doit would publish the rest first.
    tell_doit(invocation, "-a", *(f"verify:{name}" for name in names), loaded=loaded, jobs=jobs)
    with following(invocation, f"{loaded.project.name} v{loaded.version}", names) as listeners:
        result = verify(loaded, platforms=names, jobs=jobs, listeners=listeners, strict=strict)
    _show(invocation, result)
    return result.exit_code


def _show(invocation: Invocation, result: VerifyResult) -> None:
    terminal = invocation.terminal
    errors = [p.error for p in result.platforms.values() if p.error is not None]
    for error in errors:
        github.annotate(invocation, error)
    if invocation.json:
        invocation.emit("verify", as_json(result))
        return
    for line in lines(result, terminal.style, terminal.width):
        terminal.out(line)
    for hint in platform_hints(errors):
        terminal.hint(hint)


def lines(result: VerifyResult, style: Any, width: int | None = None) -> list[str]:
    """A headline, and a row a platform: how it was tried, with which client, and what the program said."""
    found = result.platforms.values()
    words = [
        f"{n} {outcome}"
        for outcome in ("verified", "waiting", "skipped", "stopped", "failed")
        if (n := sum(p.outcome == outcome for p in found))
    ]
    profile = [result.profile] if result.profile else []
    title = style(f"{result.project} v{result.version}", "bold")
    head = " · ".join([title, *profile, *(words or ["nothing to verify"]), duration(result.seconds)])
    names: list[Cell | str] = ["", *(Cell(word, "dim") for word in ("platform", "", "method", "client", "said"))]
    return [head, "", *columns([names, *(_row(platform) for platform in found)], style, width=width)]


def _row(platform: PlatformVerification) -> list[Cell | str]:
    # Skipped by `verify` means: it could not be tried (nothing is there yet).
    symbol, style = look("waiting" if platform.outcome == "skipped" else platform.outcome)
    start: list[Cell | str] = [Cell(symbol, style), platform.name, Cell(platform.outcome, style)]
    if platform.error is not None:
        return [*start, "", "", f"{platform.error.code} {platform.error.message}"]
    if platform.evidence is None:
        return [*start, "", "", platform.reason]
    evidence = platform.evidence
    return [
        *start,
        evidence.method,
        evidence.client,
        "  ".join(filter(None, [evidence.said, f"({evidence.reason})" if evidence.reason else ""])),
    ]


def as_json(result: VerifyResult) -> dict[str, Any]:
    """The result as JSON."""
    return {
        "project": result.project,
        "version": result.version,
        "profile": result.profile,
        "run": result.run,
        "outcome": result.outcome,
        "exit_code": result.exit_code,
        "seconds": round(result.seconds, 3),
        "platforms": [_platform_json(platform) for platform in result.platforms.values()],
    }


def _platform_json(platform: PlatformVerification) -> dict[str, Any]:
    return {
        "name": platform.name,
        "outcome": platform.outcome,
        "reason": platform.reason,
        "required": platform.required,
        "seconds": platform.seconds,
        "evidence": asdict(platform.evidence) if platform.evidence else None,
        "error": platform.error.as_json() if platform.error else None,
    }
