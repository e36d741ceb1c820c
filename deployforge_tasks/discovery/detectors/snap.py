"""Snap: ``snapcraft.yaml``."""

from __future__ import annotations

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.shapes import table, words
from deployforge_tasks.discovery.tree import Tree

# https://documentation.ubuntu.com/snapcraft/stable/reference/project-file/ (the places that snapcraft looks at)
_FILES = r"(?:snap/|build-aux/snap/)?\.?snapcraft\.ya?ml"


def detect(tree: Tree) -> Findings:
    """The description of a snap."""
    notes = Notes()
    for path in tree.matching(_FILES)[:1]:
        root = tree.yaml(path)
        if root is None:
            continue
        data = root.plain()
        notes.uses.append(Use("snap", path))
        for key in ("name", "base", "confinement", "grade"):
            notes.fact(f"platforms.snap.{key}", data.get(key), f"{path}:{root.place_of((key,)).line}")
        notes.fact("summary", data.get("summary"), f"{path}:{root.place_of(('summary',)).line}", Rank.MENTION)
        apps = table(data.get("apps")).values()
        plugs = [plug for app in apps for plug in words(table(app).get("plugs"))]
        notes.fact("platforms.snap.plugs", list(dict.fromkeys(plugs)), f"{path}:{root.place_of(('apps',)).line}")
    return notes.done()
