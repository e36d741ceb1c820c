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

    @classmethod
    def parse(cls, text: str) -> Version:
        """Read ``1.0.42``, ``v1.0.42`` or ``1.0.42-rc.1+build``.

        Raises:
            ValueError: it is no version (``vv1.0.42``, ``1``, ``1.0.042``).
        """
        plain = text.strip().removeprefix("v")
        if not _VERSION.fullmatch(plain):
            raise ValueError(f"`{text}` is not a version; write it like 1.0.42 or v1.0.42-rc.1")
        return cls(plain)
