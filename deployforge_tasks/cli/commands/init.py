"""``deployforge init``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import init_questions, init_report
from deployforge_tasks.cli.help_format import Command
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import option
from deployforge_tasks.cli.usage import unknown
from deployforge_tasks.core.endpoints import GITHUB_API

if TYPE_CHECKING:
    from deployforge_tasks.operations.init import Change, Online, Proposal


@click.command(
    cls=Command,
    examples=(
        "deployforge init",
        "deployforge init --yes --print > deployforge.yml",
        "deployforge init --from goreleaser",
        "deployforge init --online --json",
    ),
    epilog="Nothing is overwritten without showing what changes and asking.\n\nSee also: `deployforge config check`.",
)
@option(
    "--from",
    "tools",
    group="Behaviour",
    multiple=True,
    metavar="TOOL",
    help="Take over this tool's configuration alone (goreleaser, cargo-dist, jreleaser, semantic-release, release-it); "
    "without it, every one that is found and in use.",
)
@option(
    "--online", group="Behaviour", is_flag=True, help="Also ask GitHub how the files of the newest release are named."
)
@option("--api", group="Behaviour", metavar="URL", help=f"GitHub's API (default: {GITHUB_API}); implies --online.")
@option("--pyproject", group="Behaviour", is_flag=True, help="Also add doit's settings to the existing pyproject.toml.")
@option(
    "--force",
    group="Behaviour",
    is_flag=True,
    help="Write what changes existing files without asking, after showing it.",
)
@option(
    "--dry-run",
    "--print",
    "dry_run",
    group="Output",
    is_flag=True,
    help="Print the deployforge.yml to stdout; write nothing.",
)
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    tools: tuple[str, ...],
    online: bool,
    api: str | None,
    pyproject: bool,
    force: bool,
    dry_run: bool,
) -> int:
    """Look at this repository and write its deployforge.yml.

    What is found is written with where it was found. Only what cannot be found is asked for; --yes asks nothing.
    """
    from deployforge_tasks.operations import init

    _check_tools(tools)
    found = init.look(Path.cwd(), tools=tools, online=_online(invocation, online, api))
    file = Path(invocation.config)
    proposal = init.propose(found, file, doit_settings=pyproject)
    if invocation.interactive and not invocation.yes and not dry_run:
        answers = init_questions.ask(proposal)
        pyproject = pyproject or init_questions.doit_settings(file.parent)
        proposal = init.propose(found, file, answers, doit_settings=pyproject)
    if dry_run and not invocation.json:
        init_report.show(proposal, invocation.terminal.err, invocation.terminal.err_style)
        invocation.terminal.out(proposal.text.rstrip("\n"))
        return 0
    written = [] if dry_run else _agreed(invocation, proposal, force)
    if not invocation.json:
        init_report.show(proposal, invocation.terminal.out, invocation.terminal.style)
    init.write([c for c in proposal.changes if c.path in written], file.parent)
    if invocation.json:
        invocation.emit("init", init_report.as_json(proposal, written))
    else:
        init_report.show_written(invocation, proposal, written)
    return 0


def _check_tools(tools: tuple[str, ...]) -> None:
    from deployforge_tasks.discovery.survey import tools as known

    for tool in tools:
        if tool not in known():
            raise unknown("release tool", tool, known())


def _online(invocation: Invocation, online: bool, api: str | None) -> Online | None:
    from deployforge_tasks.core.redact import redactor
    from deployforge_tasks.operations.init import Online

    if not online and api is None:
        return None
    # GitHub's token is for GitHub: another server gets only what was made for it (as in GitHub's own command line).
    names = ("GH_ENTERPRISE_TOKEN", "GITHUB_ENTERPRISE_TOKEN") if api else ("GITHUB_TOKEN", "GH_TOKEN")
    token = next((value for name in names if (value := invocation.environ.get(name))), None)
    if token:
        redactor.add(token)
    return Online((api or GITHUB_API).rstrip("/"), token)


def _agreed(invocation: Invocation, proposal: Proposal, force: bool) -> list[str]:
    """The files that may be written: new ones, and changed ones that a person (or --force) agreed to, seeing how.

    Where nobody is asked, lines are still added at the end of .gitignore.
    """
    asking = invocation.interactive and not invocation.yes
    written = []
    for change in proposal.changes:
        new = change.old is None or not change.old.strip()
        if not new and not invocation.json:
            for line in change.diff.splitlines():
                invocation.terminal.err(line)
        if new or force or (click.confirm(f"Write this to {change.path}?", err=True) if asking else _adds(change)):
            written.append(change.path)
    return written


def _adds(change: Change) -> bool:
    return change.path == ".gitignore"
