"""Checks of rendered files: nothing left to fill in, and every URL of the release is one that exists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote

from deployforge_tasks.core.model import Finding, Level

# Placeholders that were found published in the wild, and those of template languages.
_LEFTOVERS = {
    "PLACEHOLDER": re.compile(r"\b\w*PLACEHOLDER\w*\b"),
    "YOUR_": re.compile(r"\bYOUR_[A-Z0-9_]+\b"),
    "SKIP": re.compile(r"""(?:sha\d+(?:sums)?|hash|checksum)\w*["']?\s*[:=(]+\s*\(?["']?SKIP\b""", re.IGNORECASE),
    "ENV[": re.compile(r"#\{ENV\["),
    "{{": re.compile(r"\{\{.{0,60}?\}\}|\{%.{0,60}?%\}"),
    "$version$": re.compile(r"\$(?:version|id|author|description)\$"),
    "0.0.1-next": re.compile(r"\b0\.0\.[01]-(?:next|snapshot)\b", re.IGNORECASE),
    "empty digest": re.compile(r"""sha256["']?\s*[:=]?\s*(?:""|'')"""),
}
_URL_END = r"""[^\s"'<>()\[\]{},;|\\`]+"""
_HEX = re.compile(r"\b[0-9a-fA-F]{64}\b")


def leftovers(text: str) -> list[str]:
    """Every placeholder that nobody filled in, as it stands in the text."""
    return [match[0] for pattern in _LEFTOVERS.values() for match in pattern.finditer(text)]


def release_names(text: str, base: str) -> list[str]:
    """Names of the release files that a text links to.

    Args:
        text: a rendered file.
        base: URL of the release's files without the name (``…/releases/download/v1.0.0``).
    """
    found = re.findall(re.escape(base.rstrip("/")) + "/(" + _URL_END + ")", text)
    return [unquote(name.partition("#")[0].rstrip(".")) for name in found]


def check_rendered(
    folder: Path, *, base: str, digests: Mapping[str, str], allow: tuple[str, ...] = ()
) -> list[Finding]:
    """Look through every text file below a folder.

    Args:
        folder: the rendered files.
        base: URL of the release's files; may be empty.
        digests: sha256 (hex) of every release file by its name.
        allow: leftovers that belong to the platform's own language (``$version``, ``{{…}}`` of a workflow).
    """
    findings: list[Finding] = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a program
        name = path.relative_to(folder).as_posix()
        findings += _unfilled(name, text, allow)
        if base:
            findings += _wrong_urls(name, text, base, digests)
    return findings


def _unfilled(name: str, text: str, allow: tuple[str, ...]) -> Iterator[Finding]:
    for leftover in dict.fromkeys(leftovers(text)):
        if not any(word in leftover for word in allow):
            yield Finding(
                "RENDER-001",
                Level.ERROR,
                f"{name} still holds the placeholder `{leftover}`",
                "correct the template: nothing fills it in",
            )


def _wrong_urls(name: str, text: str, base: str, digests: Mapping[str, str]) -> Iterator[Finding]:
    stated = {digest.lower() for digest in _HEX.findall(text)}
    for file in dict.fromkeys(release_names(text, base)):
        if file not in digests:
            yield Finding(
                "RENDER-002",
                Level.ERROR,
                f"{name} links to {file}, which is not in the release",
                f"the release has {', '.join(sorted(digests)) or 'no files'}",
            )
        elif stated and digests[file] not in stated:
            yield Finding(
                "RENDER-003",
                Level.ERROR,
                f"{name} links to {file}, but does not hold its sha256 {digests[file]}",
                "let the template use the digest of the release file",
            )
