"""semantic-release's configuration (https://semantic-release.gitbook.io/semantic-release/usage/configuration)."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.discovery.findings import Findings, Left, Moved
from deployforge_tasks.discovery.importing import Import
from deployforge_tasks.discovery.shapes import table
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.project import tree as nodes

TOOL = "semantic-release"

_FILES = r"\.releaserc(?:\.(?:json|ya?ml))?"
_CODE = r"(?:\.releaserc|release\.config)\.[cm]?(?:js|ts)"
_DEFAULT = [
    "@semantic-release/commit-analyzer", "@semantic-release/release-notes-generator", "@semantic-release/npm",
    "@semantic-release/github",
]  # fmt: skip


def detect(tree: Tree) -> Findings:
    """The configuration, wherever semantic-release looks for it; defaults count where the package depends on it."""
    for path in tree.matching(_FILES):
        root = _yaml_or_json(tree, path)
        if root is not None:
            return _import(Import(TOOL, path, root))
    package = tree.json("package.json") if "package.json" in tree.paths else None
    if not isinstance(package, dict):
        return Findings()
    place = nodes.Place("package.json", tree.line("package.json", r'^\s*"release"\s*:'), 1)
    if isinstance(package.get("release"), dict):
        return _import(Import(TOOL, "package.json", nodes.of(package["release"], place)))
    uses = any("semantic-release" in table(package.get(group)) for group in ("dependencies", "devDependencies"))
    code = tree.matching(_CODE)
    if not (uses or code or package.get("name") == TOOL):
        return Findings()
    found = Import(
        TOOL, code[0] if code else "package.json", nodes.of({}, nodes.Place(code[0] if code else "package.json", 1, 1))
    )
    if code:
        found.notes.left.append(
            Left(TOOL, code[0], "it is a program, and programs are not run here", "tell `init` what it says")
        )
        return found.done()
    return _import(found)


def _yaml_or_json(tree: Tree, path: str) -> nodes.Node | None:
    if path.endswith("json"):
        data = tree.json(path)
        return nodes.of(data, nodes.Place(path, 1, 1)) if isinstance(data, dict) else None
    return tree.yaml(path)  # JSON is YAML too


def _import(found: Import) -> Findings:
    tag = found.get("tagFormat")
    if isinstance(tag, str) and "${version}" in tag:
        found.move("tagFormat", "source.tag", tag.replace("${version}", "{version}"))
    branches = found.get("branches")
    first = branches[0] if isinstance(branches, list) and branches else branches
    name = first.get("name") if isinstance(first, dict) else first
    if isinstance(name, str) and "*" not in name and "+" not in name:
        found.move("branches", "source.branch", name)
    if isinstance(branches, list) and len(branches) > 1:
        todo = "run `deployforge deploy` on each branch; `platforms.npm.dist_tag` names the channel"
        found.notes.left.append(Left(TOOL, "branches", "the channel does not follow from the branch", todo))
    listed = found.get("plugins")
    plugins = listed if isinstance(listed, list) else _DEFAULT
    for index, plugin in enumerate(plugins):
        key = f"plugins[{index}]" if isinstance(listed, list) else "plugins (the default ones)"
        entry, options = (
            (plugin[0], plugin[1] if len(plugin) > 1 else {}) if isinstance(plugin, list) and plugin else (plugin, {})
        )
        _plugin(found, key, str(entry), options if isinstance(options, dict) else {})
    for key in (
        "extends",
        "repositoryUrl",
        "dryRun",
        "ci",
        "preset",
        "analyzeCommits",
        "generateNotes",
        "prepare",
        "publish",
        "verifyConditions",
        "success",
        "fail",
    ):
        found.leave(key, "DeployForge publishes a version that it is told", "nothing, or a step of your own")
    return found.done()


def _plugin(found: Import, key: str, name: str, options: dict[str, Any]) -> None:
    left = found.notes.left
    if name == "@semantic-release/npm":
        off = "`npmPublish: false`" if options.get("npmPublish") is False else ""
        found.use("npm", key, off)
        if options.get("pkgRoot") not in (None, "."):
            todo = "npm packages are made from the release files; a template of your own can add files"
            left.append(Left(TOOL, f"{key}.pkgRoot", "no folder is packed", todo))
    elif name == "@semantic-release/github":
        found.use("github", key)
        if options.get("assets"):
            found.notes.moved.append(
                Moved(TOOL, f"{key}.assets", "artifacts (named by what workflows and releases show)")
            )
        for option in ("successComment", "failComment", "releasedLabels", "assignees"):
            if options.get(option) not in (None, False, []):
                left.append(
                    Left(TOOL, f"{key}.{option}", "DeployForge comments on no issues", "a workflow step of your own")
                )
    elif name in _PLUGINS:
        left.append(Left(TOOL, f"{key} ({name})", *_PLUGINS[name]))
    else:
        left.append(
            Left(
                TOOL,
                f"{key} ({name})",
                "plugins of semantic-release do not run here",
                "keep that step, or write a plugin",
            )
        )


_PLUGINS = {
    "@semantic-release/commit-analyzer": (
        "DeployForge does not choose the version",
        "keep semantic-release for the tag alone, or tag by hand",
    ),
    "@semantic-release/release-notes-generator": (
        "DeployForge writes no notes",
        "set `platforms.github.generate_notes: true`, or `notes:` to a file",
    ),
    "@semantic-release/changelog": (
        "DeployForge writes no changelog",
        "set `platforms.github.notes:` to the file that you keep",
    ),
    "@semantic-release/git": (
        "DeployForge commits nothing to your repository",
        "nothing: versions are written into copies",
    ),
    "@semantic-release/exec": ("commands do not run around a release", "run them before `deployforge deploy`"),
    "@semantic-release/gitlab": ("releases are published to GitHub only", "mirror the release files there"),
}
