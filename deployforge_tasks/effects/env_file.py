"""Env-files with secrets in them: read, written so that only their owner can read them, and cleaned up again.

A line that we write stands below a comment that says so; nothing else is ever changed or removed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.core.errors import ConfigError

_MARK = "# kept by deployforge login"
_OURS_ALONE = 0o600


@dataclass(frozen=True)
class _Entry:
    """One or more lines of a file: a variable with its value, or (`name` is "") anything else."""

    text: str
    line: int
    name: str = ""
    value: str = ""


def parse(text: str, called: str) -> dict[str, str]:
    """Read ``NAME=value`` lines; quotes around the value and a leading ``export`` are dropped, ``#`` begins a comment.

    A value in quotes may go over several lines (a key).

    Raises:
        ConfigError: a line is something else (it is named by number, never shown).
    """
    values: dict[str, str] = {}
    for entry in _entries(text):
        if entry.name:
            values[entry.name] = entry.value
        elif entry.text.strip() and not entry.text.strip().startswith("#"):
            raise ConfigError(
                f"line {entry.line} of {called} is not NAME=value", hint="write one variable a line", code="DF1003"
            )
    return values


def write(path: Path, values: Mapping[str, str]) -> None:
    """Set variables, keeping everything else in the file; only the owner may read it afterwards.

    Raises:
        ConfigError: a value has both kinds of quotes, or the file cannot be read or written.
    """
    lines = [f"{_MARK}\n{name}={_quoted(name, value)}\n" for name, value in values.items()]
    _replace(path, "".join([*_without(_read(path), set(values), ours_only=False), *lines]))


def remove(path: Path, names: Iterable[str]) -> list[str]:
    """Remove those of the variables that `write` put there; their names.

    Raises:
        ConfigError: the file cannot be read or written.
    """
    text, wanted = _read(path), set(names)
    left = "".join(_without(text, wanted, ours_only=True))
    if left == text:
        return []
    _replace(path, left)
    there = {entry.name for entry in _entries(left)}
    return sorted(name for name in {e.name for e in _entries(text)} & wanted if name not in there)


def _entries(text: str) -> Iterator[_Entry]:
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        first = at
        at += 1
        name, equals, value = lines[first].strip().removeprefix("export ").strip().partition("=")
        if not equals or not name.strip().isidentifier() or lines[first].lstrip().startswith("#"):
            yield _Entry(lines[first], first + 1)
            continue
        last = _closing(lines, first, value.strip())
        if last is not None:
            at = last + 1
            value = value.lstrip() + "".join(["\n", *lines[first + 1 : at]])
        yield _Entry("".join(lines[first:at]), first + 1, name.strip(), _unquoted(value.strip()))


def _closing(lines: list[str], first: int, value: str) -> int | None:
    """The line with the quote that ends a value of several lines; None for all others."""
    quote = value[:1]
    if quote not in ("'", '"') or re.search(rf"{quote}\s*(#.*)?$", value[1:]):
        return None
    return next((n for n in range(first + 1, len(lines)) if lines[n].rstrip().endswith(quote)), None)


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return value.partition(" #")[0].rstrip()


def _quoted(name: str, value: str) -> str:
    for quote in ('"', "'"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise ConfigError(
        f"the value of {name} has both kinds of quotes, which an env-file cannot hold",
        hint="keep it in the system keyring",
        code="DF2050",
    )


def _without(text: str, names: set[str], *, ours_only: bool) -> Iterator[str]:
    """The parts of a file without these variables and the comments above them."""
    held = ""
    for entry in _entries(text):
        if entry.text.strip() == _MARK:
            yield held
            held = entry.text
            continue
        if entry.name in names and (held or not ours_only):
            held = ""
            continue
        yield held + entry.text
        held = ""
    yield held
    if text and not text.endswith("\n"):
        yield "\n"


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, "read", error) from error


def _replace(path: Path, text: str) -> None:
    """Write a file that nobody else could read at any moment; a link stays a link."""
    target = path.resolve()
    try:
        handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")  # mode 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(text.encode())
            Path(temporary).chmod(_OURS_ALONE)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _unusable(path, "written", error) from error


def _unusable(path: Path, what: str, error: Exception) -> ConfigError:
    reason = error.strerror if isinstance(error, OSError) else "it is no UTF-8 text"
    return ConfigError(f"{path} cannot be {what}: {reason}", hint="name another one with --env-file", code="DF2051")
