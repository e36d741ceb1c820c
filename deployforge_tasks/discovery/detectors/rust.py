"""Rust: the crate of the program, and source crates beside it."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.discovery import remote
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.people import person
from deployforge_tasks.discovery.shapes import tables
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """Every crate of the repository that is its own."""
    notes = Notes()
    workspace = tree.toml("Cargo.toml").get("workspace", {}) if "Cargo.toml" in tree.paths else {}
    inherited: dict[str, Any] = workspace.get("package", {}) if isinstance(workspace, dict) else {}
    for path in tree.named("Cargo.toml"):
        package = tree.toml(path).get("package")
        if isinstance(package, dict) and isinstance(package.get("name"), str):
            _crate(tree, notes, path, {k: _value(k, v, inherited) for k, v in package.items()})
    return notes.done()


def _value(key: str, value: Any, inherited: dict[str, Any]) -> Any:
    """A value of ``[package]``; ``key.workspace = true`` takes it from the workspace."""
    return inherited.get(key) if isinstance(value, dict) and value.get("workspace") is True else value


def _crate(tree: Tree, notes: Notes, path: str, package: dict[str, Any]) -> None:
    name, folder = package["name"], path.rpartition("/")[0]
    if folder and not tree.own(name):
        return
    top = not folder or name.lower() == tree.slug
    rank = Rank.PROJECT if top else Rank.MENTION

    def source(key: str) -> str:
        return tree.place(path, rf"^{key}\b")

    if top:
        notes.fact("name", name, source("name"), rank)
    for key, option in _OPTIONS.items():
        if isinstance(package.get(key), str | list):
            notes.fact(option, package[key], source(key), rank)
    authors = package.get("authors")
    for option, value in person(authors[0] if isinstance(authors, list) and authors else None).items():
        notes.fact(option, value, source("authors"), rank)
    known = remote.parse(str(package.get("repository") or ""))
    if known and known.on_github:
        notes.fact("source.repo", known.repo, source("repository"))
    programs = tables(tree.toml(path).get("bin"))
    program = programs[0].get("name") if programs else None
    has_main = f"{folder}/src/main.rs".lstrip("/") in tree.paths
    if top and (program or has_main):
        notes.fact("binary.name", program or name, source("name"), rank)
    if package.get("publish") is not False:
        notes.uses.append(Use("crates", path))
        notes.fact("platforms.crates.package_name", name, source("name"), Rank.PROJECT if top else Rank.FILE)
        notes.fact("platforms.crates.path", folder or ".", path, Rank.PROJECT if top else Rank.FILE)
        about = Rank.PROJECT if top else Rank.FILE
        notes.fact("descriptions.crates", package.get("description"), source("description"), about)


_OPTIONS = {
    "description": "description",
    "license": "license",
    "homepage": "homepage",
    "documentation": "urls.docs",
    "keywords": "keywords",
}
