"""Every command of the tutorial and of the how-to pages that walk the sample is run, and prints what the page shows."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.docs.walk import ROOT, copy_of_the_project, matches, run, steps

DOCS = ROOT / "docs"


@pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="the commands are for a POSIX shell")
@pytest.mark.parametrize(
    "name",
    [
        "tutorial/first-release.md",
        "how-to/resume-a-release.md",
        "how-to/check-before-a-release.md",
        "how-to/see-what-changes.md",
        "how-to/use-your-own-templates.md",
        "how-to/watch-a-release.md",
        "how-to/take-a-release-back.md",
        "how-to/secure-the-dashboard.md",
        "how-to/count-downloads.md",
        "how-to/report.md",
    ],
)
def test_every_command_prints_what_the_page_shows(name: str, tmp_path: Path) -> None:
    walked = steps(DOCS / name)

    said = run([step.command for step in walked], copy_of_the_project(tmp_path / "deployforge"))

    assert len(said) == len(walked)
    wrong = [
        f"$ {step.command}\n--- page\n{step.expected}--- said\n{output}"
        for step, output in zip(walked, said, strict=True)
        if not matches(output, step.expected)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("said", "page", "expected"),
    [
        ("✓  npm   there\n", "✓  npm  there\n", True),
        ("✓  npm  gone\n", "✓  npm  there\n", False),
        ("a\nb\nc\n", "a\n…\nc\n", True),
        ("a\nb\n", "a\n…\nc\n", False),
        ("took 1m 04s\n", "took 2.5s\n", True),
        ("at http://127.0.0.1:8/x\n", "at http://127.0.0.1:99/x\n", True),
        ("pip 26.3 (here)\n", "pip … (here)\n", True),
        ("a\nb\n", "a\n", False),
    ],
)
def test_output_is_compared_with_wildcards(said: str, page: str, expected: bool) -> None:
    assert matches(said, page) is expected
