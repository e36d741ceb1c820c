"""C and C++: the project as CMake, Meson or autoconf describe it."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank
from deployforge_tasks.discovery.tree import Tree

# https://cmake.org/cmake/help/latest/command/project.html
_CMAKE = re.compile(r"^\s*project\s*\(\s*\"?(?P<name>[\w.+-]+)\"?(?P<rest>[^)]*)\)", re.IGNORECASE | re.MULTILINE)
# https://mesonbuild.com/Reference-manual_functions.html#project
_MESON = re.compile(r"^\s*project\s*\(\s*'(?P<name>[^']+)'(?P<rest>[^)]*)\)", re.MULTILINE)
_AUTOCONF = re.compile(r"^\s*AC_INIT\s*\(\s*\[?(?P<name>[\w.+-]+)\]?(?P<rest>[^)]*)\)", re.MULTILINE)


def detect(tree: Tree) -> Findings:
    """What the build file at the top says of the project."""
    notes = Notes()
    for path, shape in (("CMakeLists.txt", _CMAKE), ("meson.build", _MESON), ("configure.ac", _AUTOCONF)):
        match = shape.search(tree.read(path) or "") if path in tree.paths else None
        if match is None:
            continue
        source = tree.place(path, r"^\s*(?i:project|AC_INIT)\s*\(")
        notes.fact("name", match["name"], source, Rank.PROJECT)
        for key, option in (("DESCRIPTION", "description"), ("HOMEPAGE_URL", "homepage")):
            value = re.search(rf'{key}\s+"([^"]+)"', match["rest"])
            if value:
                notes.fact(option, value[1], source, Rank.PROJECT)
        licence = re.search(r"license\s*:\s*'([^']+)'", match["rest"])
        if licence:
            notes.fact("license", licence[1], source, Rank.PROJECT)
        break
    return notes.done()
