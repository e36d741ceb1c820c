"""Lines that programs write for terminals, made fit to show."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployforge_tasks.operations.ansi import Piece, marked, pieces, plain


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("as it is", [Piece("as it is")]),
        ("\x1b[31mred\x1b[0m plain", [Piece("red", ("fg-red",)), Piece(" plain")]),
        ("\x1b[1;32mok\x1b[39m!\x1b[22m.", [Piece("ok", ("bold", "fg-green")), Piece("!", ("bold",)), Piece(".")]),
        ("\x1b[91;44mbright\x1b[m", [Piece("bright", ("fg-red", "bg-blue"))]),
        ("\x1b[38;5;196mby number", [Piece("by number", ("fg-red",))]),
        ("\x1b[38;2;10;200;20mby parts", [Piece("by parts", ("fg-green",))]),
        ("\x1b[38;5;244mgrey", [Piece("grey")]),
        ("\x1b[38m\x1b[38;5mcut short", [Piece("cut short")]),
        ("\x1b[31mred\x1b[34mblue", [Piece("red", ("fg-red",)), Piece("blue", ("fg-blue",))]),
        ("\x1b[2K\x1b[1Gno more of the cursor", [Piece("no more of the cursor")]),
        ("\x1b]8;;https://example.org\x1b\\a link\x1b]8;;\x1b\\", [Piece("a link")]),
        ("\x1b]0;a title\x07text", [Piece("text")]),
        ("", [Piece("")]),
    ],
)
def test_escape_sequences_become_styles_or_go(written: str, shown: list[Piece]) -> None:
    assert pieces(written) == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("10 %\r50 %\r100 %\r", "100 %"),
        ("bell\x07 and nothing\x00", "bell� and nothing�"),
        ("admin\u202e gnp.exe", "admin� gnp.exe"),
        ("tab\tand\nline stay", "tab\tand\nline stay"),
        ("\x1b[31mERR\x1b[0mOR", "ERROR"),
    ],
)
def test_no_control_character_is_left(written: str, shown: str) -> None:
    assert plain(written) == shown


def test_what_was_looked_for_is_marked_across_styles() -> None:
    line = [Piece("an er", ("fg-red",)), Piece("ror here")]
    assert marked(line, 3, 8) == [
        Piece("an ", ("fg-red",)),
        Piece("er", ("fg-red", "hit")),
        Piece("ror", ("hit",)),
        Piece(" here"),
    ]


@given(st.text(alphabet=st.sampled_from("ab\x1b[]0;13m8\\\r\n\x07\x9b\u202e")))
def test_whatever_is_written_the_pieces_are_the_plain_text(written: str) -> None:
    shown = "".join(piece.text for piece in pieces(written))
    assert shown == plain(written)
    assert not set(shown) & set("\x1b\r\x07\x9b\u202e")
