"""Text in Markdown: what stands in it means nothing, but for code between back quotes."""

from __future__ import annotations

import re


def escaped(text: str) -> str:
    r"""A text whose marks mean nothing; code between back quotes stays as it is.

    Backslashes mean nothing in code, so that none may be put there
    (https://spec.commonmark.org/0.31.2/#backslash-escapes).
    """
    pieces = text.split("`")
    if len(pieces) % 2 == 0:  # the last one is never closed
        return _unmarked(text).replace("`", r"\`")
    return "`".join(piece if number % 2 else _unmarked(piece) for number, piece in enumerate(pieces))


def cell(text: str) -> str:
    """The same in a cell of a table, where a bar ends the cell also in code (https://github.github.com/gfm/#example-200)."""
    return re.sub(r"(?<!\\)\|", r"\\|", escaped(" ".join(text.split())))


def _unmarked(text: str) -> str:
    return re.sub(r"([\\*_~|\[\]<>#])", r"\\\1", text)
