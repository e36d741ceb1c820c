"""Repositories in any state: a clear line for what cannot be read, and the rest goes on."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import deployforge_tasks.discovery.detectors as package
from deployforge_tasks.discovery.draft import draft
from deployforge_tasks.discovery.survey import detectors, survey
from deployforge_tasks.discovery.tree import MAX_BYTES, Tree
from deployforge_tasks.operations import init
from tests.discovery import samples

BROKEN = [
    (".goreleaser.yaml", b"builds: [\n", ".goreleaser.yaml:2:1"),
    ("jreleaser.json", b"{", "jreleaser.json:1"),
    ("Cargo.toml", b"[package\n", "Cargo.toml"),
    ("package.json", b"{'a': 1}", "package.json:1"),
    ("pyproject.toml", b"\0\1\2binary", "pyproject.toml"),
    (".github/workflows/a.yml", b"a: b: c\n", ".github/workflows/a.yml:1:5"),
    ("snap/snapcraft.yaml", b"- a\n- list\n", "snap/snapcraft.yaml:1:1"),
    ("package.json", b" " * (MAX_BYTES + 1), "package.json"),
]


@pytest.mark.parametrize(("path", "data", "source"), BROKEN, ids=[f"{n}-{p}" for n, (p, _, _) in enumerate(BROKEN)])
def test_a_file_that_cannot_be_read_is_told_and_the_rest_is_found(
    tmp_path: Path, path: str, data: bytes, source: str
) -> None:
    folder = samples.write(tmp_path / "elk", {"go.mod": "module example.com/elk\n"})
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(data)

    found = survey(Tree(folder))

    assert source in {trouble.source for trouble in found.troubles}
    assert ("name", "elk") in {(fact.option, fact.value) for fact in found.facts if fact.source == "go.mod:1"}


def test_aliases_that_multiply_are_refused(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    folder = samples.write(tmp_path / "elk", {".goreleaser.yaml": "\n".join(lines) + "\n"})

    assert any(t.source.startswith(".goreleaser.yaml") for t in survey(Tree(folder)).troubles)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="not on Windows, and not as root")
def test_a_file_without_permission_is_told(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"package.json": {"name": "elk"}})
    (folder / "package.json").chmod(0)

    assert any("Permission denied" in t.message for t in survey(Tree(folder)).troubles)


def test_an_empty_folder_has_a_name_and_everything_else_missing(tmp_path: Path) -> None:
    folder = samples.plain(tmp_path / "thing")

    made = draft(survey(Tree(folder)))

    assert made.choices["name"].value == "thing"
    assert {missing.option for missing in made.missing} >= {"description", "platforms", "license", "author"}


@pytest.mark.parametrize(
    "text", ["[]", "3", '"x"', "null", '{"name": 3}', '{"name": {"a": [1]}, "author": 5, "bin": []}']
)
def test_values_of_the_wrong_kind_stop_no_detector(tmp_path: Path, text: str) -> None:
    names = (
        "package.json", "jreleaser.json", ".releaserc.json", ".release-it.json", "bucket/elk.json", "release.json",
        ".goreleaser.yaml", "snap/snapcraft.yaml", ".github/workflows/w.yml", ".gitlab-ci.yml",
    )  # fmt: skip
    folder = samples.write(tmp_path / "elk", dict.fromkeys(names, text))

    assert not [t for t in survey(Tree(folder)).troubles if "could not be looked at" in t.message]


def test_texts_that_would_be_taken_for_variables_are_left_out(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"package.json": {"name": "elk", "description": "Costs ${HOME} dollars"}})

    text = init.propose(init.look(folder), folder / "deployforge.yml").text

    assert "${HOME}" not in text


def test_control_characters_reach_neither_the_file_nor_a_terminal(tmp_path: Path) -> None:
    text = "Runs\x1b[31m in\x07 forests"
    folder = samples.write(tmp_path / "elk", {"package.json": {"name": "elk", "description": text}})

    made = init.propose(init.look(folder), folder / "deployforge.yml")

    assert made.draft.choices["description"].value == "Runs [31m in forests"
    assert "\x1b" not in made.text


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with such names of files")
def test_a_name_that_cannot_be_shown_is_not_looked_at(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"a\nb/package.json": {"name": "elk", "bin": "x"}, "c.txt": ""})

    assert Tree(folder).files == ("c.txt",)


def test_a_value_that_may_not_stand_there_becomes_a_comment(tmp_path: Path) -> None:
    snap = "name: elk\nbase: core24\nconfinement: loose\n"
    folder = samples.write(tmp_path / "elk", {"snap/snapcraft.yaml": snap})

    made = init.propose(init.look(folder), folder / "deployforge.yml")

    assert [option for option, _ in made.dropped] == ["platforms.snap.confinement"]
    assert "# confinement: loose  # not used: " in made.text


def test_every_module_of_the_folder_is_a_detector() -> None:
    modules = {file.stem for path in package.__path__ for file in Path(path).glob("[a-z]*.py")}

    assert {detector.name for detector in detectors()} == modules


def test_little_is_read_of_a_large_repository(tmp_path: Path) -> None:
    folder = samples.hedgehog(tmp_path / "hedgehog")
    for number in range(2_000):
        (folder / f"internal/p{number % 50}").mkdir(parents=True, exist_ok=True)
        (folder / f"internal/p{number % 50}/file{number}.go").write_text("package p\n")
    tree = Tree(folder)

    survey(tree)

    assert len(tree.files) > 2_000
    assert len(tree._texts) < 60
