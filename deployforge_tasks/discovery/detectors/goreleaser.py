"""GoReleaser's configuration (https://goreleaser.com/customization/)."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.discovery.detectors._goreleaser_publishers import publishers
from deployforge_tasks.discovery.findings import Findings, Left, Moved, Rank, Release, Trouble, merged
from deployforge_tasks.discovery.go_program import version_variable
from deployforge_tasks.discovery.go_template import UnknownTemplate, fill
from deployforge_tasks.discovery.importing import HOOKS, SIGNING, Import
from deployforge_tasks.discovery.shapes import tables
from deployforge_tasks.discovery.tree import Tree

TOOL = "goreleaser"

# The names that GoReleaser itself looks for: https://goreleaser.com/customization/
_FILES = r"(?:\.config/)?\.?goreleaser\.ya?ml"
_OSES, _ARCHES = ("linux", "darwin", "windows"), ("amd64", "arm64")
_DEFAULT_NAME = "{{ .ProjectName }}_{{ .Version }}_{{ .Os }}_{{ .Arch }}"


def detect(tree: Tree) -> Findings:
    """Take over every file that GoReleaser would read."""
    return merged(
        _import(Import(TOOL, path, root), tree)
        for path in tree.matching(_FILES)
        if (root := tree.yaml(path)) is not None
    )


def _import(found: Import, tree: Tree) -> Findings:
    found.move("project_name", "name")
    _release(found)
    targets = _builds(found, tree)
    _archives(found, targets, found.text("project_name") or tree.slug)
    _checksum(found)
    publishers(found)
    found.rest(KNOWN, _REASONS)
    return found.done()


def _release(found: Import) -> None:
    owner, name = found.text("release.github.owner"), found.text("release.github.name")
    if owner and name:
        found.move("release.github", "source.repo", f"{owner}/{name}")
    if found.get("release.disable") in (True, "true"):
        found.use("github", "release.disable", off="`release.disable: true`")
    else:
        found.use("github", "release" if found.get("release") is not None else "builds")
    if str(found.get("release.prerelease")).lower() == "true":
        found.move("release.prerelease", "platforms.github.prerelease", True)
    if found.get("release.draft") is True:
        found.move("release.draft", "platforms.github.draft", True)
    for key in ("release.header", "release.footer", "release.name_template"):
        found.leave(key, "it is a Go template", "write `platforms.github.notes:` (a text or a file) or `title:`")
    for key in ("release.mode", "release.replace_existing_artifacts", "release.replace_existing_draft"):
        found.leave(
            key, "published files are never replaced", "nothing: a second run goes on where the first one ended"
        )
    for key in (
        "release.extra_files",
        "release.ids",
        "release.discussion_category_name",
        "release.gitlab",
        "release.gitea",
    ):
        found.leave(key, "the release has one file for each target", "upload it in a step of your own")


def _builds(found: Import, tree: Tree) -> list[tuple[str, str]]:
    """The targets that are built, GoReleaser's defaults included."""
    keys = list(found.each("builds"))
    if not keys:
        return [(os, arch) for os in _OSES for arch in _ARCHES]
    key = keys[0]
    for other in keys[1:]:
        found.leave(other, "a project releases one program", "give a second program a deployforge.yml of its own")
    if found.get(f"{key}.builder") not in (None, "go"):
        found.leave(f"{key}.builder", "only Go's command line is known here", "write `artifacts.build.command`")
    found.move(f"{key}.binary", "binary.name")
    _command(found, tree, key)
    return _targets(found, key)


