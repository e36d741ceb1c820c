"""One version, and how every ecosystem writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

# Semantic Versioning 2.0.0, section 2 and 9-10 (https://semver.org), with an optional fourth number
_VERSION = re.compile(
    r"(?P<numbers>(0|[1-9]\d*)(\.(0|[1-9]\d*)){1,3})"
    r"(?:-(?P<pre>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)


@dataclass(frozen=True)
class Version:
    """A release's version, without a leading ``v``; `str()` gives the text as released."""

    text: str

    def __str__(self) -> str:
        return self.text
