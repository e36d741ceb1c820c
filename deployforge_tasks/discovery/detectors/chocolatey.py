"""Chocolatey: package descriptions in this repository."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree

_OPTIONS = {
    "title": "platforms.chocolatey.title",
    "packageSourceUrl": "platforms.chocolatey.package_source_url",
    "licenseUrl": "platforms.chocolatey.license_url",
    "summary": "summary",
    "projectUrl": "homepage",
    "docsUrl": "urls.docs",
    "bugTrackerUrl": "urls.issues",
    "iconUrl": "urls.icon",
}


def detect(tree: Tree) -> Findings:
    """Every ``.nuspec`` that has a Chocolatey install script beside it."""
    notes = Notes()
    scripts = {path.lower() for path in tree.named("chocolateyInstall.ps1")}
    for path in tree.matching(r".*\.nuspec"):
        folder = path.rpartition("/")[0]
        if f"{folder}/tools/chocolateyinstall.ps1".lstrip("/").lower() not in scripts:
            continue
        notes.uses.append(Use("chocolatey", path))
        text = tree.read(path) or ""
        identity = re.search(r"<id>\s*([^<\s]+)\s*</id>", text)
        if identity:
            notes.fact("platforms.chocolatey.package_name", identity[1], tree.place(path, "<id>"))
        for tag, option in _OPTIONS.items():
            match = re.search(rf"<{tag}>\s*([^<]+?)\s*</{tag}>", text)
            if match and "PLACEHOLDER" not in match[1]:
                rank = Rank.FILE if option.startswith("platforms") or option == "summary" else Rank.MENTION
                notes.fact(option, match[1], tree.place(path, rf"<{tag}>"), rank)
        needs = re.findall(r'<dependency\s+id="([^"]+)"', text)
        notes.fact("platforms.chocolatey.dependencies", needs, path)
    return notes.done()
