"""``deployforge platforms``: list, show, new."""

from __future__ import annotations

import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from deployforge_tasks.cli.help_format import Command, Group
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.options import argument, global_options, option
from deployforge_tasks.cli.table import Cell, columns
from deployforge_tasks.cli.usage import unknown

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Traits
    from deployforge_tasks.operations.platforms import OptionInfo, PlatformInfo

#: Characters of a line of running text.
_WIDEST = 92


@click.group(
    cls=Group,
    params=[*global_options(root=False)],
    no_args_is_help=True,
    epilog="See also: docs/reference/platforms.md, docs/how-to/add-a-platform.md.",
)
def command() -> None:
    """The platforms that DeployForge knows, and what each takes."""


@command.command("list", cls=Command, examples=("deployforge platforms list --json",))
@click.pass_obj
def list_(invocation: Invocation) -> None:
    """Every platform that DeployForge knows."""
    from deployforge_tasks.operations import platforms

    found = platforms.known()
    if invocation.json:
        rows = [{"name": p.name, "title": p.title, "traits": asdict(p.traits), "needs": p.needs} for p in found]
        invocation.emit("platforms", {"platforms": rows})
        return
    rows_ = [(Cell(p.name, "bold"), p.title, ", ".join(trait_words(p.traits))) for p in found]
    for line in columns(rows_, invocation.terminal.style, indent=0, width=invocation.terminal.width):
        invocation.terminal.out(line)
    invocation.hint("`deployforge platforms show NAME` tells what a platform takes")


@command.command(cls=Command, examples=("deployforge platforms show npm",))
@argument("name")
@click.pass_obj
def show(invocation: Invocation, name: str) -> None:
    """What the platform NAME is, which credentials it needs and which options it takes."""
    from deployforge_tasks.operations import platforms

    try:
        info = platforms.describe(name)
    except KeyError:
        raise unknown("platform", name, platforms.names()) from None
    if invocation.json:
        invocation.emit("platform", {"platform": asdict(info)})
        return
    for line in _lines(info, invocation):
        invocation.terminal.out(line)


@command.command(
    cls=Command,
    examples=('deployforge platforms new gitea --title "Gitea Packages"', "deployforge platforms new my_registry"),
)
@argument("platform_name", metavar="NAME")
@option("--title", group="Options", metavar="TEXT", default="", help="What people call it.")
@click.pass_obj
def new(invocation: Invocation, platform_name: str, title: str) -> None:
    """Write a new platform: a module, a template, a stand-in of its registry, a test and a page.

    In a checkout of DeployForge it becomes one of its own platforms, elsewhere a plugin in a folder of its own. What
    is written passes every test; change it into what the real registry answers.
    """
    from deployforge_tasks.operations.scaffold import new_platform

    made = new_platform(platform_name, Path.cwd(), title=title)
    if invocation.json:
        data = {"name": made.name, "plugin": made.plugin, "files": [path.as_posix() for path in made.files]}
        invocation.emit("platform-new", data)
        return
    for path in made.files:
        invocation.terminal.out(path.as_posix())
    test = next(path for path in made.files if path.name == f"test_{made.name}.py")
    first = f"pip install -e {made.files[0].parts[0]}, then " if made.plugin else ""
    invocation.hint(f"{first}`pytest {test.as_posix()}`; how a platform works: docs/how-to/add-a-platform.md")


def _lines(info: PlatformInfo, invocation: Invocation) -> list[str]:
    style, width = invocation.terminal.style, invocation.terminal.width
    facts = [("traits", ", ".join(trait_words(info.traits))), ("targets", ", ".join(info.targets) or "any")]
    facts += [("needs", ", ".join(info.needs))] if info.needs else []
    facts += [("also called", ", ".join(info.aliases))] if info.aliases else []
    lines = [f"{style(info.name, 'bold')}  {info.title}", ""]
    lines += columns(facts, style, width=width)
    if info.credentials:
        lines += ["", "Credentials:"]
        for credential in info.credentials:
            needed = "" if credential.required else " (optional)"
            lines.append(f"  {credential.name}{needed}  {style(' or '.join(credential.env), 'hint')}")
            lines += _paragraph(credential.help, width)
    lines += ["", f"Options (platforms.{info.name}):"]
    for info_option in info.options:
        lines += _option(info_option, style, width)
    return lines


def _option(option: OptionInfo, style: Any, width: int | None) -> list[str]:
    if option.required:
        default = "required"
    elif option.default in (None, [], {}, ""):
        default = ""
    else:
        default = f"default {json.dumps(option.default, ensure_ascii=False)}"
    notes = ", ".join(part for part in (option.type, default) if part)
    lines = [f"  {style(option.name, 'hint')}  ({notes})"]
    return lines + _paragraph(option.description, width)


def _paragraph(text: str, width: int | None) -> list[str]:
    return textwrap.wrap(text, min(_WIDEST, width or _WIDEST), initial_indent="      ", subsequent_indent="      ")


def trait_words(traits: Traits) -> list[str]:
    """The traits as people say them."""
    words = {
        "immutable": "a version is final",
        "editable": "can be edited",
        "moderated": "reviewed before users see it",
        "reversible": "users can be taken back",
    }
    return [word for name, word in words.items() if getattr(traits, name)]
