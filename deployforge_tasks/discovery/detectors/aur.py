"""AUR: PKGBUILD files."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """The package that a PKGBUILD describes."""
    notes = Notes()
    for path in tree.named("PKGBUILD"):
        text = tree.read(path) or ""
        notes.uses.append(Use("aur", path))
        name = re.search(r"^pkgname=['\"]?([\w@.+-]+)", text, re.MULTILINE)
        if name:
            notes.fact("platforms.aur.package", name[1], tree.place(path, "^pkgname="))
        maintainer = re.search(r"^#\s*Maintainer:\s*(.+)", text, re.MULTILINE)
        if maintainer:
            notes.fact("platforms.aur.maintainer", maintainer[1].strip(), tree.place(path, "^# *Maintainer"))
        for key in ("depends", "provides", "conflicts"):
            match = re.search(rf"^{key}=\(([^)]*)\)", text, re.MULTILINE)
            if match:
                words = [w for w in re.findall(r"[\w@.+:<>=-]+", match[1]) if "$" not in w]
                notes.fact(f"platforms.aur.{key}", words, tree.place(path, rf"^{key}="))
        description = re.search(r"^pkgdesc=['\"]([^'\"]+)", text, re.MULTILINE)
        if description:
            notes.fact("description", description[1], tree.place(path, "^pkgdesc="), Rank.MENTION)
    return notes.done()
