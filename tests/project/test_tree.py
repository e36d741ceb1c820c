"""YAML with places, read safely."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployforge_tasks.project import tree

FILE = "f.yml"


def read(text: str) -> object:
    root, problems = tree.parse(text, FILE)
    assert problems == []
    return root.plain()


def problem(text: str) -> tuple[str, str]:
    _, problems = tree.parse(text, FILE)
    assert len(problems) == 1
    return problems[0].place, problems[0].message


def test_a_value_and_a_key_know_their_places() -> None:
    root, _ = tree.parse("a:\n  b: [1, two]\n", FILE)
    assert str(root.place_of(("a", "b", 1))) == "f.yml:2:10"
    assert str(root.place_of(("a", "b"), key=True)) == "f.yml:2:3"
    assert str(root.place_of(("a", "missing"))) == "f.yml:2:3"


def test_plain_words_stay_texts() -> None:
    assert read("a: no\nb: 2026-01-01\nc: 1_000\nd: true\ne: 0x10\nf: 12:30\n") == {
        "a": "no", "b": "2026-01-01", "c": "1_000", "d": True, "e": "0x10", "f": "12:30",
    }  # fmt: skip


def test_a_version_is_never_a_number() -> None:
    assert read("version: 1.10\nport: 1.10\n") == {"version": "1.10", "port": 1.1}


def test_a_key_given_twice_is_told_with_both_lines() -> None:
    place, message = problem("a: 1\nb: 2\na: 3\n")
    assert (place, message) == ("f.yml:3:1", "`a` is given twice")


@pytest.mark.parametrize("text", ["a: !!python/object/apply:os.system ['x']\n", "a: !secret x\n", "a: !!int x\n"])
def test_tags_build_nothing(text: str) -> None:
    root, problems = tree.parse(text, FILE)
    assert problems or root.plain() == {"a": ["x"]}


def test_aliases_may_repeat_but_not_explode() -> None:
    assert read("a: &x {k: 1}\nb: *x\nc: {<<: *x, l: 2}\n") == {"a": {"k": 1}, "b": {"k": 1}, "c": {"k": 1, "l": 2}}
    bomb = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{new}: &{new} [{','.join(['*' + old] * 9)}]\n" for old, new in zip("abcdefg", "bcdefgh", strict=True)
    )
    assert "more than" in problem(bomb)[1]


@pytest.mark.parametrize("text", ["a: &a [*a]\n", "a: " + "[" * 300 + "]" * 300, "a: " + "{a: " * 5000])
def test_endless_or_deep_nesting_is_refused(text: str) -> None:
    assert problem(text)


def test_a_file_beyond_the_limit_is_refused() -> None:
    assert "larger" in problem("a: " + "x" * tree.MAX_BYTES)[1]


@pytest.mark.parametrize(("text", "place"), [("a: [1\nb: 2\n", "f.yml:2:2"), ("a:\n\tb: 1\n", "f.yml:2:1")])
def test_what_is_no_yaml_is_told_with_its_place(text: str, place: str) -> None:
    assert problem(text)[0] == place


def test_a_list_is_no_configuration() -> None:
    assert "key: value" in problem("- a\n")[1]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused_but_never_fails(text: str) -> None:
    root, _ = tree.parse(text, FILE)
    assert isinstance(root.value, dict)


PLAIN = st.recursive(
    st.integers() | st.booleans() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
MAPPING = st.dictionaries(st.sampled_from("abc"), PLAIN, max_size=3)


@given(MAPPING, MAPPING)
def test_what_overrides_wins_and_the_rest_stays(base: dict[str, object], over: dict[str, object]) -> None:
    place = tree.Place("x")
    merged = tree.merge(tree.of(base, place), tree.of(over, place)).plain()
    assert merged.keys() == {**base, **over}.keys()
    for key, value in over.items():
        if not isinstance(value, dict):
            assert merged[key] == value
    assert all(merged[key] == value for key, value in base.items() if key not in over)
