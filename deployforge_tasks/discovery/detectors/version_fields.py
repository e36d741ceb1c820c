"""Every place that repeats the version."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployforge_tasks.discovery.findings import Findings, Notes, VersionField
from deployforge_tasks.discovery.tree import Tree

_NOT_RELEASED = re.compile(r"(?:^|/)(?:tests?|examples?|samples?|spec)/")
#: Files of a kind that are read at most; those nearest to the top come first.
_MOST = 200


@dataclass(frozen=True)
class _Kind:
    """Files with a version: `path` and `regex` (its first group is the version), `name` finds the package's name.

    `kept` is false for files that a release writes anew; `every` looks for every match in a file.
    """

    what: str
    path: str
    regex: str
    name: str = ""
    kept: bool = True
    every: bool = False


_JSON, _JSON_NAME = r'"version"\s*:\s*"([^"]+)"', r'"name"\s*:\s*"([^"]+)"'
_TOML, _TOML_NAME = r'(?m)^version\s*=\s*"([^"]+)"', r'(?m)^name\s*=\s*"([^"]+)"'
_KINDS = (
    _Kind("npm package", r"(?:.+/)?package\.json", _JSON, _JSON_NAME),
    _Kind("npm lock file", r"(?:.+/)?(?:package-lock|npm-shrinkwrap)\.json", _JSON, _JSON_NAME, kept=False),
    _Kind("Python project", r"(?:.+/)?pyproject\.toml", _TOML, _TOML_NAME),
    _Kind("Python project", r"(?:.+/)?setup\.cfg", r"(?m)^version\s*=\s*(\S+)", r"(?m)^name\s*=\s*(\S+)"),
    _Kind(
        "Python project", r"(?:.+/)?setup\.py", r"\bversion\s*=\s*[\"']([^\"']+)", r"\bname\s*=\s*[\"']([^\"']+)[\"']"
    ),
    _Kind(
        "Python code",
        r"(?:.+/)?(?:__init__|__version__|_version|version)\.py",
        r"(?m)^__version__\s*(?::\s*str\s*)?=\s*[\"']([^\"']+)",
    ),
    _Kind("Rust crate", r"(?:.+/)?Cargo\.toml", _TOML, _TOML_NAME),
    _Kind(
        "Go code",
        r"(?:.+/)?(?:main|version)\.go",
        r'(?m)^(?:var|const|\t)\s*[vV]ersion\s*(?:string\s*)?=\s*"([^"]+)"',
    ),
    _Kind(
        ".NET project",
        r".+\.(?:cs|fs|vb)proj",
        r"<Version>([^<]+)</Version>",
        r"<(?:PackageId|AssemblyName)>([^<]+)<",
    ),
    _Kind("Gradle build", r"(?:.+/)?build\.gradle(?:\.kts)?", r"(?m)^version\s*=?\s*[\"']([^\"']+)[\"']"),
    _Kind("Maven project", r"pom\.xml", r"<version>([^<]+)</version>", r"<artifactId>([^<]+)<"),
    _Kind("CMake project", r"CMakeLists\.txt", r"(?i)project\s*\([^)]*VERSION\s+([\d.]+)"),
    _Kind("Meson project", r"meson\.build", r"project\s*\([^)]*?\bversion\s*:\s*'([^']+)'"),
    _Kind("autoconf project", r"configure\.ac", r"AC_INIT\s*\(\s*\[?[^,\]]+\]?\s*,\s*\[?([^,\])]+)"),
    _Kind("version file", r"VERSION(?:\.txt)?", r"^\s*v?(\d\S*)"),
    _Kind(
        "snap",
        r"(?:.+/)?\.?snapcraft\.ya?ml",
        r"(?m)^version:\s*[\"']?([^\"'\s]+)",
        r"(?m)^name:\s*(\S+)",
        kept=False,
    ),
    _Kind("Chocolatey package", r".+\.nuspec", r"<version>([^<]+)</version>", r"<id>([^<]+)<", kept=False),
    _Kind(
        "Homebrew formula",
        r".+\.rb",
        r"/releases/download/v?([^/\"]+)/",
        r"(?m)^class (\w+) < Formula",
        kept=False,
    ),
    _Kind("Scoop manifest", r"(?:.+/)?(?:bucket|scoop[\w-]*)/[^/]+\.json", _JSON, kept=False),
    _Kind("PKGBUILD", r"(?:.+/)?PKGBUILD", r"(?m)^pkgver=(\S+)", r"(?m)^pkgname=['\"]?([\w@.+-]+)", kept=False),
    _Kind(
        "WinGet manifest",
        r".+\.(?:installer|locale\.[\w-]+)\.ya?ml",
        r"(?m)^PackageVersion:\s*[\"']?([^\"'\s]+)",
        kept=False,
    ),
    _Kind(
        "Nix package",
        r"(?:.+/)?(?:flake|default|package)\.nix",
        r'(?m)^\s*version\s*=\s*"([^"]+)"',
        r'pname\s*=\s*"([^"]+)"',
        kept=False,
    ),
    _Kind(
        "image label",
        r"(?:.+/)?Dockerfile(?:\.[\w-]+)?",
        r"(?m)^(?:LABEL\s+|\s+)(?:org\.opencontainers\.image\.)?version=[\"']?([^\"'\s]+)",
        kept=False,
        every=True,
    ),
    _Kind("MCP manifest", r"(?:.+/)?server\.json", _JSON, kept=False),
    _Kind("plug-in", r"(?:.+/)?plugin\.xml", r"<version>([^<]+)</version>", r"<id>([^<]+)<"),
    _Kind("GoReleaser output", r"dist/metadata\.json", _JSON, r'"project_name"\s*:\s*"([^"]+)"', kept=False),
)


def detect(tree: Tree) -> Findings:
    """The version fields of everything that carries the repository's name; other packages have their own."""
    notes = Notes()
    for kind in _KINDS:
        paths = [p for p in tree.matching(kind.path) if not _NOT_RELEASED.search(p) and not _inner(tree, p)]
        for path in paths[:_MOST]:
            notes.versions += _fields(tree, path, kind)
    notes.versions.sort(key=lambda f: (f.path.count("/"), f.path, f.line))
    return notes.done()


def _inner(tree: Tree, path: str) -> bool:
    """Whether this is a package inside of another Python package, which has no version of its own."""
    parent = path.rpartition("/")[0].rpartition("/")[0]
    return path.endswith("/__init__.py") and f"{parent}/__init__.py" in tree.paths


def _fields(tree: Tree, path: str, kind: _Kind) -> list[VersionField]:
    text = tree.read(path) or ""
    if kind.what == "Homebrew formula" and " < Formula" not in text:
        return []
    if kind.what == "MCP manifest" and "modelcontextprotocol" not in text:
        return []
    if kind.what == "npm package" and re.search(r'"private"\s*:\s*true', text):
        return []
    named = re.search(kind.name, text) if kind.name else None
    package = named[1] if named else ""
    if "/" in path and package and not tree.own(package):
        return []
    matches = list(re.finditer(kind.regex, text))
    found = [
        VersionField(path, text.count("\n", 0, m.end()) + 1, m[1].strip(), kind.what, package, kind.regex, kind.kept)
        for m in (matches if kind.every else matches[:1])
    ]
    return [field for field in found if not re.match(r"[#$%{]", field.value)]  # filled in when it is used
