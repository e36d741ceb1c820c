"""Putting what is new into a deployforge.yml that is there, without taking anything of a person's away."""

from __future__ import annotations

import pytest

from deployforge_tasks.discovery.document import Entry, Update, render, update

OLD = """\
# My own words.
name: elk  # from go.mod:1
description: Written by hand
platforms:
  npm: {}  # from package.json
  homebrew:
    tap: e/homebrew-tap  # from .goreleaser.yaml:3
    # formula_name: no
artifacts: {from: build}
"""


def put(*entries: Entry, text: str = OLD) -> Update:
    return update(text, "deployforge.yml", entries)


def changed(text: str) -> list[str]:
    """The lines that are new."""
    return [line for line in text.splitlines() if line not in OLD.splitlines()]


def test_what_is_the_same_changes_nothing() -> None:
    assert put(Entry(("name",), "elk", "from somewhere else")).text == OLD


def test_a_line_with_its_source_is_brought_up_to_date() -> None:
    assert changed(put(Entry(("name",), "moose", "from go.mod:1")).text) == ["name: moose  # from go.mod:1"]


def test_a_line_that_a_person_wrote_stays_and_is_told() -> None:
    done = put(Entry(("description",), "Found", "from README.md:1"))

    assert done.text == OLD
    assert [(option, there) for option, there, _ in done.kept] == [("description", "Written by hand")]


def test_a_new_section_goes_to_the_end() -> None:
    text = put(Entry(("license",), "MIT", "from LICENSE")).text

    assert text == f"{OLD}\nlicense: MIT  # from LICENSE\n"


def test_a_new_platform_goes_behind_the_last_one() -> None:
    text = put(
        Entry(("platforms", "pypi"), {}, "from a"), Entry(("platforms", "pypi", "package"), "elk", "from b")
    ).text

    assert changed(text) == ["  pypi:  # from a", "    package: elk  # from b"]
    assert text.index("homebrew:") < text.index("pypi:") < text.index("artifacts:")


def test_an_option_goes_into_its_platform() -> None:
    text = put(Entry(("platforms", "homebrew", "test"), "-v", "from a")).text

    assert changed(text) == ["    test: -v  # from a"]


def test_an_empty_platform_is_opened_for_its_first_option() -> None:
    text = put(Entry(("platforms", "npm", "package"), "elk", "from a")).text

    assert changed(text) == ["  npm:  # from package.json", "    package: elk  # from a"]


def test_new_sections_and_new_platforms_keep_apart_at_the_end_of_a_file() -> None:
    text = "name: elk\nplatforms:\n  npm: {}\n"
    done = put(Entry(("license",), "MIT"), Entry(("platforms", "pypi"), {}), text=text)

    assert done.text == "name: elk\nplatforms:\n  npm: {}\n  pypi: {}\n\nlicense: MIT\n"


def test_a_licence_that_a_person_wrote_shorter_stays() -> None:
    text = "name: elk\nlicense: MIT\n"
    done = put(Entry(("license", "spdx"), "MIT"), Entry(("license", "file"), "LICENSE"), text=text)

    assert (done.text, done.unplaced) == (text, ())


def test_what_somebody_made_a_comment_does_not_come_back() -> None:
    text = "name: elk\n# homepage: https://elk.example\nbinary:\n  name: elk\n  # smoke: []\n"

    assert put(Entry(("homepage",), "x"), Entry(("binary", "smoke"), ["a"]), text=text).text == text


def test_an_assumption_is_no_reason_to_change_anything() -> None:
    done = put(
        Entry(("description",), "Assumed", "assumed: a guess"), Entry(("binary", "name"), "x", "assumed: a guess")
    )

    assert (done.text, done.kept) == (OLD, ())


def test_a_list_gets_the_rows_that_it_lacks() -> None:
    text = "version_files:\n  - {path: a, regex: (x)}\nname: elk\n"
    entry = Entry(("version_files",), [{"path": "a", "regex": "(y)"}, {"path": "b", "regex": "(z)"}], notes=("1", "2"))

    assert put(entry, text=text).text == (
        "version_files:\n  - {path: a, regex: (x)}\n  - {path: b, regex: (z)}  # 2\nname: elk\n"
    )


def test_a_section_on_one_line_is_left_to_a_person() -> None:
    done = put(Entry(("artifacts", "asset"), "x", "from a"))

    assert done.text == OLD
    assert [entry.path for entry in done.unplaced] == [("artifacts", "asset")]


def test_a_platform_by_its_other_name_is_the_same_platform() -> None:
    text = "name: elk\nplatforms:\n  github_release:\n    draft: true\n"

    assert put(Entry(("platforms", "github"), {}, "from a"), text=text).text == text


def test_comments_for_things_not_found_are_not_added_again() -> None:
    assert put(Entry(("homepage",), "x", "not found", aside=True)).text == OLD


@pytest.mark.parametrize(
    "value", ["no", "1.10", "a: b", "# x", "{version}", "", "ümlaut", True, 3, ["a", "b"], {"a": "b"}]
)
def test_every_value_is_read_back_as_it_was(value: object) -> None:
    from deployforge_tasks.project.tree import parse

    root, problems = parse(render([Entry(("options", "key"), value, "from a # b")]), "x")

    assert problems == []
    assert root.plain() == {"options": {"key": value}}
