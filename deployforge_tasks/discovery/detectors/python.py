"""Python: packages that this repository publishes to PyPI."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.discovery import remote
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.people import person
from deployforge_tasks.discovery.shapes import table
from deployforge_tasks.discovery.tree import Tree

_URLS = {
    "homepage": "homepage", "documentation": "urls.docs", "docs": "urls.docs", "changelog": "urls.changelog",
    "issues": "urls.issues", "bug reports": "urls.issues", "bug tracker": "urls.issues", "tracker": "urls.issues",
}  # fmt: skip


def detect(tree: Tree) -> Findings:
    """Every ``pyproject.toml`` of the repository's own, and an old ``setup.cfg`` or ``setup.py`` at the top."""
    notes = Notes()
    for path in tree.named("pyproject.toml"):
        data = tree.toml(path)
        poetry = table(table(data.get("tool")).get("poetry"))
        package = {**poetry, **table(data.get("project"))}
        name = package.get("name")
        if isinstance(name, str) and ("/" not in path or name.lower() == tree.slug):
            _package(tree, notes, path, package)
    if "pyproject.toml" not in tree.paths:
        for path in ("setup.cfg", "setup.py"):
            if path in tree.paths:
                _old(tree, notes, path)
    return notes.done()


def _package(tree: Tree, notes: Notes, path: str, package: dict[str, Any]) -> None:
    rank = Rank.PROJECT if "/" not in path else Rank.FILE

    def source(key: str) -> str:
        return tree.place(path, rf"^{key}\b")

    notes.fact("name", package["name"], source("name"), rank)
    notes.fact("description", package.get("description"), source("description"), rank)
    notes.fact("keywords", package.get("keywords"), source("keywords"), rank)
    licence = package.get("license")
    text = licence.get("text") if isinstance(licence, dict) else licence
    if isinstance(text, str) and len(text) < 60:
        notes.fact("license", text, source("license"), rank)
    authors = package.get("authors")
    for option, value in person(authors[0] if isinstance(authors, list) and authors else None).items():
        notes.fact(option, value, source("authors"), rank)
    urls = package.get("urls")
    for label, url in urls.items() if isinstance(urls, dict) else ():
        place = tree.place(path, rf'^"?{re.escape(label)}"?\s*=')
        known = remote.parse(str(url))
        if known and known.on_github:
            notes.fact("source.repo", known.repo, place)
        if label.lower() in _URLS:
            notes.fact(_URLS[label.lower()], url, place, rank)
    scripts = package.get("scripts")
    if isinstance(scripts, dict) and scripts:
        name = package["name"] if package["name"] in scripts else next(iter(scripts))
        notes.fact("binary.name", name, source(r"\[project.scripts\]|\[tool.poetry.scripts"), rank)
    notes.uses.append(Use("pypi", path))
    notes.fact("platforms.pypi.package", package["name"], source("name"), rank)
    if isinstance(package.get("requires-python"), str):
        notes.fact("platforms.pypi.requires_python", package["requires-python"], source("requires-python"), rank)


def _old(tree: Tree, notes: Notes, path: str) -> None:
    text = tree.read(path) or ""
    for key, option in (("name", "name"), ("description", "description"), ("license", "license"), ("url", "homepage")):
        match = re.search(rf"""(?m)^\s*{key}\s*=\s*["']?([^"'\n,]+)""", text)
        if match:
            notes.fact(option, match[1].strip(), tree.place(path, rf"^\s*{key}\s*="), Rank.PROJECT)
            if key == "name":
                notes.uses.append(Use("pypi", path))
                notes.fact("platforms.pypi.package", match[1].strip(), path, Rank.PROJECT)
