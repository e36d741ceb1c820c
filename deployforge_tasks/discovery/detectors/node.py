"""Node.js: packages that this repository publishes to npm."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.core.endpoints import GITHUB_PACKAGES_NPM, GITHUB_WEB
from deployforge_tasks.discovery import remote
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Trouble, Use
from deployforge_tasks.discovery.people import person
from deployforge_tasks.discovery.shapes import table
from deployforge_tasks.discovery.tree import Tree

_TARGET = re.compile(r"(?P<base>.+?)[-/](?P<os>linux|darwin|win32|windows)-(?P<arch>x64|arm64)(?:-(?P<libc>gnu|musl))?")


def detect(tree: Tree) -> Findings:
    """The package at the top, and those with a program or a mark for publishing elsewhere."""
    notes = Notes()
    for path in tree.named("package.json"):
        package = tree.json(path)
        if not isinstance(package, dict) or not isinstance(package.get("name"), str):
            continue
        if "/" in path and not (tree.own(package["name"]) and ("bin" in package or "publishConfig" in package)):
            continue
        if isinstance(package.get("engines"), dict) and "vscode" in package["engines"]:
            continue  # an extension: see the detector of VS Code
        _package(tree, notes, path, package)
    return notes.done()


def _package(tree: Tree, notes: Notes, path: str, package: dict[str, Any]) -> None:
    top = "/" not in path
    rank = Rank.PROJECT if top else Rank.FILE

    def source(key: str) -> str:
        return tree.place(path, rf'"{key}"\s*:')

    name = package["name"].rpartition("/")[2]
    if package.get("private") is True:
        notes.fact("name", name, source("name"), Rank.MENTION)
        return
    notes.fact("name", name, source("name"), rank)
    for key, option in (("description", "description"), ("homepage", "homepage"), ("keywords", "keywords")):
        notes.fact(option, package.get(key), source(key), rank)
    if isinstance(package.get("license"), str):
        notes.fact("license", package["license"], source("license"), rank)
    for option, value in person(package.get("author")).items():
        notes.fact(option, value, source("author"), rank)
    bugs = package.get("bugs")
    notes.fact("urls.issues", bugs.get("url") if isinstance(bugs, dict) else bugs, source("bugs"), rank)
    _repository(notes, package.get("repository"), source("repository"))
    _program(notes, package, name, source("bin"), rank)
    _npm(notes, package, source, rank)


def _repository(notes: Notes, repository: Any, source: str) -> None:
    url = repository.get("url") if isinstance(repository, dict) else repository
    text = str(url or "")
    short = re.fullmatch(r"(?:github:)?([\w.-]+/[\w.-]+)", text)
    known = remote.parse(f"{GITHUB_WEB}/{short[1]}" if short else text)
    if known and known.on_github:
        notes.fact("source.repo", known.repo, source)


def _program(notes: Notes, package: dict[str, Any], name: str, source: str, rank: Rank) -> None:
    programs = package.get("bin")
    if isinstance(programs, dict) and programs:
        notes.fact("binary.name", name if name in programs else next(iter(programs)), source, rank)
    elif programs:
        notes.fact("binary.name", name, source, rank)


def _npm(notes: Notes, package: dict[str, Any], source: Any, rank: Rank) -> None:
    config = table(package.get("publishConfig"))
    to_github = str(config.get("registry", "")).startswith(GITHUB_PACKAGES_NPM)
    platform = "github_packages" if to_github else "npm"
    notes.uses.append(Use(platform, source("name")))
    notes.fact(f"platforms.{platform}.package", package["name"], source("name"), rank)
    if config.get("access") in ("public", "restricted"):
        notes.fact(f"platforms.{platform}.access", config["access"], source("publishConfig"), rank)
    notes.fact(f"platforms.{platform}.dist_tag", config.get("tag"), source("publishConfig"), rank)
    if not to_github:
        notes.fact("platforms.npm.registry", config.get("registry"), source("publishConfig"), rank)
    _per_target(notes, package, source("optionalDependencies"), rank)
    scripts = package.get("scripts")
    if isinstance(scripts, dict) and "postinstall" in scripts:
        notes.troubles.append(
            Trouble(
                source("postinstall"), "npm 12 and pnpm do not run install scripts; DeployForge's packages need none"
            )
        )


def _per_target(notes: Notes, package: dict[str, Any], source: str, rank: Rank) -> None:
    """Packages for single systems that npm chooses from, as DeployForge makes them too."""
    optional = package.get("optionalDependencies")
    found = [match for match in map(_TARGET.fullmatch, optional) if match] if isinstance(optional, dict) else []
    if not found:
        return
    words = {"win32": "windows", "x64": "amd64"}
    targets = ["/".join(words.get(match[part], match[part]) for part in ("os", "arch")) for match in found]
    notes.fact("artifacts.targets", list(dict.fromkeys(targets)), source)
    base = found[0]["base"]
    if base != package["name"]:
        between = found[0][0][len(base)]
        notes.fact("platforms.npm.target_package", f"{base}{between}{{target}}", source, rank)
