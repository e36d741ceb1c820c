"""JReleaser's configuration (https://jreleaser.org/guide/latest/reference/)."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.discovery.findings import Findings, Left, Moved, Rank, Release, merged
from deployforge_tasks.discovery.importing import HOOKS, SIGNING, Import
from deployforge_tasks.discovery.shapes import table, tables
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.project import tree as nodes

TOOL = "jreleaser"

_FILES = r"\.?jreleaser\.(?:ya?ml|toml|json)"
# packager -> platform
_PACKAGERS = {
    "brew": "homebrew", "chocolatey": "chocolatey", "scoop": "scoop", "snap": "snap", "docker": "docker",
    "winget": "winget", "flatpak": "flathub",
}  # fmt: skip
_PLAIN_TYPES = ("BINARY", "FLAT_BINARY", "NATIVE_IMAGE")


def detect(tree: Tree) -> Findings:
    """Take over every file that JReleaser would read."""
    parts = []
    for path in tree.matching(_FILES):
        root = tree.yaml(path) if path.endswith(("yml", "yaml")) else _of(tree, path)
        if root is not None and root.value:
            parts.append(_import(Import(TOOL, path, root)))
    return merged(parts)


def _of(tree: Tree, path: str) -> nodes.Node | None:
    data = tree.toml(path) if path.endswith("toml") else tree.json(path)
    return nodes.of(data, nodes.Place(path, 1, 1)) if isinstance(data, dict) else None


def _import(found: Import) -> Findings:
    _project(found)
    _release(found)
    for name in table(found.get("distributions")):
        _distribution(found, f"distributions.{name}", str(name))
    for packager in table(found.get("packagers")):
        _packager(found, f"packagers.{packager}", packager)
    found.rest({"project", "release", "distributions", "packagers"}, _REASONS)
    return found.done()


_PROJECT = {
    "name": "name", "description": "description", "license": "license", "links.homepage": "homepage",
    "website": "homepage", "links.documentation": "urls.docs", "links.bugTracker": "urls.issues",
    "copyright": "author.copyright",
}  # fmt: skip


def _project(found: Import) -> None:
    for theirs, ours in _PROJECT.items():
        found.move(f"project.{theirs}", ours)
    for key, option in (("authors", "author.name"), ("tags", "keywords")):
        value = found.get(f"project.{key}")
        if isinstance(value, list) and value:
            found.move(f"project.{key}", option, str(value[0]) if key == "authors" else value)
    icons = found.get("project.icons")
    if isinstance(icons, list) and icons and isinstance(icons[0], dict):
        found.move("project.icons", "urls.icon", icons[0].get("url"))
    found.leave("project.version", "a run says its version, or the tag does", "nothing, or write `version:`")
    found.leave("project.longDescription", "packages carry one sentence", "write another one in `descriptions:`")
    for key in ("languages", "java", "stereotype", "vendor", "screenshots", "snapshot", "inceptionYear"):
        found.leave(f"project.{key}", "no package carries it", "nothing")


def _release(found: Import) -> None:
    service = next(
        (
            s
            for s in ("github", "gitlab", "gitea", "codeberg", "forgejo", "generic")
            if found.get(f"release.{s}") is not None
        ),
        None,
    )
    if service is None:
        return
    key = f"release.{service}"
    if service != "github":
        found.leave(
            key,
            "releases are published to GitHub only",
            "mirror the release files there, or use `artifacts.from: urls`",
        )
        return
    found.use("github", key)
    owner, name = found.text(f"{key}.owner"), found.text(f"{key}.name") or found.text("project.name")
    if owner and name:
        found.move(f"{key}.owner", "source.repo", f"{owner}/{name}")
    tag = str(found.get(f"{key}.tagName") or "")
    pattern = re.sub(r"\{\{\s*projectVersion\s*\}\}", "{version}", tag)
    if "{version}" in pattern and "{{" not in pattern:
        found.move(f"{key}.tagName", "source.tag", pattern)
    found.move(f"{key}.branch", "source.branch")
    if found.get(f"{key}.draft") is True:
        found.move(f"{key}.draft", "platforms.github.draft", True)
    found.leave(
        f"{key}.changelog",
        "DeployForge writes no changelog",
        "set `platforms.github.generate_notes: true`, or `notes:` to a file",
    )
    found.leave(
        f"{key}.overwrite",
        "published files are never replaced",
        "nothing: a second run goes on where the first one ended",
    )
    for name in ("sign", "milestone", "issues", "discussionCategoryName", "update"):
        found.leave(f"{key}.{name}", "a release is its files and its notes", "do it in a step of your own")


def _distribution(found: Import, key: str, name: str) -> None:
    kind = str(found.get(f"{key}.type") or "JAVA_BINARY").upper().replace("-", "_")
    if kind not in _PLAIN_TYPES:
        todo = "make native programs (`NATIVE_IMAGE`, GraalVM), or keep JReleaser for it"
        found.leave(key, f"a distribution of type {kind} needs Java at its users", todo)
        return
    found.move(f"{key}.executable.name", "binary.name")
    names = []
    for path in _paths(found.get(f"{key}.artifacts")):
        text = path.rpartition("/")[2]
        for theirs, ours in (("distributionName", name), ("projectName", found.text("project.name") or name)):
            text = re.sub(rf"\{{\{{\s*{theirs}\s*\}}\}}", ours, text)
        text = re.sub(r"\{\{\s*project(?:Effective)?Version\s*\}\}", "{version}", text)
        if "{{" in text:
            todo = "write the pattern in `artifacts.asset`"
            found.notes.left.append(
                Left(TOOL, f"{key}.artifacts", f"`{path}` uses a name that is not known here", todo)
            )
        else:
            names.append(text)
    if names:
        found.notes.releases.append(Release(tuple(names), "{version}", found.at(f"{key}.artifacts"), Rank.TOOL))
        found.notes.moved.append(Moved(TOOL, f"{key}.artifacts", "artifacts.asset"))
    for packager in table(found.get(key)):
        _packager(found, f"{key}.{packager}", packager)


def _paths(artifacts: Any) -> list[str]:
    return [str(a["path"]) for a in tables(artifacts) if "path" in a]


def _packager(found: Import, key: str, packager: str) -> None:
    value = found.get(key)
    if packager in (
        "type",
        "executable",
        "artifacts",
        "tags",
        "active",
        "name",
        "groupId",
        "java",
        "extraProperties",
        "platform",
        "stereotype",
    ):
        return
    if packager not in _PACKAGERS or not isinstance(value, dict):
        found.leave(key, "there is no such platform", "keep JReleaser for it")
        return
    platform, active = _PACKAGERS[packager], str(value.get("active") or "NEVER").upper()
    found.use(platform, key, off=f"`active: {active.lower()}` in {found.path}" if active == "NEVER" else "")
    place = "tap" if platform == "homebrew" else "bucket" if platform == "scoop" else ""
    for name in ("repository", "tap", "bucket"):
        owner, repo = (
            found.text(f"{key}.{name}.owner"),
            found.text(f"{key}.{name}.name") or found.text(f"{key}.{name}.tapName"),
        )
        if place and owner and repo:
            found.move(f"{key}.{name}", f"platforms.{platform}.{place}", f"{owner}/{repo}")
        elif place and owner:
            found.move(
                f"{key}.{name}",
                f"platforms.{platform}.{place}",
                f"{owner}/{'homebrew-tap' if place == 'tap' else 'scoop-bucket'}",
            )
    for theirs, ours in _FIELDS.get(platform, {}).items():
        found.move(f"{key}.{theirs}", f"platforms.{platform}.{ours}")
    images = value.get("imageNames")
    if platform == "docker" and isinstance(images, list):
        tags = [re.sub(r"\{\{\s*(?:tagName|projectVersion)\s*\}\}", "{version}", str(image)) for image in images]
        owner = found.text("release.github.owner") or ""
        tags = [re.sub(r"\{\{\s*repoOwner\s*\}\}", owner, t) for t in tags]
        found.move(f"{key}.imageNames", "platforms.docker.images", [t for t in tags if "{{" not in t])
    for name in ("templateDirectory", "skipTemplates", "extraProperties", "commitAuthor", "livecheck", "cask"):
        found.leave(
            f"{key}.{name}",
            "templates are written another way",
            f"see `deployforge templates list`, `platforms.{platform}.templates`",
        )


_FIELDS = {
    "homebrew": {"formulaName": "formula_name"},
    "chocolatey": {"packageName": "package_name", "title": "title"},
    "scoop": {"packageName": "app"},
    "snap": {"packageName": "name", "base": "base", "grade": "grade", "confinement": "confinement"},
    "flathub": {"componentId": "app_id"},
    "winget": {"package.identifier": "identifier"},
}
_REASONS = {
    "environment": ("patterns use other names", "write the values out, or use `${NAME}`"),
    "platform": ("other words for targets stand in `artifacts.words`", "set `artifacts.words`"),
    "signing": SIGNING,
    "checksum": ("sha256 is always compared", "nothing"),
    "catalog": ("DeployForge makes no list of parts", "make it in the step that makes the release files"),
    "deploy": ("there is no Maven repository", "keep JReleaser (or your build) for it"),
    "announce": ("people are told through `monitoring`", "see `deployforge notify`"),
    "assemble": ("one command builds each target", "write `artifacts.build`, or assemble in a step of your own"),
    "hooks": HOOKS,
    "extensions": ("extensions are written in another language", "write a plugin: docs/how-to/add-a-platform.md"),
    "upload": ("there is no upload elsewhere", "upload in a step of your own"),
    "download": ("release files come from one place", "set `artifacts.from:`"),
    "files": ("the release has one file for each target", "upload it in a step of your own"),
}  # fmt: skip
