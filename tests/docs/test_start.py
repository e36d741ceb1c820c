"""The pages about a first start: their commands print what they show, and their table leaves no key out."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import pytest

from deployforge_tasks.discovery.detectors import goreleaser
from tests.discovery import samples
from tests.docs.walk import ROOT, matches, run, steps

HOW_TO = ROOT / "docs" / "how-to"


@pytest.mark.skipif(os.name == "nt" or shutil.which("bash") is None, reason="the commands are for a POSIX shell")
def test_a_first_start_prints_what_the_page_shows(tmp_path: Path) -> None:
    walked = steps(HOW_TO / "start-in-your-repository.md")

    said = run([step.command for step in walked], samples.hedgehog(tmp_path / "hedgehog"))

    wrong = [
        f"$ {step.command}\n--- page\n{step.expected}--- said\n{output}"
        for step, output in zip(walked, said, strict=True)
        if not matches(output, step.expected)
    ]
    assert not wrong, "\n".join(wrong)


def test_the_table_has_every_key_of_goreleaser_that_carries_over() -> None:
    text = (HOW_TO / "move-from-goreleaser.md").read_text("utf-8")
    section = text[text.index("## GoReleaser") : text.index("## dist")]
    named = set(
        re.findall(r"`(\w+)`", " ".join(row.split("|")[1] for row in section.splitlines() if row.startswith("|")))
    )

    told = {"version", "pro", "dist", "aur_sources"}  # settings of GoReleaser itself, and one that is left
    assert named >= goreleaser.KNOWN - told
