"""Go: the module, the program's folder and its build."""

from __future__ import annotations

import re

from deployforge_tasks.discovery import remote
from deployforge_tasks.discovery.findings import Findings, Notes, Rank
from deployforge_tasks.discovery.go_program import version_variable
from deployforge_tasks.discovery.tree import Tree

_MODULE = re.compile(r"^module\s+(\S+)", re.MULTILINE)


def detect(tree: Tree) -> Findings:
    """The program of a Go module at the top of the repository."""
    notes = Notes()
    module = _MODULE.search(tree.read("go.mod") or "") if "go.mod" in tree.paths else None
    if module is None:
        return notes.done()
    path = re.sub(r"/v\d+$", "", module[1])
    name = path.rpartition("/")[2]
    source = tree.place("go.mod", r"^module ")
    notes.fact("name", name, source, Rank.PROJECT)
    known = remote.parse(f"https://{'/'.join(path.split('/')[:3])}")
    if known and known.on_github:
        notes.fact("source.repo", known.repo, source)
    main = _main(tree, name)
    if main is None:
        return notes.done()
    program = main.split("/")[-2] if "/" in main else name
    notes.fact("binary.name", program, main, Rank.PROJECT)
    package = f"./{main.rpartition('/')[0]}" if "/" in main else "."
    variable = version_variable(tree.read(main) or "")
    flags = f"-s -w -X main.{variable}={{version}}" if variable else "-s -w"
    notes.fact(
        "artifacts.build.command", ["go", "build", "-trimpath", "-ldflags", flags, "-o", "{output}", package], main
    )
    notes.fact("artifacts.build.env", {"CGO_ENABLED": "0", "GOOS": "{os}", "GOARCH": "{arch}"}, main)
    notes.fact("artifacts.build.inputs", ["**/*.go", "go.mod", "go.sum"], main)
    return notes.done()


def _main(tree: Tree, name: str) -> str | None:
    """The file of the program: ``cmd/<name>/main.go``, else ``main.go``, else the only one below ``cmd``."""
    below = tree.matching(r"(?:.+/)?cmd/[^/]+/main\.go")
    wanted = [p for p in below if p.split("/")[-2].lower() in (tree.slug, name.lower())]
    if wanted:
        return wanted[0]
    if "main.go" in tree.paths and not re.search(r"^//go:build ", tree.read("main.go") or "", re.MULTILINE):
        return "main.go"
    return below[0] if len(below) == 1 else None
