"""Scoop: manifests in this repository."""

from __future__ import annotations

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Release, Use
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """JSON files in a folder `bucket` or `scoop` that have an architecture or a URL."""
    notes = Notes()
    for path in tree.matching(r"(?:.+/)?(?:bucket|scoop[\w-]*)/[^/]+\.json"):
        data = tree.json(path)
        if not isinstance(data, dict) or not ({"architecture", "url"} & set(data)) or "version" not in data:
            continue
        notes.uses.append(Use("scoop", path))
        notes.fact("platforms.scoop.app", path.rpartition("/")[2].removesuffix(".json"), path)
        for key in ("description", "homepage"):
            notes.fact(key, data.get(key), tree.place(path, f'"{key}"'), Rank.MENTION)
        machines = data.get("architecture")
        urls = [m.get("url") for m in machines.values() if isinstance(m, dict)] if isinstance(machines, dict) else []
        names = tuple(str(url).rpartition("/")[2] for url in urls if url)
        if names:
            notes.releases.append(Release(names, str(data["version"]), path, Rank.MENTION))
    return notes.done()
