"""The pictures of the dashboard are made by a script, which still makes every one of them."""

from __future__ import annotations

import re
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.walk import ROOT

IMAGES = ROOT / "docs" / "images"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST = 150_000


def shown() -> set[str]:
    """The names of the pictures that pages show."""
    return {
        name
        for page in PAGES
        for name in re.findall(r"!\[[^]]+\]\([^)]*images/([^)]+\.png)\)", page.read_text("utf-8"))
    }


def size(file: Path) -> tuple[int, int]:
    """The width and height of a PNG (https://www.w3.org/TR/png-3/#11IHDR)."""
    head = file.read_bytes()[:24]
    assert head.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = struct.unpack(">II", head[16:])
    return width, height


def test_every_picture_that_is_shown_is_there_and_small() -> None:
    there = {file.name: file.stat().st_size for file in IMAGES.glob("*.png")}
    assert set(there) == shown()
    assert {name: length for name, length in there.items() if length > MOST} == {}


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_the_script_makes_every_picture(tmp_path: Path) -> None:
    command = [sys.executable, str(IMAGES / "screenshots.py"), str(tmp_path)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, encoding="utf-8", timeout=300)
    assert done.returncode == 0, done.stderr
    assert {file.name: size(file) for file in tmp_path.iterdir()} == dict.fromkeys(shown(), (1280, 800))
