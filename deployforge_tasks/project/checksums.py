"""Files of checksums, and comparing a release file with everything that is known about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deployforge_tasks.core.errors import ArtifactError

_GNU = re.compile(r"(?P<digest>[0-9A-Fa-f]{64})\s+[*]?(?P<name>\S.*)")
_BSD = re.compile(r"SHA256 \((?P<name>.+)\) = (?P<digest>[0-9A-Fa-f]{64})")
#: What the frozen digest is called in a mapping of expected digests.
FROZEN = "the frozen digest"


def parse(text: str) -> dict[str, str]:
    """File name to sha256 (hex), from the output of ``sha256sum`` or BSD's ``sha256``; other lines are left out."""
    found = (_BSD.fullmatch(line.strip()) or _GNU.fullmatch(line.strip()) for line in text.splitlines())
    return {match["name"].strip().removeprefix("./"): match["digest"].lower() for match in found if match}


def compare(name: str, sha256: str, expected: Mapping[str, str]) -> None:
    """Compare a file's digest with what others say about it.

    Args:
        name: the release file.
        sha256: its own digest.
        expected: digests by who says so.

    Raises:
        ArtifactError: one of them differs; names both.
    """
    for source, other in expected.items():
        if other == sha256:
            continue
        if source == FROZEN:
            raise ArtifactError(
                f"{name} has sha256 {sha256}, but {other} was published first and is frozen",
                hint="a published file never changes: restore the first one, or release a new version",
                code="DF3110",
            )
        raise ArtifactError(
            f"{name} has sha256 {sha256}, but {source} says {other}",
            hint="download it again; if it stays different, do not trust the file",
            code="DF3111",
        )
