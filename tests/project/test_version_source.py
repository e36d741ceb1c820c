"""The version that a checked-out tag names."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.core.versions import Version
from deployforge_tasks.project.version_source import tagged
from tests.discovery import samples


def test_the_highest_tag_of_the_commit_counts(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path, "v1.0.0", "v1.10.0", "v1.9.0", "nightly")

    assert tagged(folder, "v{version}") == Version("1.10.0")


def test_a_tag_with_two_letters_too_many_is_no_release(tmp_path: Path) -> None:
    folder = samples.commit(tmp_path, "v1.0.42", "vv1.1.19")

    assert tagged(folder, "v{version}") == Version("1.0.42")


def test_no_tag_is_no_version(tmp_path: Path) -> None:
    assert tagged(samples.commit(tmp_path), "v{version}") is None
