"""The README: its first sentence, for a project that describes itself nowhere else."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deployforge_tasks.discovery.findings import Findings, Notes, Rank
from deployforge_tasks.discovery.tree import Tree

_SHORTEST, _LONGEST = 4, 160
_MARKUP = re.compile(r"!\[[^\]]*\]\([^)]*\)|<[^>]+>|[*_`]+|\[([^\]]*)\]\([^)]*\)")
_NO_TEXT = ("#", "=", "-", "|", "..", "```", "[", "    ", "\t")


def detect(tree: Tree) -> Findings:
    """The first sentence of running text."""
    notes = Notes()
    for path in tree.matching(r"README(?:\.(?:md|rst|txt))?")[:1]:
        paragraphs = _paragraphs(tree.read(path) or "")
        number, text = next(((n, t) for n, t in paragraphs if len(t.split()) >= _SHORTEST), (0, ""))
        sentence = re.split(r"(?<=[.!?])\s", text)[0].rstrip(".: ")
        if len(sentence) <= _LONGEST:
            notes.fact("description", sentence, f"{path}:{number}", Rank.MENTION)
    return notes.done()


def _paragraphs(text: str) -> Iterator[tuple[int, str]]:
    """Running text without markup, each paragraph with its first line's number."""
    start, lines = 0, list[str]()
    for number, line in enumerate([*text.splitlines(), ""], 1):
        plain = "" if line.startswith(_NO_TEXT) else _MARKUP.sub(lambda match: match[1] or "", line).strip(" >")
        if plain:
            start = start if lines else number
            lines.append(plain)
        elif lines:
            yield start, " ".join(lines)
            lines = []
