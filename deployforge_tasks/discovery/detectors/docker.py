"""Docker: the image that a Dockerfile makes."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """The nearest Dockerfile: its ports, and what it runs."""
    notes = Notes()
    for path in tree.matching(r"(?:[\w.-]+/)?Dockerfile")[:1]:
        text = tree.read(path) or ""
        notes.uses.append(Use("docker", path))
        last = text[max(text.rfind("\nFROM "), 0) :]
        ports = [
            p
            for line in re.findall(r"^EXPOSE\s+(.+)", last, re.MULTILINE)
            for p in re.findall(r"\d+(?:/udp|/tcp)?", line)
        ]
        notes.fact(
            "platforms.docker.expose",
            [int(p) if p.isdigit() else p for p in ports],
            tree.place(path, "^EXPOSE"),
            Rank.MENTION,
        )
    return notes.done()
