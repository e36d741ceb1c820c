"""A copy of the sample project with registries of its own on this machine, to try a release on.

``python docs/examples/loopback.py FOLDER`` makes FOLDER, starts a registry for every platform, and keeps them up until
Ctrl-C. FOLDER/deployforge.yml is the sample with a profile `loopback` that points there; FOLDER/.env has the
registries' credentials.
"""

from __future__ import annotations

import argparse
import contextlib
import shutil
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

import yaml

from deployforge_tasks.rehearsal.registries import Registries

ROOT = Path(__file__).resolve().parents[2]
PROFILE = "loopback"
#: Registries on this machine show at once what they accepted: no need to wait for minutes.
CONDITIONS = {"read_patience": 5, "settle": 10}


def prepare(folder: Path, registries: Registries) -> None:
    """Copy the sample into a new folder and point the copy's profile at running registries."""
    shutil.copytree(ROOT / "docs/examples/hello", folder / "docs/examples/hello")
    shutil.copy(ROOT / "dodo.py", folder)
    shutil.copy(ROOT / "pyproject.toml", folder)
    profile = {**registries.overlay(), "conditions": CONDITIONS}
    text = (ROOT / "deployforge.yml").read_text("utf-8")
    added = yaml.safe_dump({"profiles": {PROFILE: profile}}, sort_keys=True, allow_unicode=True)
    (folder / "deployforge.yml").write_text(f"{text}\n{added}", "utf-8")
    write_credentials(folder, registries.environ())


def write_credentials(folder: Path, credentials: dict[str, str]) -> None:
    """Write FOLDER/.env; a value may have several lines."""
    lines = [f'{name}="{value}"' if "\n" in value else f"{name}={value}" for name, value in credentials.items()]
    (folder / ".env").write_text("\n".join(lines) + "\n", "utf-8")


def registries_for_the_sample(root: Path) -> Registries:
    """Registries for each platform of the sample; not started yet."""
    platforms: dict[str, dict[str, Any]] = yaml.safe_load((ROOT / "deployforge.yml").read_text("utf-8"))["platforms"]
    return Registries(root, platforms)


def main() -> None:
    """Keep the registries up until Ctrl-C."""
    parser = argparse.ArgumentParser(description="A copy of the sample project with registries of its own.")
    parser.add_argument("folder", type=Path, help="a new folder for the copy")
    folder = parser.parse_args().folder
    if folder.exists():
        sys.exit(f"loopback.py: {folder} is there already; choose another name, or remove it")
    with (
        tempfile.TemporaryDirectory(prefix="deployforge-loopback-") as kept,
        registries_for_the_sample(Path(kept)) as registries,
    ):
        prepare(folder, registries)
        print(f"registries are up for the project in {folder} (Ctrl-C ends them)", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