def _command(found: Import, tree: Tree, key: str) -> None:
    if found.get(f"{key}.builder") not in (None, "go"):
        return
    main = found.text(f"{key}.main") or "."
    folder = main.rpartition("/")[0] if main.endswith(".go") else main
    package = folder if folder.startswith(".") else f"./{folder}" if folder else "."
    flags = [f for f in _listed(found.get(f"{key}.flags")) if "{{" not in f]
    linked = re.sub(r"\{\{\s*\.Version\s*\}\}", "{version}", " ".join(_listed(found.get(f"{key}.ldflags"))))
    kept = " ".join(re.sub(r"(?:-X\s+)?[^\s{]*\{\{[^}]*\}\}\S*", "", linked).split())
    if "{{" in linked:
        todo = "let Go stamp commit and date (`-buildvcs`), or drop them"
        found.leave(f"{key}.ldflags", "only the version is filled in", todo)
    kept = _right_variable(found, tree, key, package, kept)
    words = ["go", "build", *flags, *(["-ldflags", kept] if kept else []), "-o", "{output}", package]
    place = f"{key}.main" if found.get(f"{key}.main") else key
    found.move(place, "artifacts.build.command", words)
    env = {"GOOS": "{os}", "GOARCH": "{arch}"}
    for pair in _listed(found.get(f"{key}.env")):
        name, equals, value = pair.partition("=")
        if equals and "{{" not in pair:
            env = {name: value, **env}
    found.move(f"{key}.env" if found.get(f"{key}.env") else key, "artifacts.build.env", env)
    found.leave(f"{key}.hooks", *HOOKS)
    found.leave(f"{key}.overrides", "one command builds every target", "put the difference into a script of your own")


def _right_variable(found: Import, tree: Tree, key: str, package: str, flags: str) -> str:
    """The linker's flags with the variable that the program really has: Go says nothing about one that is not there."""
    path = f"{package.removeprefix('./').removeprefix('.')}/main.go".lstrip("/")
    there = version_variable(tree.read(path) or "") if path in tree.paths else None
    named = re.search(r"-X main\.(\w+)=\{version\}", flags)
    if not (there and named) or named[1] == there:
        return flags
    said = f"sets main.{named[1]}, but the variable of {path} is main.{there}: Go says nothing, and no version is set"
    found.notes.troubles.append(Trouble(found.at(f"{key}.ldflags"), said))
    return flags.replace(f"-X main.{named[1]}=", f"-X main.{there}=")


def _targets(found: Import, key: str) -> list[tuple[str, str]]:
    oses = _listed(found.get(f"{key}.goos")) or list(_OSES)
    arches = _listed(found.get(f"{key}.goarch")) or ["amd64", "arm64"]
    pairs = [(o, a) for o in oses for a in arches]
    named = [t.split("_")[:2] for t in _listed(found.get(f"{key}.targets"))]
    pairs = [(t[0], t[1]) for t in named if len(t) == 2] or pairs
    ignored = tables(found.get(f"{key}.ignore"))
    pairs = [
        p for p in pairs if not any(i.get("goos", p[0]) == p[0] and i.get("goarch", p[1]) == p[1] for i in ignored)
    ]
    known = [(o, a) for o in _OSES for a in _ARCHES if (o, a) in pairs]
    other = sorted({f"{o}/{a}" for o, a in pairs} - {f"{o}/{a}" for o, a in known})
    found.move(
        f"{key}.goarch" if found.get(f"{key}.goarch") else key, "artifacts.targets", [f"{o}/{a}" for o, a in known]
    )
    if other:
        shown = ", ".join(other[:6]) + (" …" if len(other) > 6 else "")
        todo = "these files stay on the release page, packages leave them out"
        found.notes.left.append(Left(TOOL, f"{key}.goarch", f"no target of DeployForge: {shown}", todo))
    return known


def _archives(found: Import, targets: list[tuple[str, str]], name: str) -> None:
    keys = list(found.each("archives"))
    key = keys[0] if keys else "archives"
    template = found.get(f"{key}.name_template") or _DEFAULT_NAME
    for other in keys[1:]:
        found.leave(other, "a target has one release file", "name the archives that packages take in `artifacts.asset`")
    binary = found.text("builds[0].binary") or name
    names = []
    try:
        for os, arch in targets:
            fields = {
                "ProjectName": name, "Version": "{version}", "Tag": "{tag}", "Os": os, "Arch": arch, "Binary": binary,
                "Amd64": "v1" if arch == "amd64" else "", "Arm": "", "Mips": "", "RawVersion": "{version}",
            }  # fmt: skip
            end = _format(found, key, os)
            names.append(
                fill(str(template).strip(), fields) + (f".{end}" if end else ".exe" if os == "windows" else "")
            )
    except UnknownTemplate as unknown:
        found.leave(f"{key}.name_template", f"`{unknown}` is not known here", "write the pattern in `artifacts.asset`")
        return
    place = f"{key}.name_template" if found.get(f"{key}.name_template") else (key if keys else "builds")
    found.notes.releases.append(Release(tuple(names), "{version}", found.at(place), Rank.TOOL))
    found.notes.moved.append(Moved(TOOL, place, "artifacts.asset"))
    if found.get(f"{key}.wrap_in_directory"):
        found.leave(
            f"{key}.wrap_in_directory",
            "the program is searched in the archive",
            "nothing, or set `artifacts.binary_path`",
        )
    found.leave(
        f"{key}.files",
        "the release files stay as they are",
        "name files that the program needs in `binary.runtime_files`",
    )


