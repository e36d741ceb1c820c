""".NET: the project that makes a program or a tool."""

from __future__ import annotations

import re

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree

_OPTIONS = {
    "AssemblyName": "binary.name",
    "ToolCommandName": "binary.name",
    "Description": "description",
    "PackageLicenseExpression": "license",
    "PackageProjectUrl": "homepage",
    "Authors": "author.name",
}


def detect(tree: Tree) -> Findings:
    """The first project file that says ``<OutputType>Exe``."""
    notes = Notes()
    for path in tree.matching(r".*\.(?:cs|fs|vb)proj"):
        text = tree.read(path) or ""
        if not re.search(r"<OutputType>\s*(?:Win)?Exe\s*</OutputType>", text) or re.search(
            r"(?:^|[/.])tests?[/.]", path, re.IGNORECASE
        ):
            continue
        notes.fact("binary.name", path.rpartition("/")[2].rpartition(".")[0], path)
        for tag, option in _OPTIONS.items():
            match = re.search(rf"<{tag}>\s*([^<$]+?)\s*</{tag}>", text)
            if match:
                notes.fact(option, match[1], tree.place(path, rf"<{tag}>"), Rank.PROJECT)
        tags = re.search(r"<PackageTags>\s*([^<]+?)\s*</PackageTags>", text)
        if tags:
            notes.fact("keywords", re.split(r"[;,\s]+", tags[1]), tree.place(path, "<PackageTags>"))
        identity = re.search(r"<PackageId>\s*([^<$]+?)\s*</PackageId>", text)
        if identity or "<PackAsTool>true" in text:
            notes.uses.append(Use("nuget", path))
        break
    return notes.done()
