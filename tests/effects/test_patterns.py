"""Regular expressions that strangers write."""

from __future__ import annotations

import time

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.effects.patterns import find


def test_every_line_that_matches_is_found_with_the_place_in_it() -> None:
    assert find(r"er+or \d+", ["fine", "an ERROR 42 here", "error 7"], seconds=10) == [(1, 3, 11), (2, 0, 7)]


def test_a_pattern_that_would_never_end_is_given_up() -> None:
    began = time.monotonic()
    with pytest.raises(ConfigError) as caught:
        find(r"(a+)+$", ["a" * 60 + "!"], seconds=0.5)
    assert caught.value.code == "DF3801"
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("pattern", ["(", "[z-a]", "a{2,1}", "(?P<x", "*"])
def test_what_is_no_expression_is_told(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find(pattern, ["a"], seconds=10)
    assert caught.value.code == "DF3803"


@pytest.mark.parametrize("pattern", ["(" * 20000 + ")" * 20000, "a{99999999999}"])
def test_an_expression_that_is_too_large_is_told(pattern: str) -> None:
    with pytest.raises(ConfigError) as caught:
        find(pattern, ["a"], seconds=10)
    assert caught.value.code in ("DF3802", "DF3803")
