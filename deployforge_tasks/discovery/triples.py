"""Rust's target triples as targets of ours."""

from __future__ import annotations

import re

from deployforge_tasks.core.targets import Target

# https://doc.rust-lang.org/rustc/platform-support.html
_TRIPLE = re.compile(
    r"(?P<arch>x86_64|aarch64)-(?:(?P<linux>unknown-linux)-(?P<libc>gnu|musl)|(?P<darwin>apple-darwin)|(?P<windows>pc-windows-\w+))"
)


def target(triple: str) -> Target | None:
    """The target of a triple, or None where DeployForge has no word for it."""
    match = _TRIPLE.fullmatch(triple)
    if match is None:
        return None
    system = next(word for word in ("linux", "darwin", "windows") if match[word])
    return Target(system, "amd64" if match["arch"] == "x86_64" else "arm64", match["libc"])
