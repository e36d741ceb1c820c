"""GitHub workflows: where they publish, with which secrets, and what they call the release files."""

from __future__ import annotations

import re

from deployforge_tasks.discovery import job_text, signals
from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Release, Trouble, Use
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.project.tree import Node

_FILES = r"\.github/workflows/[^/]+\.ya?ml(?P<aside>\.[\w-]+)?"
_SECRET = re.compile(r"secrets\.([A-Za-z_]\w*)")


def detect(tree: Tree) -> Findings:
    """Every workflow, job by job."""
    notes = Notes()
    for path in tree.matching(_FILES):
        aside = re.fullmatch(_FILES, path, re.IGNORECASE)
        text = tree.read(path)
        if text is None:
            continue
        if not text.strip():
            notes.troubles.append(Trouble(path, "is empty: GitHub shows a failed run for it at every push"))
            continue
        root = tree.yaml(path)
        jobs = root.child("jobs") if root is not None else None
        off = f"{path} is put aside" if aside and aside["aside"] else ""
        for name, job in jobs.value.items() if jobs is not None and isinstance(jobs.value, dict) else ():
            _job(notes, path, name, job, off)
        _comments(notes, path, text)
    return notes.done()


def _job(notes: Notes, path: str, name: str, job: Node, aside: str) -> None:
    line = job.place.line - 1 or 1
    source = f"{path}:{line}"
    condition = job.child("if")
    never = condition is not None and str(condition.value).lower().strip("${} ") == "false"
    off = aside or (f"the job `{name}` is switched off (`if: false`)" if never else "")
    text = "\n".join(job_text.texts(job))
    found = [platform for platform, _ in signals.platforms(text)]
    for platform in found:
        notes.uses.append(Use(platform, source, publishes=not off, off=off))
        _options(notes, platform, text, source, Rank.MENTION if off else Rank.PIPELINE)
    _secrets(notes, path, job, found, Rank.MENTION if off else Rank.PIPELINE)
    names = job_text.release_names(job)
    if names:
        rank = Rank.FILE if off or "github" not in found else Rank.PIPELINE
        notes.releases.append(Release(tuple(names), "{version}", source, rank))


def _options(notes: Notes, platform: str, text: str, source: str, rank: Rank) -> None:
    """What a job says about the package that it publishes."""
    if platform == "docker":
        filled = _VERSION.sub("{version}", text)
        images = re.findall(r"(?m)^\s*(?:tags: )?((?:[\w.-]+/)+[\w.-]+:[\w.{}-]+),?\s*$", filled)
        notes.fact("platforms.docker.images", list(dict.fromkeys(images)), source, rank)
        systems = re.search(r"(?m)^platforms: *(linux/[\w/,. -]+)$", text)
        known = [p.strip() for p in systems[1].split(",")] if systems else []
        notes.fact(
            "platforms.docker.platforms", [p for p in known if p in ("linux/amd64", "linux/arm64")], source, rank
        )
    if platform == "github":
        for option in ("prerelease", "draft"):
            if re.search(rf"(?m)^{option}: true$", text):
                notes.fact(f"platforms.github.{option}", True, source, rank)
    for pattern, option in _NAMES.get(platform, ()):
        match = re.search(pattern, text)
        if match:
            found = match[1].replace("\\", "")
            notes.fact(f"platforms.{platform}.{option}", [found] if option == "channels" else found, source, rank)


_VERSION = re.compile(r"\$\{\{[^}]*(?:version|ref_name|tag)[^}]*\}\}|\$\{?\w*(?:VERSION|TAG)\w*\}?", re.IGNORECASE)
_NAMES = {
    "winget": ((r"(?m)^identifier: ([\w.-]+)$", "identifier"),),
    "aur": ((r"(?m)^pkgname: ([\w@.+-]+)$", "package"),),
    "flathub": ((r"(?m)^\s*app-id: ([\w.-]+)$", "app_id"),),
    "nix": ((r'pname = "([^"]+)"', "attr"),),
    "github_packages": ((r"(@[\w.-]+\\?/[\w.-]+)", "package"),),
    "homebrew": ((r"(?m)^(?:homebrew-)?tap: ([\w.-]+/[\w.-]+)$", "tap"),),
    "snap": ((r"snapcraft upload[^\n]*--release[= ]([\w/.-]+)", "channels"),),
}


def _secrets(notes: Notes, path: str, job: Node, found: list[str], rank: Rank) -> None:
    """The secrets of a job: whose they are tells their own name, else that of the variable they are put into."""
    for name, variable, line in _secret_places(job):
        known: list[tuple[str, str]]
        if name == "GITHUB_TOKEN":
            known = [(platform, "token") for platform in ("github", "github_packages") if platform in found]
        else:
            known = [c for c in (signals.credential(name) or signals.credential(variable),) if c]
        for platform, credential in known:
            notes.fact(f"credentials.{platform}.{credential}", name, f"{path}:{line}", rank)


def _secret_places(node: Node, variable: str = "") -> list[tuple[str, str, int]]:
    """Every secret below a node, with the key that it stands under and its line."""
    if isinstance(node.value, dict):
        return [found for key, child in node.value.items() for found in _secret_places(child, key)]
    if isinstance(node.value, list):
        return [found for child in node.value for found in _secret_places(child, variable)]
    return [(name, variable, node.place.line) for name in _SECRET.findall(str(node.value or ""))]


def _comments(notes: Notes, path: str, text: str) -> None:
    """Jobs that were commented out."""
    lines = text.split("\n")
    kept = [line.strip().lstrip("#") if line.lstrip().startswith("#") else "" for line in lines]
    commented = "\n".join(kept)
    for platform, start in signals.platforms(commented):
        line = commented.count("\n", 0, start) + 1
        notes.uses.append(Use(platform, f"{path}:{line}", off="it is commented out there"))
    for number, said in enumerate(kept, 1):
        for name in _SECRET.findall(said):
            known = signals.credential(name)
            if known:
                notes.fact(f"credentials.{known[0]}.{known[1]}", name, f"{path}:{number}", Rank.MENTION)
