"""The entry point: parse, call, and turn whatever happens into words and an exit code."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence

import click

from deployforge_tasks.cli import exit_codes
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.root import root
from deployforge_tasks.notify import pending


def main(args: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    _use_utf8()
    if instruction := os.environ.get("_DEPLOYFORGE_COMPLETE"):
        from deployforge_tasks.cli.completing import answer

        return answer(root, instruction)
    invocation = Invocation()
    words = list(_with_json_value(sys.argv[1:] if args is None else args))
    # Known before parsing, so that a command line with a mistake is answered in JSON too.
    invocation.json = next((w.partition("=")[2] for w in words if w.startswith("--json=")), "")
    try:
        code = _run(words, invocation)
        sys.stdout.flush()
    except BaseException as error:  # noqa: BLE001 - a surface shows every error and never a traceback
        from deployforge_tasks.cli import failures

        code = failures.show(invocation, error)
    _finish_telling(invocation)
    return code


def _run(words: list[str], invocation: Invocation) -> int:
    try:
        with root.make_context("deployforge", words, obj=invocation) as context:
            code = root.invoke(context)
    except click.exceptions.Exit as done:  # --help and --version
        return done.exit_code
    return code if isinstance(code, int) else exit_codes.OK


def _finish_telling(invocation: Invocation) -> None:
    """Wait for messages that are under way, and say which did not arrive; the exit code stays what it is."""
    for line in pending.lines(pending.wait_for_all()):
        if not invocation.quiet:
            invocation.terminal.err(f"{invocation.terminal.err_style('warning:', 'warning')} {line}")


def _with_json_value(words: Iterable[str]) -> Iterable[str]:
    """``--json`` alone means ``--json=document``; otherwise it would take the next word for its value."""
    options = True
    for word in words:
        options = options and word != "--"
        yield "--json=document" if options and word == "--json" else word


def _use_utf8() -> None:
    """Write UTF-8 into pipes and files everywhere (Windows would take an old code page)."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and not stream.isatty():
            stream.reconfigure(encoding="utf-8")
