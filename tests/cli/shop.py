"""The real command in a process of its own, on platforms that a plugin brings: shelves called east, west and north."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.cli.rendering import RenderingShelf
from tests.graph.shelf import ShelfOptions, write_project

ROOT = Path(__file__).parents[2]


class East(RenderingShelf):
    """Everything begins here."""

    name = "east"
    options = ShelfOptions


class West(RenderingShelf):
    """Stands alone."""

    name = "west"
    options = ShelfOptions


class North(RenderingShelf):
    """Its files point at the eastern shelf."""

    name = "north"
    options = ShelfOptions
    needs: ClassVar[tuple[str, ...]] = ("east",)


def write_plugin(folder: Path) -> None:
    """What installing the plugin would leave behind."""
    info = folder / "shop-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: shop\nVersion: 1.0\n", encoding="utf-8")
    lines = [f"{kind.name} = {kind.__module__}:{kind.__name__}" for kind in (East, West, North)]
    (info / "entry_points.txt").write_text("\n".join(["[deployforge.platforms]", *lines, ""]), encoding="utf-8")


def write_shop(folder: Path, url: str, platforms: Mapping[str, Mapping[str, Any]], **conditions: Any) -> None:
    """The project of the shop."""
    write_project(folder, {name: {"url": url, **options} for name, options in platforms.items()}, **conditions)


def environment(plugins: Path) -> dict[str, str]:
    """What a child needs to find the program and the plugin."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "SYSTEMROOT", "TEMP") if name in os.environ}
    path = os.pathsep.join([str(plugins), str(ROOT)])
    return {**kept, "PYTHONPATH": path, "LANG": "C.UTF-8", "PYTHONUTF8": "1", "TERM": "xterm-256color"}


COMMAND = (sys.executable, "-m", "deployforge_tasks")
