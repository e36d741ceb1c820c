"""Text in Markdown means nothing but what it says."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.markdown import cell, escaped


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("*a* _b_ [c](d) <e> #f ~g~", r"\*a\* \_b\_ \[c\](d) \<e\> \#f \~g\~"),
        ("run `pip install 'x[y]'` *now*", r"run `pip install 'x[y]'` \*now\*"),
        ("a ` that is never closed *", r"a \` that is never closed \*"),
    ],
)
def test_marks_mean_nothing_but_code_stays_code(text: str, written: str) -> None:
    assert escaped(text) == written


def test_a_bar_ends_no_cell_not_even_in_code() -> None:
    assert cell("a | b `c | d`\n e") == r"a \| b `c \| d` e"
