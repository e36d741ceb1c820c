"""How errors look, and the exit code that follows from each."""

from __future__ import annotations

import contextlib
import errno
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from deployforge_tasks import __version__
from deployforge_tasks.cli import exit_codes
from deployforge_tasks.cli.github import annotate
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.table import plural
from deployforge_tasks.core.errors import ConfigError, DeployForgeError
from deployforge_tasks.core.redact import redactor

#: What the system says when it does not let us, or has no room.
_OF_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC)


def show(invocation: Invocation, error: BaseException) -> int:
    """Show an error the way the user asked for and return the exit code."""
    if isinstance(error, BrokenPipeError):
        return _reader_gone()
    if isinstance(error, KeyboardInterrupt | click.Abort):
        begun = isinstance(error, click.Abort)  # the line of a question still stands there
        invocation.terminal.err("\ninterrupted" if begun else "interrupted")
        return exit_codes.INTERRUPTED
    if isinstance(error, click.ClickException):
        return _usage(invocation, error)
    if isinstance(error, DeployForgeError):
        return _known(invocation, error)
    if (refused := _refused(error)) is not None:
        return _known(invocation, refused)
    return _internal(invocation, error)


def _refused(error: BaseException) -> ConfigError | None:
    """What the machine or the ledger's database refuses: no fault of the program's, wherever it comes up."""
    from sqlalchemy.exc import DatabaseError, DBAPIError, OperationalError

    if isinstance(error, OSError) and error.errno in _OF_THE_MACHINE:
        return ConfigError(
            f"{error.filename or 'a file'} cannot be used: {error.strerror}",
            hint="check who owns it, and that the disk is writable and has room",
            code="DF1500",
        )
    # Its other classes (a wrong statement, a broken constraint) are faults of ours.
    if isinstance(error, DBAPIError) and type(error) in (DatabaseError, OperationalError):
        said = str(error.orig).strip() or type(error).__name__
        return ConfigError(
            f"the ledger cannot be used: {said.splitlines()[0]}",
            hint="see that its database can be reached and has room; if it is broken, take back a copy of it",
            code="DF1054",
        )
    return None


def _known(invocation: Invocation, error: DeployForgeError) -> int:
    if invocation.json:
        invocation.emit("error", {"error": error_json(error)})
    else:
        for line in error_lines(invocation, error):
            invocation.terminal.err(line)
    annotate(invocation, error)
    return error.exit_code


def error_json(error: DeployForgeError) -> dict[str, Any]:
    """The ``error`` object, with every problem of a configuration."""
    data: dict[str, Any] = redactor.data(error.as_json())
    problems = getattr(error, "problems", None)
    if problems:
        data["problems"] = [problem_json(problem) for problem in problems]
    return data


def problem_json(problem: Any) -> dict[str, str]:
    """A problem of the configuration as JSON."""
    return {
        "place": problem.place,
        "path": problem.path,
        "message": redactor.text(problem.message),
        "hint": redactor.text(problem.hint),
        "level": str(problem.level),
    }


def error_lines(invocation: Invocation, error: DeployForgeError) -> list[str]:
    """``error: message   DF2103``, an empty line, ``hint: …``; a configuration's problems one below the other."""
    problems = getattr(error, "problems", None)
    if problems:
        return _problem_lines(invocation, getattr(error, "file", ""), problems)
    style = invocation.terminal.err_style
    where = f"{error.platform}: " if error.platform and error.platform not in error.message else ""
    text = redactor.text(f"{where}{error.message}")
    lines = [f"{style('error:', 'error')} {text}   {style(error.code, 'dim')}"]
    if error.hint:
        lines += ["", f"{style('hint:', 'hint')} {redactor.text(error.hint)}"]
    return lines


def platform_hints(errors: Iterable[DeployForgeError]) -> list[str]:
    """``npm, pypi: …``: the next steps, with the platforms that each is for."""
    steps: dict[str, list[str]] = {}
    for error in errors:
        steps.setdefault(error.hint, []).append(str(error.platform))
    return [f"{', '.join(names)}: {redactor.text(hint)}" for hint, names in steps.items() if hint]


def _problem_lines(invocation: Invocation, file: str, problems: Any) -> list[str]:
    style = invocation.terminal.err_style
    lines = [f"{style('error:', 'error')} {file} has {plural(len(problems), 'problem')}", ""]
    width = max(len(problem.place) for problem in problems)
    for problem in problems:
        lines += problem_lines(invocation, problem, width)
    return lines


def problem_lines(invocation: Invocation, problem: Any, width: int = 0) -> list[str]:
    """The place and path, the message and the hint of one problem of the configuration."""
    style = invocation.terminal.err_style
    lines = [f"  {style(problem.place, 'hint')}{' ' * (width - len(problem.place))}  {problem.path}".rstrip()]
    lines.append(f"      {redactor.text(problem.message)}")
    if problem.hint:
        lines.append(f"      {style('hint:', 'hint')} {redactor.text(problem.hint)}")
    return lines


def _usage(invocation: Invocation, error: click.ClickException) -> int:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        invocation.terminal.err(error.format_message().rstrip())
        return exit_codes.USAGE
    message, hint = _usage_message(error), _usage_hint(error)
    if invocation.json:
        usage = {"id": "DF0002", "message": message, "hint": hint, "platform": None, "stage": None, "url": None}
        invocation.emit("error", {"error": usage})
        return exit_codes.USAGE
    style = invocation.terminal.err_style
    invocation.terminal.err(f"{style('error:', 'error')} {message[:1].lower()}{message[1:]}")
    invocation.terminal.err("")
    invocation.terminal.err(f"{style('hint:', 'hint')} {hint}")
    return exit_codes.USAGE


def _usage_message(error: click.ClickException) -> str:
    """One sentence on one line."""
    if isinstance(error, click.NoSuchOption):
        return f"no such option `{error.option_name}`"
    return " ".join(error.format_message().split()).rstrip(".")


def _usage_hint(error: click.ClickException) -> str:
    if hint := getattr(error, "hint", ""):
        return str(hint)
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        return f"did you mean {' or '.join(f'`{name}`' for name in error.possibilities)}?"
    context = getattr(error, "ctx", None)
    return f"`{context.command_path if context else 'deployforge'} -h` tells what it takes"


def _internal(invocation: Invocation, error: BaseException) -> int:
    report = _write_report(error)
    text = redactor.text(f"{type(error).__name__}: {error}".splitlines()[0])
    fault = DeployForgeError(
        f"DeployForge has a fault: {text}",
        hint=f"please report it with {report}" if report else "no report could be written",
    )
    return _known(invocation, fault)


def _write_report(error: BaseException) -> Path | None:
    """Write what a maintainer needs into ``.deployforge/``, or the temporary folder when that is not possible."""
    now = datetime.now(UTC)
    lines = [
        f"deployforge {__version__} · Python {platform.python_version()} · {platform.platform()}",
        f"{now:%Y-%m-%d %H:%M:%S} UTC · deployforge {' '.join(sys.argv[1:])}",
        "",
        "".join(traceback.format_exception(error)),
    ]
    for folder in (Path(".deployforge"), Path(tempfile.gettempdir())):
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
            file = folder / f"crash-{now:%Y%m%d-%H%M%S}-{os.getpid()}.txt"
            file.write_text(redactor.text("\n".join(lines)), encoding="utf-8")
            return file
    return None


def _reader_gone() -> int:
    # The interpreter flushes stdout once more at its end, and would complain.
    with contextlib.suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return exit_codes.READER_GONE
