"""Files for WinGet, Nix, Flatpak, Krew and the MCP registry."""

from __future__ import annotations

from deployforge_tasks.discovery.findings import Findings, Notes, Rank, Use
from deployforge_tasks.discovery.tree import Tree

# platform <- files that only it has, the option that the file names, and the key that holds it
_FILES = (
    ("winget", r".*\.installer\.ya?ml|(?:.+/)?\.?winget[\w-]*\.ya?ml", "identifier", "PackageIdentifier"),
    ("flathub", r"(?:.+/)?(?:[a-z][\w-]*\.){2,}[\w-]+\.(?:ya?ml)", "app_id", "app-id"),
    ("nix", r"(?:nix/|pkgs/)?(?:flake|default|package)\.nix", "", ""),
    ("krew", r"\.krew\.ya?ml|plugins/[\w-]+\.ya?ml", "", ""),
    ("mcp_registry", r"(?:.+/)?server\.json", "", ""),
)


def detect(tree: Tree) -> Findings:
    """What is there for stores that have a file of their own."""
    notes = Notes()
    for platform, pattern, option, key in _FILES:
        for path in tree.matching(pattern):
            text = tree.read(path) or ""
            if key:
                root = tree.yaml(path) if key in text else None
                value = root.plain().get(key) or root.plain().get("id") if root else None
                if not isinstance(value, str):
                    continue
                notes.fact(f"platforms.{platform}.{option}", value, tree.place(path, f"^{key}"), Rank.FILE)
            elif (platform == "mcp_registry" and "modelcontextprotocol" not in text) or (
                platform == "krew" and "krew.googlecontainertools.github.com" not in text
            ):
                continue
            notes.uses.append(Use(platform, path))
            break
    return notes.done()
