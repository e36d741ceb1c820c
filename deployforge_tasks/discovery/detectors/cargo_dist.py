"""dist's (cargo-dist's) configuration (https://axodotdev.github.io/cargo-dist/book/reference/config.html)."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.discovery.findings import Findings, Left, Moved, Rank, Release, merged
from deployforge_tasks.discovery.importing import SIGNING, Import
from deployforge_tasks.discovery.shapes import words
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.discovery.triples import target
from deployforge_tasks.project import tree as nodes

TOOL = "cargo-dist"

_DEFAULT_TARGETS = [
    "aarch64-apple-darwin", "aarch64-unknown-linux-gnu", "x86_64-apple-darwin", "x86_64-unknown-linux-gnu",
    "x86_64-pc-windows-msvc",
]  # fmt: skip
_PLACES = (
    ("dist-workspace.toml", ("dist",)),
    ("dist.toml", ("dist",)),
    ("Cargo.toml", ("workspace", "metadata", "dist")),
    ("Cargo.toml", ("package", "metadata", "dist")),
)


def detect(tree: Tree) -> Findings:
    """The first place of those that dist looks at."""
    for path, keys in _PLACES:
        data: Any = tree.toml(path) if path in tree.paths else {}
        for key in keys:
            data = data.get(key) if isinstance(data, dict) else None
        if isinstance(data, dict) and data:
            return merged([_import(tree, path, data, ".".join(keys))])
    return Findings()


def _import(tree: Tree, path: str, data: dict[str, Any], section: str) -> Findings:
    table = tree.line(path, rf"^\[{section.replace('.', chr(92) + '.')}\]")
    lines = {key: tree.line(path, rf"^\"?{key}\"?\s*=|^\[+{section}\.\"?{key}\b") for key in data}
    keys = {key: nodes.Place(path, line if line > 1 else table, 1) for key, line in lines.items()}
    root = nodes.Node(
        {key: nodes.of(value, keys[key]) for key, value in data.items()}, nodes.Place(path, table, 1), keys
    )
    found = Import(TOOL, path, root)
    _files(found, tree)
    _platforms(found)
    found.rest(_KNOWN, _REASONS)
    return found.done()


def _files(found: Import, tree: Tree) -> None:
    """The release files: ``<package>-<triple>.tar.xz``, a zip on Windows."""
    triples = words(found.get("targets")) or _DEFAULT_TARGETS
    known = {t: target(t) for t in triples}
    other = [t for t, ours in known.items() if ours is None]
    if other:
        todo = "these files stay on the release page, packages leave them out"
        found.notes.left.append(Left(TOOL, "targets", f"no target of DeployForge: {', '.join(other)}", todo))
    name = _package(found, tree)
    unix, windows = found.text("unix-archive") or ".tar.xz", found.text("windows-archive") or ".zip"
    names = [f"{name}-{t}{windows if 'windows' in t else unix}" for t, ours in known.items() if ours]
    place = "targets" if found.get("targets") else "cargo-dist-version"
    found.notes.releases.append(Release(tuple(names), "", found.at(place), Rank.TOOL))
    found.notes.moved.append(Moved(TOOL, place, "artifacts.asset, artifacts.targets"))
    checksum = found.text("checksum") or "sha256"
    if checksum == "sha256":
        found.notes.fact("artifacts.checksums.from", "host", found.at("checksum"), Rank.TOOL)
        found.leave("checksum", "dist writes one file a release file", "nothing: GitHub tells the sha256 of every file")
    else:
        found.leave("checksum", "only sha256 is compared", "nothing: GitHub tells the sha256 of every file")


def _package(found: Import, tree: Tree) -> str:
    """The name of the released package: that of the repository where there are several."""
    names = []
    for path in tree.named("Cargo.toml", "dist.toml"):
        package = tree.toml(path).get("package")
        name = package.get("name") if isinstance(package, dict) else None
        if isinstance(name, str):
            names.append((name, f"{path.rpartition('/')[0]}/src/main.rs".lstrip("/") in tree.paths))
    programs = [name for name, has_program in names if has_program] or [name for name, _ in names]
    chosen = next((n for n in programs if n.lower() == tree.slug), programs[0] if programs else tree.slug)
    found.notes.fact("name", chosen, found.at("cargo-dist-version"), Rank.TOOL)
    return chosen


def _platforms(found: Import) -> None:
    if "github" in (words(found.get("hosting")) or ["github"]):
        found.use("github", "hosting")
    installers = words(found.get("installers"))
    jobs = words(found.get("publish-jobs"))
    for name in ("npm", "homebrew"):
        if name in installers:
            found.use(
                name, "installers", off="" if name in jobs else f"`{name}` is not in `publish-jobs` of {found.path}"
            )
    if any("crates" in job for job in jobs):
        found.use("crates", "publish-jobs")
    found.move("tap", "platforms.homebrew.tap")
    found.move("formula", "platforms.homebrew.formula_name")
    scope, package = found.text("npm-scope"), found.text("npm-package")
    if package and scope:
        found.move("npm-package", "platforms.npm.package", f"{scope}/{package}")
    else:
        found.move("npm-package", "platforms.npm.package")
        found.move("npm-scope", "platforms.npm.scope")
    for name, option in (("description", "description"), ("homepage", "homepage"), ("license", "license")):
        found.move(name, option)
    others = [i for i in installers if i not in ("npm", "homebrew")]
    if others:
        todo = "keep dist for them, or let users take the release files"
        found.notes.left.append(
            Left(TOOL, "installers", f"DeployForge makes no installer of its own: {', '.join(others)}", todo)
        )
    own = [job for job in jobs if job not in ("npm", "homebrew") and "crates" not in job]
    if own:
        found.notes.left.append(
            Left(TOOL, "publish-jobs", f"jobs of your own: {', '.join(own)}", "call them after `deployforge deploy`")
        )


_KNOWN = {
    "targets", "unix-archive", "windows-archive", "checksum", "hosting", "installers", "publish-jobs", "tap", "formula",
    "npm-scope", "npm-package", "cargo-dist-version", "description", "homepage", "license",
}  # fmt: skip
_CI = ("the workflow is another one", "run `deployforge deploy` in a workflow; see docs/how-to/release-from-ci.md")
_REASONS = {
    "ci": _CI,
    "pr-run-mode": ("nothing runs for pull requests by itself", "run `deployforge rehearse` there"),
    "github-custom-runners": _CI,
    "github-action-commits": _CI,
    "allow-dirty": _CI,
    "install-path": ("DeployForge makes no shell installer", "nothing"),
    "install-updater": ("there is no updater", "package managers update the program"),
    "github-attestations": ("DeployForge attests nothing", "attest in the workflow that makes the release files"),
    "ssldotcom-windows-sign": SIGNING,
    "macos-sign": SIGNING,
    "include": ("the release files stay as they are", "name files that the program needs in `binary.runtime_files`"),
    "extra-artifacts": ("the release has one file for each target", "upload it in a step of your own"),
    "bin-aliases": ("a package installs one program under one name", "publish the alias as a package of its own"),
    "bin": ("a project releases one program", "one deployforge.yml for each program"),
    "features": ("dist builds the release files", "keep them in the build"),
    "dependencies": ("no package asks for system packages, Homebrew excepted", "set `platforms.homebrew.dependencies`"),
}  # fmt: skip
