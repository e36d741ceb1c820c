"""Homebrew: formulae in this repository."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Release, Use
from deployforge_tasks.discovery.tree import Tree

_FORMULA = re.compile(r"^class \w+ < Formula\b", re.MULTILINE)
_URL = re.compile(r"""^\s*url\s+["'][^"'\n]*/releases/download/[^/"']+/([^"'/\n]+)["']""", re.MULTILINE)


def detect(tree: Tree) -> Findings:
    """Files that are formulae."""
    notes = Notes()
    for path in tree.matching(r".*\.rb"):
        text = tree.read(path) if re.search(r"(?i)homebrew|formula|brew", path) else None
        if not text or not _FORMULA.search(text):
            continue
        notes.uses.append(Use("homebrew", path))
        name = path.rpartition("/")[2].removesuffix(".rb")
        if tree.own(name) and not name.endswith("formula"):
            notes.fact("platforms.homebrew.formula_name", name, path)
        for key, option in (("desc", "description"), ("homepage", "homepage"), ("license", "license")):
            match = re.search(rf'^\s*{key}\s+"([^"#]+)"', text, re.MULTILINE)
            if match:
                notes.fact(option, match[1], tree.place(path, rf"^\s*{key}\s"), Rank.MENTION)
        needs = re.findall(r'^\s*depends_on\s+"([^"]+)"\s*$', text, re.MULTILINE)
        notes.fact("platforms.homebrew.dependencies", needs, tree.place(path, r"^\s*depends_on"))
        names = tuple(dict.fromkeys(name.replace("#{version}", "{version}") for name in _URL.findall(text)))
        found = re.search(r"/releases/download/v?([^/\"']+)/", text)
        if names and found:
            version = found[1].replace("#{version}", "{version}")
            notes.releases.append(Release(names, version, tree.place(path, r"^\s*url\s"), Rank.FILE))
    return notes.done()
