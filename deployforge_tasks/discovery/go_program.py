"""What a Go program's source tells about its version."""

from __future__ import annotations

import re

_VARIABLE = re.compile(r'^(?:var\s+|\t)([vV]ersion)\s*(?:string\s*)?=\s*"', re.MULTILINE)


def version_variable(source: str) -> str | None:
    """The variable of package main that holds the version; only its exact name can be set by ``-ldflags -X``."""
    match = _VARIABLE.search(source)
    return match[1] if match else None
