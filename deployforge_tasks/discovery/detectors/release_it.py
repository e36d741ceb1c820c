"""release-it's configuration (https://github.com/release-it/release-it/blob/main/docs/configuration.md)."""

from __future__ import annotations

from deployforge_tasks.discovery.findings import Findings
from deployforge_tasks.discovery.importing import HOOKS, Import
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.project import tree as nodes

TOOL = "release-it"

_FILES = r"\.release-it\.(?:json|ya?ml|toml)"


def detect(tree: Tree) -> Findings:
    """The file of release-it, or its part of ``package.json``."""
    for path in tree.matching(_FILES):
        data = tree.json(path) if path.endswith("json") else tree.toml(path) if path.endswith("toml") else None
        root = (
            nodes.of(data, nodes.Place(path, 1, 1))
            if isinstance(data, dict)
            else tree.yaml(path)
            if data is None and path.endswith("ml")
            else None
        )
        if root is not None:
            return _import(Import(TOOL, path, root))
    package = tree.json("package.json") if "package.json" in tree.paths else None
    if isinstance(package, dict) and isinstance(package.get("release-it"), dict):
        place = nodes.Place("package.json", tree.line("package.json", r'^\s*"release-it"\s*:'), 1)
        return _import(Import(TOOL, "package.json", nodes.of(package["release-it"], place)))
    return Findings()


def _import(found: Import) -> Findings:
    tag = found.get("git.tagName")
    if isinstance(tag, str) and "${version}" in tag:
        found.move("git.tagName", "source.tag", tag.replace("${version}", "{version}"))
    found.move("git.requireBranch", "source.branch")
    off = (
        "`npm: false`"
        if found.get("npm") is False
        else "`npm.publish: false`"
        if found.get("npm.publish") is False
        else ""
    )
    found.use("npm", "npm", off)
    found.move("npm.tag", "platforms.npm.dist_tag")
    if found.get("github.release") is True:
        found.use("github", "github")
        if found.get("github.draft") is True:
            found.move("github.draft", "platforms.github.draft", True)
        if found.get("github.autoGenerate") is True:
            found.move("github.autoGenerate", "platforms.github.generate_notes", True)
    found.leave("github.assets", "release files are named by a pattern", "set `artifacts.asset`")
    found.leave("gitlab", "releases are published to GitHub only", "mirror the release files there")
    found.leave("hooks", *HOOKS)
    found.leave("plugins", "plugins of release-it do not run here", "keep that step, or write a plugin")
    found.leave("git.commitMessage", "DeployForge commits nothing to your repository", "tag with your own commands")
    found.rest({"git", "npm", "github", "gitlab", "hooks", "plugins", "$schema"}, {})
    return found.done()
