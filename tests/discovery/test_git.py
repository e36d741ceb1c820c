"""What git knows of a repository."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from deployforge_tasks.discovery.choice import choose, value
from deployforge_tasks.discovery.detectors import git
from deployforge_tasks.discovery.remote import parse
from deployforge_tasks.discovery.tree import Tree
from tests.discovery import samples


@pytest.mark.parametrize(
    ("url", "repo"),
    [
        ("https://github.com/elks/elk.git", "elks/elk"),
        ("git@github.com:elks/elk.git", "elks/elk"),
        ("ssh://git@github.com:22/elks/elk", "elks/elk"),
        ("https://user:secret@github.com/elks/elk", "elks/elk"),
        ("git+https://github.com/elks/elk.git", "elks/elk"),
        ("https://github.com/elks/elk/issues", "elks/elk"),
        ("https://gitlab.example/group/below/elk", "below/elk"),
    ],
)
def test_addresses_of_every_kind_are_read(url: str, repo: str) -> None:
    remote = parse(url)

    assert remote is not None
    assert remote.repo == repo


@pytest.mark.parametrize("url", ["", "elk", "/srv/git/elk", "https://github.com/elks", "https://x.example/a b/c"])
def test_what_is_no_address_is_none(url: str) -> None:
    assert parse(url) is None


def test_a_secret_in_the_remote_is_told_nowhere(tmp_path: Path) -> None:
    found = git.detect(Tree(samples.stoat(tmp_path / "stoat")))

    assert value(choose(found.facts), "source.repo") == "stoats/stoat"
    assert "secret" not in repr(found)


def test_the_pattern_of_tags_is_the_one_that_most_share(tmp_path: Path) -> None:
    folder = samples.commit(
        tmp_path / "elk", "v1.9.0", "v1.10.0", "nightly", "docs-2.0.0", remote="git@github.com:e/elk"
    )

    found = git.detect(Tree(folder))

    assert value(choose(found.facts), "source.tag") == "v{version}"
    assert found.newest == "1.10.0"


def test_tags_of_other_packages_do_not_count_however_many_they_are(tmp_path: Path) -> None:
    found = git.detect(Tree(samples.wren(tmp_path / "wren")))

    assert value(choose(found.facts), "source.tag") == "{version}"
    assert found.newest == "15.1.0"


def test_a_tag_pattern_may_hold_the_name(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path / "elk", "elk-v1.0.0", "elk-v1.1.0", remote="git@github.com:e/elk")

    assert value(choose(git.detect(Tree(folder)).facts), "source.tag") == "elk-v{version}"


def test_malformed_tags_are_named(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path / "elk", "v1.0.0", "v1.1.0", "vv1.0.47", "v1.0.0.0.1")

    found = git.detect(Tree(folder))

    assert (found.newest, found.malformed) == ("1.1.0", ("v1.0.0.0.1", "vv1.0.47"))


def test_the_newest_tag_of_this_history_counts_not_that_of_another_branch(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path / "elk", "v1.0.0")
    samples.commit(samples.write(folder, {"a": "1"}), "v2.0.0")
    samples._git(folder, "checkout", "--quiet", "v1.0.0")

    assert git.detect(Tree(folder)).newest == "1.0.0"


def test_a_prerelease_is_not_the_newest_version(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path / "elk", "v1.0.0", "v1.1.0-nightly.5")

    assert git.detect(Tree(folder)).newest == "1.0.0"


def test_a_remote_elsewhere_is_told_and_not_taken(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path / "elk", "v1.0.0", remote="https://gitlab.example/elks/elk.git")

    found = git.detect(Tree(folder))

    assert value(choose(found.facts), "source.repo") is None
    assert any("gitlab.example" in trouble.message for trouble in found.troubles)


def test_templates_of_projects_are_not_the_project(tmp_path: Path) -> None:
    samples.commit(samples.write(tmp_path, {"t/{{cookiecutter.name}}/package.json": {}, "a.txt": ""}))

    assert Tree(tmp_path).files == ("a.txt",)


def test_ignored_and_foreign_files_are_not_looked_at(tmp_path: Path) -> None:
    folder = samples.write(tmp_path, {
        ".gitignore": "hidden.txt\n", "hidden.txt": "", "new.txt": "", "vendor/x/package.json": {},
        "sub/node_modules/y/package.json": {},
    })  # fmt: skip
    samples.commit(folder)

    assert Tree(folder).files == (".gitignore", "new.txt")


@pytest.mark.parametrize("git_there", [True, False], ids=["git", "no git"])
def test_a_folder_without_a_repository_is_walked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, git_there: bool
) -> None:
    samples.write(tmp_path, {"go.mod": "module elk\n", "node_modules/a/package.json": {}, "dist/x.txt": ""})
    if not git_there:
        monkeypatch.setenv("PATH", os.fspath(tmp_path))

    assert Tree(tmp_path).files == ("go.mod",)


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with plain symbolic links")
def test_a_link_out_of_the_repository_is_not_followed(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"a.txt": "a"})
    (tmp_path / "outside.json").write_text('{"name": "outside"}')
    (folder / "package.json").symlink_to(tmp_path / "outside.json")
    tree = Tree(folder)

    assert tree.read("package.json") is None
    assert [t.source for t in tree.troubles] == ["package.json"]