def _format(found: Import, key: str, os: str) -> str:
    """The archive's format for a system (``format`` before v2.6, ``formats`` since)."""
    for override in tables(found.get(f"{key}.format_overrides")):
        if override.get("goos") == os:
            value = (_listed(override.get("formats")) or _listed(override.get("format")) or [""])[0]
            return "" if value == "binary" else value
    value = (_listed(found.get(f"{key}.formats")) or _listed(found.get(f"{key}.format")) or ["tar.gz"])[0]
    return "" if value in ("binary", "none") else value


def _checksum(found: Import) -> None:
    if found.get("checksum.disable") is True:
        return
    algorithm = found.text("checksum.algorithm") or "sha256"
    if algorithm != "sha256":
        found.leave("checksum.algorithm", "only sha256 is compared", "nothing: GitHub tells the sha256 of every file")
        return
    name = str(found.get("checksum.name_template") or "")
    if name and "{{" not in name:
        found.move("checksum.name_template", "artifacts.checksums.file", name)
        found.move("checksum.name_template", "platforms.github.checksums", name)
    elif name:
        found.leave(
            "checksum.name_template",
            "the name of this file cannot have a pattern",
            "nothing: GitHub tells the sha256 of every file",
        )


def _listed(value: Any) -> list[str]:
    if isinstance(value, list):
        return [str(item) for item in value]
    return [str(value)] if isinstance(value, str | int) and value != "" else []


KNOWN = {
    "version", "pro", "project_name", "release", "builds", "archives", "checksum", "brews", "homebrew_casks", "scoops",
    "scoop", "aurs", "aur_sources", "chocolateys", "snapcrafts", "dockers", "dockers_v2", "docker_manifests", "npms",
    "winget", "nix", "krews", "flatpak", "flatpaks", "mcp", "dist",
}  # fmt: skip
_REASONS = {
    "before": HOOKS,
    "after": HOOKS,
    "changelog": ("DeployForge writes no changelog", "set `platforms.github.generate_notes` or `notes`"),
    "snapshot": ("a rehearsal takes its place", "`deployforge rehearse`"),
    "nightly": ("every version is released the same way", "release a pre-release version"),
    "signs": SIGNING,
    "docker_signs": SIGNING,
    "binary_signs": SIGNING,
    "notarize": SIGNING,
    "sboms": ("DeployForge makes no list of parts", "make it in the step that makes the release files"),
    "nfpms": ("there are no packages of Linux distributions", "keep GoReleaser (or nfpm) for deb, rpm and apk"),
    "universal_binaries": ("a target is one processor", "leave it out: each Mac gets its own program"),
    "upx": ("the program is taken as it is", "compress it in the build"),
    "announce": ("people are told through `monitoring`", "see `deployforge notify`"),
    "milestones": ("DeployForge closes no milestones", "close them by hand or in a workflow"),
    "env": ("variables come from the environment", "set them where the release runs"),
    "gomod": ("the build is one command", "set the variables in `artifacts.build.env`"),
    "git": ("tags are read by `source.tag`", "set `source.tag`"),
    "metadata": ("archives are written with a fixed time anyway", "nothing"),
    "report_sizes": ("no report of sizes", "nothing"),
    "blobs": ("there is no upload to buckets", "upload in a step of your own"),
    "uploads": ("there is no upload by HTTP", "upload in a step of your own"),
    "artifactories": ("there is no upload to Artifactory", "upload in a step of your own"),
    "publishers": ("commands of your own are no platform", "write a plugin: docs/how-to/add-a-platform.md"),
    "verify": ("DeployForge installs every package and runs it", "nothing"),
    "gemfury": ("there is no such platform", "keep that step"),
    "monorepo": ("a deployforge.yml describes one program", "one file for each, with its own `source.tag`"),
    "includes": ("a configuration is one file", "copy the parts in"),
    "source": ("GitHub adds the source itself", "nothing"),
}  # fmt: skip
