"""The pictures of the documentation are what the script beside them makes."""

from __future__ import annotations

import importlib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from types import ModuleType

import pytest

from tests.docs.walk import ROOT

FOLDER = ROOT / "docs" / "images"
DRAWINGS = sorted(FOLDER.glob("*.svg"))


@pytest.fixture
def make(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(FOLDER))
    return importlib.import_module("make")


def test_each_chart_is_what_the_script_makes(make: ModuleType) -> None:
    if not version("vl-convert-python").startswith(make.DRAWN_WITH):
        pytest.skip(f"the charts were drawn with vl-convert-python {make.DRAWN_WITH}")
    made: Mapping[str, bytes] = make.charts()
    assert {file.name: file.read_bytes() for file in DRAWINGS} == made


@pytest.mark.parametrize("file", DRAWINGS, ids=lambda file: file.name)
def test_a_picture_is_small_and_says_what_it_shows(file: Path) -> None:
    content = file.read_bytes()
    root = ET.fromstring(content)
    assert len(content) < 100_000
    assert root.get("role") == "img"
    assert root.findtext("{http://www.w3.org/2000/svg}desc")


def test_every_picture_is_on_a_page() -> None:
    pages = "".join(page.read_text("utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
    assert [file.name for file in FOLDER.glob("*.*g") if f"images/{file.name}" not in pages] == []
