"""The real command in a process of its own, on platforms that a plugin brings: shelves called east, west and north."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import psutil

from tests.cli.rendering import RenderingShelf
from tests.graph.shelf import ShelfOptions, ShelfServer, write_project
from tests.support.faults import hold_before
from tests.support.proxy import FaultProxy, Rule

if TYPE_CHECKING:
    from tests.cli.terminals import Screen

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
_PUT_EAST = ("PUT", "/east/")


@dataclass
class Shop:
    """A project with three shelves behind a proxy, and people who look at it."""

    folder: Path
    server: ShelfServer
    proxy: FaultProxy
    environ: dict[str, str]
    screens: list[Screen] = field(default_factory=list)

    def looks(self, *words: str, **size: int) -> Screen:
        """A new terminal with ``deployforge <words>`` on it."""
        from tests.cli.terminals import Screen

        made = Screen([*COMMAND, *words], self.folder, self.environ, **size)
        self.screens.append(made)
        return made

    def run(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        """The same without a terminal."""
        return subprocess.run(
            [*COMMAND, *words],
            cwd=self.folder,
            env={**self.environ, **more},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )

    def newest(self) -> dict[str, Any]:
        """The newest run, as `runs` tells it."""
        run: dict[str, Any] = json.loads(self.run("runs", "--limit", "1", "--json").stdout)["runs"][0]
        return run

    def hold_east(self) -> Rule:
        """Hold the upload to the eastern shelf."""
        return self.proxy.when(*_PUT_EAST, do=hold_before)

    def close(self) -> None:
        """Let nobody look any more, and end what still runs."""
        for screen in self.screens:
            screen.child.close(force=True)
        self.proxy.clear()
        for process in psutil.process_iter(["environ"]):
            if str(self.folder) in (process.info["environ"] or {}).get("DEPLOYFORGE_RUN_FOLDER", ""):
                process.kill()


@contextmanager
def open_shop(folder: Path) -> Iterator[Shop]:
    """A shop with an empty server, in a new folder."""
    plugins, project = folder / "plugins", folder / "project"
    write_plugin(plugins)
    server = ShelfServer(folder / "server")
    server.start()
    with FaultProxy(server.url) as proxy:
        write_shop(project, proxy.url, {"east": {}, "west": {}, "north": {}}, retry_on_failure=0)
        made = Shop(project, server, proxy, environment(plugins))
        try:
            yield made
        finally:
            made.close()
    server.stop()
