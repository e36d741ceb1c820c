"""A release of GitHub that somebody saved as JSON (``gh release view --json`` or the API's answer)."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Release
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """JSON files at the top whose name speaks of a release."""
    notes = Notes()
    for path in tree.matching(r"(?:[\w.-]+/)?[\w.-]*rel(?:ease)?s?[\w.-]*\.json"):
        if '"assets"' in (tree.read(path) or ""):
            release = of(tree.json(path), path)
            notes.releases += [release] if release else []
    return notes.done()


def of(data: Any, source: str) -> Release | None:
    """The release in an answer of GitHub's API, or None where it is something else.

    Shape: https://docs.github.com/rest/releases/releases#get-the-latest-release (``tag_name``, ``assets[].name``).
    """
    if isinstance(data, list):
        data = data[0] if data else None
    if not isinstance(data, dict):
        return None
    tag, assets = data.get("tag_name") or data.get("tagName"), data.get("assets")
    if not isinstance(tag, str) or not isinstance(assets, list):
        return None
    names = tuple(a["name"] for a in assets if isinstance(a, dict) and isinstance(a.get("name"), str))
    version = re.sub(r"^.*?(?=\d)", "", tag)
    return Release(names, version, f"{source} ({tag})", Rank.RELEASE) if names else None
