"""Patterns of release files, read from their names."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.targets import Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.discovery.asset_names import Naming, infer
from deployforge_tasks.project.naming import Naming as Names
from deployforge_tasks.project.schema import Project

NAMES = [
    ["elk-1.2.3-linux-amd64.tar.gz", "elk-1.2.3-darwin-arm64.tar.gz", "elk-1.2.3-windows-amd64.zip"],
    ["elk_Linux_x86_64.tar.gz", "elk_Darwin_arm64.tar.gz", "elk_Windows_x86_64.zip"],
    ["elk-v1.2.3-macos-x64.tgz", "elk-v1.2.3-linux-x64.tgz"],
    ["elk-linux-amd64", "elk-darwin-arm64", "elk-windows-amd64.exe"],
    [
        "elk-x86_64-unknown-linux-gnu.tar.xz",
        "elk-x86_64-unknown-linux-musl.tar.xz",
        "elk-aarch64-apple-darwin.tar.xz",
        "elk-x86_64-pc-windows-msvc.zip",
    ],
    ["elk_1.2.3_macOS_arm64.zip", "elk_1.2.3_linux_arm64.tar.gz", "elk_1.2.3_windows_arm64.zip"],
]


def made(naming: Naming) -> list[str]:
    """The names that the pattern gives again."""
    artifacts = {"asset": naming.asset, "ext": naming.ext, "words": naming.words, "targets": list(naming.targets)}
    project = Project.model_validate({"name": "elk", "description": "d", "artifacts": artifacts})
    names = Names(project, Version.parse("1.2.3"))
    return [names.asset(Target.parse(target)) for target in naming.targets]


@pytest.mark.parametrize("names", NAMES, ids=lambda names: names[0])
def test_the_pattern_gives_exactly_the_names_it_was_read_from(names: list[str]) -> None:
    naming = infer(names, "1.2.3", ["elk"])

    assert naming is not None
    assert sorted(made(naming)) == sorted(names)


def test_files_of_other_kinds_are_no_release_files() -> None:
    others = ["checksums.txt", "elk_1.2.3_amd64.deb", "elk-1.2.3-linux-amd64.tar.gz.sha256", "elk-linux-amd64.sbom"]

    assert infer(others, "1.2.3", ["elk"]) is None


def test_other_processors_are_left_out_and_named() -> None:
    names = ["elk-linux-amd64.tar.gz", "elk-linux-armv7.tar.gz", "elk-linux-386.tar.gz", "elk-freebsd-amd64.tar.gz"]

    naming = infer(names, "", ["elk"])

    assert naming is not None
    assert naming.targets == ("linux/amd64",)
    assert naming.dropped == tuple(names[1:])


def test_a_zip_is_taken_on_windows_and_a_tar_elsewhere_where_there_are_both() -> None:
    names = [f"elk-{os}-amd64.{ext}" for os in ("linux", "windows") for ext in ("zip", "tar.gz")]

    naming = infer(names, "", ["elk"])

    assert naming is not None
    assert naming.ext == {"default": "tar.gz", "windows": "zip"}


def test_msvc_is_taken_before_gnu_on_windows() -> None:
    naming = infer(["elk-x86_64-pc-windows-gnu.zip", "elk-x86_64-pc-windows-msvc.zip"], "", ["elk"])

    assert naming is not None
    assert naming.words["windows"] == "pc-windows-msvc"


def test_the_program_may_give_the_name() -> None:
    naming = infer(["ek-linux-amd64.zip"], "", ["elk", "ek"])

    assert naming is not None
    assert naming.asset == "{binary}-{os}-{arch}.{ext}"
