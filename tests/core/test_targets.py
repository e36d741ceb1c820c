"""Targets and their spellings."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.targets import Target, spelling


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("linux/amd64", Target("linux", "amd64")),
        ("macos/x86_64", Target("darwin", "amd64")),
        ("Windows/ARM64", Target("windows", "arm64")),
        ("linux/aarch64/musl", Target("linux", "arm64", "musl")),
    ],
)
def test_common_spellings_are_understood(text: str, target: Target) -> None:
    assert Target.parse(text) == target


@pytest.mark.parametrize("text", ["linux", "beos/amd64", "linux/z80", "darwin/arm64/musl", "linux/amd64/uclibc", ""])
def test_what_is_no_target_is_refused_with_what_is_known(text: str) -> None:
    with pytest.raises(ValueError, match=r"target|known|libc"):
        Target.parse(text)


@pytest.mark.parametrize(
    ("ecosystem", "word"),
    [
        ("npm", "win32-x64"),
        ("rust", "x86_64-pc-windows-msvc"),
        ("wheel", "win_amd64"),
        ("scoop", "64bit"),
        ("vscode", "win32-x64"),
        ("snap", None),
        ("arch", None),
    ],
)
def test_windows_on_amd64_is_spelled_by_each_ecosystem(ecosystem: str, word: str | None) -> None:
    assert spelling(Target("windows", "amd64"), ecosystem) == word


def test_a_static_linux_program_carries_the_wheel_tags_of_both_c_libraries() -> None:
    tags = spelling(Target("linux", "amd64"), "wheel") or ""
    assert "manylinux2014_x86_64" in tags
    assert "musllinux_1_1_x86_64" in tags


@pytest.mark.parametrize(("pattern", "matches"), [("linux/*", True), ("*/amd64", True), ("darwin/*", False)])
def test_patterns_choose_targets(pattern: str, matches: bool) -> None:
    assert Target("linux", "amd64").matches(pattern) is matches
