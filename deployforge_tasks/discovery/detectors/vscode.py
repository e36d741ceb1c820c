"""VS Code: extensions in this repository."""

from __future__ import annotations

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree


def detect(tree: Tree) -> Findings:
    """Every ``package.json`` that names a version of VS Code; the first one with a publisher is the extension."""
    notes = Notes()
    for path in tree.named("package.json"):
        package = tree.json(path) if "vscode" in (tree.read(path) or "") else None
        engines = package.get("engines") if isinstance(package, dict) else None
        if not isinstance(package, dict) or not isinstance(engines, dict) or "vscode" not in engines:
            continue
        if not isinstance(package.get("publisher"), str) or not isinstance(package.get("name"), str):
            continue
        notes.uses.append(Use("vscode", path))
        folder = path.rpartition("/")[0] or "."
        rank = Rank.PROJECT if len(notes.uses) == 1 else Rank.FILE
        identity = f"{package['publisher']}.{package['name']}"
        notes.fact("platforms.vscode.extension_id", identity, tree.place(path, '"publisher"'), rank)
        notes.fact("platforms.vscode.path", folder, path, rank)
        has_program = any(p.startswith(f"{folder}/bin/") for p in tree.files)
        notes.fact("platforms.vscode.per_target", has_program, path, rank)
        notes.fact("descriptions.vscode", package.get("description"), tree.place(path, '"description"'), rank)
    return notes.done()
