"""The README: its first sentence, for a project that describes itself nowhere else."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank
from deployforge_tasks.discovery.tree import Tree

_LONGEST = 160
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^>]+>|[*_`]+|\[([^\]]*)\]\([^)]*\)")


def detect(tree: Tree) -> Findings:
    """The first sentence of running text."""
    notes = Notes()
    for path in tree.matching(r"README(?:\.(?:md|rst|txt))?")[:1]:
        paragraph: list[str] = []
        for number, line in enumerate((tree.read(path) or "").splitlines(), 1):
            text = _MARKUP.sub(lambda match: match[1] or "", line).strip(" >\t")
            running = text and not line.lstrip().startswith(("#", "=", "-", "|", "..", "```", "[", "    "))
            if running and (paragraph or len(text.split()) > 3):
                paragraph.append(text)
                first = number - len(paragraph) + 1
            elif paragraph:
                break
        sentence = re.split(r"(?<=[.!?])\s", " ".join(paragraph))[0].rstrip(".: ")
        if paragraph and len(sentence) <= _LONGEST:
            notes.fact("description", sentence, f"{path}:{first}", Rank.MENTION)
    return notes.done()
