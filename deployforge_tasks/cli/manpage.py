"""The man page, written from the commands: `deployforge help man` prints it, the wheel installs it.

The format is man(7): https://man7.org/linux/man-pages/man7/man.7.html
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

from deployforge_tasks import __version__
from deployforge_tasks.cli.exit_codes import EXIT_CODES
from deployforge_tasks.cli.options import global_options
from deployforge_tasks.cli.root import root


def page() -> str:
    """The whole page as roff."""
    # With the root's own settings: click keeps the help option that it makes first, and it is to have `-h`.
    context = click.Context(root, info_name="deployforge", **root.context_settings)
    return "\n".join(_lines(context)) + "\n"


def _lines(context: click.Context) -> Iterator[str]:
    yield f'.TH DEPLOYFORGE 1 "" "deployforge {__version__}" "User Commands"'
    yield from (".SH NAME", r"deployforge \- " + _text((root.help or "").rstrip(".")))
    yield from (".SH SYNOPSIS", r".B deployforge", r"[\fIoptions\fR] \fIcommand\fR [\fIarguments\fR]")
    yield ".SH COMMANDS"
    for section, names in root.sections.items():
        yield f".SS {_text(section)}"
        for name in names:
            yield from (".TP", f".B {_text(name)}", _text(root.summaries[name]))
    for name in root.summaries:
        yield from _command(context, name)
    yield ".SH GLOBAL OPTIONS"
    for option in global_options(root=True):
        yield from _option(option, context)
    yield ".SH EXIT STATUS"
    for code, meaning in EXIT_CODES.items():
        yield from (".TP", f".B {code}", _text(meaning))
    yield from (".SH FILES", ".TP", ".I deployforge.yml", "What is released, and where to.")
    yield from (".TP", ".I .deployforge/", "The ledger, work folders and reports.")
    yield from (".TP", ".I .doit.db", "The state of the tasks.")
    yield from (".SH SEE ALSO", ".BR doit (1),", r"\fBdeployforge help environment\fR, \fBdeployforge help json\fR")


def _command(parent: click.Context, name: str) -> Iterator[str]:
    command = root.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    yield f".SH DEPLOYFORGE {_text(name.upper())}"
    yield from _usage(context)
    if isinstance(command, click.Group):
        for inner_name in command.list_commands(context):
            inner = command.get_command(context, inner_name)
            assert inner is not None
            yield f".SS {_text(f'{name} {inner_name}')}"
            yield from _usage(click.Context(inner, info_name=inner_name, parent=context))


def _usage(context: click.Context) -> Iterator[str]:
    command = context.command
    yield rf"\fB{_text(context.command_path)}\fR {_text(' '.join(command.collect_usage_pieces(context)))}"
    text = inspect.cleandoc(command.help or "").partition("\f")[0]
    for paragraph in filter(None, text.split("\n\n")):
        yield from (".PP", _text(" ".join(paragraph.split())))
    own = [p for p in command.params if isinstance(p, click.Option) and getattr(p, "group", "") != "Global options"]
    for option in own:
        yield from _option(option, context)
    examples = getattr(command, "examples", ())
    if examples:
        yield from (".PP", "Examples:", ".PP", ".nf", ".RS", *map(_text, examples), ".RE", ".fi")


def _option(option: click.Option, context: click.Context) -> Iterator[str]:
    record = option.get_help_record(context)
    if record is not None:
        names, text = record
        yield from (".TP", rf"\fB{_text(names.rstrip())}\fR", _text(text))


def _text(text: str) -> str:
    """Text that roff shows as it is: escapes, hyphens that are minus signs, no line that begins like a request."""
    escaped = text.replace("\\", r"\e").replace("-", r"\-")
    return rf"\&{escaped}" if escaped.startswith((".", "'")) else escaped
