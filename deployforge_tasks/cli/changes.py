"""Changed files as rows, diffs and JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.table import Cell, Row, Style, one_line, plural

if TYPE_CHECKING:
    from deployforge_tasks.operations.changes import FileChange
    from deployforge_tasks.operations.diff import PlatformDiff

_STYLES = {"+": "ok", "-": "error", "@": "hint"}


def changed_rows(change: PlatformDiff, most: int | None = None) -> list[Row]:
    """One row a changed file and piece: platform, path, how much; one that says so where nothing changes."""
    name = change.name
    if change.error is not None:
        return [(name, Cell("cannot be told", "warning"), "", _why_not(change))]
    if change.basis == "nothing":
        return [(name, plural(len(change.files), "rendered file"), "", "the first release here")]
    against = f"against v{change.old}" + (", rendered again" if change.basis == "rendered" else "")
    rows: list[Row] = [(name, file.path, _amount(file), against) for file in change.files[:most]]
    hidden = len(change.files) - len(rows)
    rows += [(name, f"… and {hidden} more", "", "")] if hidden else []
    rows += [(name, piece, Cell("+ piece", "ok"), against) for piece in change.pieces_added]
    rows += [(name, piece, Cell("- piece", "error"), against) for piece in change.pieces_removed]
    return _named_once(rows or [(name, _no_change(change), "", against)])


def _named_once(rows: list[Row]) -> list[Row]:
    """The platform and what it is compared with in the first row only."""
    return [rows[0], *(("", *row[1:-1], "") for row in rows[1:])]


def _no_change(change: PlatformDiff) -> str:
    return "no change" if change.rendered else "nothing is rendered for it"


def _why_not(change: PlatformDiff) -> str:
    assert change.error is not None
    whose = f"the files of v{change.old} cannot be had: " if change.error_of == "old" else ""
    return one_line(f"{whose}{change.error.message}")


def _amount(file: FileChange) -> str:
    if file.binary:
        return f"binary, {file.kind}"
    return f"+{file.added} -{file.removed}"


def diff_lines(change: PlatformDiff, style: Style) -> list[str]:
    """The full diffs of a platform: what a program prints, line by line."""
    against = f"v{change.old} → v{change.new}" if change.old else f"v{change.new}"
    out = [style(f"{change.name}  {against}", "bold")]
    if change.error is not None:
        return [*out, f"cannot be told: {_why_not(change)}"]
    if change.basis == "nothing":
        out.append("the first release here: every file is new")
    if change.basis == "rendered":
        out.append(f"v{change.old} was rendered again with today's templates and options: only what follows from the")
        out.append("version and its release files differs")
    if not change.changed:
        out.append(_no_change(change))
    for file in change.files:
        out += ["", *_file_lines(file, style)]
    pieces = [("+", piece) for piece in change.pieces_added] + [("-", piece) for piece in change.pieces_removed]
    if pieces and change.old:
        out += ["", *(style(f"{sign} piece {piece}", _STYLES[sign]) for sign, piece in pieces)]
    return out


def _file_lines(file: FileChange, style: Style) -> list[str]:
    if file.binary:
        old, new = (digest[:12] if digest else "nothing" for digest in (file.old, file.new))
        return [f"binary file {file.path} {file.kind}: sha256 {old} → {new}"]
    lines = file.diff.split("\n") if file.diff else [f"{file.path} {file.kind}, empty"]
    return [style(line, "bold") for line in lines[:2]] + [_styled(line, style) for line in lines[2:]]


def _styled(line: str, style: Style) -> str:
    return style(line, _STYLES.get(line[:1], ""))


def platform_json(change: PlatformDiff) -> dict[str, Any]:
    """A platform's changes as JSON."""
    return {
        "name": change.name,
        "old": change.old,
        "new": change.new,
        "basis": change.basis,
        "rendered": change.rendered,
        "files": [asdict(file) for file in change.files],
        "pieces": list(change.pieces),
        "pieces_added": list(change.pieces_added),
        "pieces_removed": list(change.pieces_removed),
        "size": change.size,
        "error": change.error.as_json() if change.error else None,
        "error_of": change.error_of or None,
    }
