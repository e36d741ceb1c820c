"""The user's own templates, and checks of what was rendered."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.project import render
from deployforge_tasks.project.render import ROOT, render_template
from deployforge_tasks.project.rendered import check_rendered, leftovers, release_names

BASE = "https://example.com/o/r/releases/download/v1.0.0"
DIGEST = "ab" * 32


def template(folder: Path, text: str) -> Path:
    (folder / ROOT).mkdir(parents=True)
    (folder / "cookiecutter.json").write_text("{}")
    (folder / ROOT / "file.txt").write_text(text)
    return folder


@pytest.fixture
def built_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "built-in"
    for part in ("npm/main", "npm/target", "snap"):
        template(folder / part, f"built-in {part}")
    monkeypatch.setattr(render, "templates_folder", lambda: folder)
    return folder


def rendered(name: str, folder: Path, own: Path | None) -> str:
    return (render_template(name, {}, folder / "out", own=own) / "file.txt").read_text()


@pytest.mark.usefixtures("built_in")
@pytest.mark.parametrize("place", ["main", "npm/main"])
def test_an_own_part_replaces_the_built_in_one(tmp_path: Path, place: str) -> None:
    template(tmp_path / "own" / place, "mine")
    assert rendered("npm/main", tmp_path, tmp_path / "own") == "mine"
    assert rendered("npm/target", tmp_path, tmp_path / "own") == "built-in npm/target"


@pytest.mark.usefixtures("built_in")
def test_a_template_without_parts_is_the_folder_itself(tmp_path: Path) -> None:
    template(tmp_path / "own", "mine")
    assert rendered("snap", tmp_path, tmp_path / "own") == "mine"
    assert rendered("snap", tmp_path, None) == "built-in snap"


@pytest.mark.usefixtures("built_in")
def test_a_folder_of_templates_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is not there"):
        rendered("snap", tmp_path, tmp_path / "nowhere")


@pytest.mark.parametrize(
    "text",
    [
        "version: VERSION_PLACEHOLDER",
        'sha256 "YOUR_SHA256_AMD64_HERE"',
        "sha256sums=('SKIP')",
        '"hash": "SKIP"',
        "sha256 \"#{ENV['AMD64_SHA']}\"",
        "name = {{cookiecutter.name}}",
        "<version>$version$</version>",
        "releases/0.0.1-next/file",
        'sha256 ""',
    ],
)
def test_what_was_published_unfilled_in_the_wild_is_found(text: str) -> None:
    assert leftovers(text)


@pytest.mark.parametrize(
    "text",
    [f'sha256 "{DIGEST}"', "you may skip this", "$version = '1.0.0'", "echo ${HOME}", "SKIP the queue", "your_name"],
)
def test_ordinary_text_is_no_placeholder(text: str) -> None:
    assert leftovers(text) == []


def test_links_to_the_release_are_read_from_any_syntax() -> None:
    text = f"url \"{BASE}/a.tar.gz\"\n{BASE}/b.zip#/b.exe, <a href='{BASE}/c%2Bd.zip'> See {BASE}/e.txt."
    assert release_names(text, BASE) == ["a.tar.gz", "b.zip", "c+d.zip", "e.txt"]


def check(folder: Path, text: str, **more: object) -> list[str]:
    (folder / "formula.rb").write_text(text)
    return [f.id for f in check_rendered(folder, base=BASE, digests={"a.tar.gz": DIGEST}, **more)]  # type: ignore[arg-type]


def test_a_link_with_its_digest_is_fine(tmp_path: Path) -> None:
    assert check(tmp_path, f'url "{BASE}/a.tar.gz"\nsha256 "{DIGEST.upper()}"') == []


def test_a_link_to_a_file_that_the_release_lacks_is_found(tmp_path: Path) -> None:
    assert check(tmp_path, f'url "{BASE}/b.tar.gz"\nsha256 "{DIGEST}"') == ["RENDER-002"]


def test_a_link_with_another_digest_is_found(tmp_path: Path) -> None:
    assert check(tmp_path, f'url "{BASE}/a.tar.gz"\nsha256 "{"cd" * 32}"') == ["RENDER-003"]


def test_a_platforms_own_syntax_can_be_allowed(tmp_path: Path) -> None:
    assert check(tmp_path, "${{ github.ref }}") == ["RENDER-001"]
    assert check(tmp_path, "${{ github.ref }}", allow=("github.",)) == []


def test_pictures_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "icon.png").write_bytes(b"\x89PNG\xff\xfe PLACEHOLDER")
    assert check(tmp_path, "") == []
