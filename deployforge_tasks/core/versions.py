"""One version, and how every ecosystem writes it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from deployforge_tasks.core.errors import VersionError

# Semantic Versioning 2.0.0, sections 2 and 9-11 (https://semver.org), with two to four numbers
_IDENTIFIER = r"(?:0|[1-9]\d*|\d*[A-Za-z-][0-9A-Za-z-]*)"
_VERSION = re.compile(
    r"(?P<numbers>(?:0|[1-9]\d*)(?:\.(?:0|[1-9]\d*)){1,3})"
    rf"(?:-(?P<pre>{_IDENTIFIER}(?:\.{_IDENTIFIER})*))?"
    r"(?:\+(?P<build>[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*))?"
)
_LONGEST = 128

# A pre-release that PEP 440 can express: one word and one number (``rc.1``, ``beta2``, ``alpha``).
_PYTHON_PRE = re.compile(r"(?P<word>[A-Za-z]*)[.-]?(?P<number>\d*)")
# https://packaging.python.org/specifications/version-specifiers/#pre-releases
_PYTHON_WORDS = {
    "a": "a", "alpha": "a", "b": "b", "beta": "b", "c": "rc", "rc": "rc", "pre": "rc", "preview": "rc",
    "": ".dev", "dev": ".dev", "nightly": ".dev", "snapshot": ".dev",
}  # fmt: skip
# snapd: snap/validate.go
_SNAP = re.compile(r"[a-zA-Z0-9](?:[a-zA-Z0-9:.+~-]{0,30}[a-zA-Z0-9+~])?")

Precedence = tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]


@dataclass(frozen=True)
class Version:
    """A release's version, without a leading ``v``; `str()` gives the text as released.

    Versions are ordered by the precedence of semantic versioning (``1.0.0-rc.1 < 1.0.0``, build metadata does not
    count, missing numbers are zero); they are equal only when their text is.
    """

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
        if len(plain) > _LONGEST or not _VERSION.fullmatch(plain):
            raise ValueError(f"`{text}` is not a version; write it like 1.0.42 or v1.0.42-rc.1")
        return cls(plain)

    @property
    def numbers(self) -> tuple[int, ...]:
        """The numbers as written, two to four."""
        return tuple(int(number) for number in self._part("numbers").split("."))

    @property
    def pre(self) -> str:
        """What stands behind the hyphen (``rc.1``), or nothing."""
        return self._part("pre")

    @property
    def build(self) -> str:
        """What stands behind the plus sign, or nothing."""
        return self._part("build")

    @property
    def is_prerelease(self) -> bool:
        return bool(self.pre)

    @property
    def precedence(self) -> Precedence:
        """What the order of versions rests on."""
        four = (*self.numbers, 0, 0)[:4]
        identifiers = tuple(
            (False, int(part), "") if part.isdigit() else (True, 0, part) for part in self.pre.split(".") if part
        )
        return four, not self.pre, identifiers

    def __lt__(self, other: Version) -> bool:
        return self.precedence < other.precedence

    def __le__(self, other: Version) -> bool:
        return self.precedence <= other.precedence

    def __gt__(self, other: Version) -> bool:
        return self.precedence > other.precedence

    def __ge__(self, other: Version) -> bool:
        return self.precedence >= other.precedence

    @property
    def semver(self) -> str:
        """Semantic version without build metadata, as npm, crates.io and the VS Code gallery keep it.

        Raises:
            VersionError: it has a fourth number.
        """
        if len(self.numbers) == 4:
            raise self._cannot("a semantic version", "it has three numbers")
        return self._joined(self._three(), "-", self.pre)

    @property
    def pep440(self) -> str:
        """The normalised Python version: ``1.2.0-rc.1`` becomes ``1.2.0rc1``; no build metadata (PyPI refuses it).

        Raises:
            VersionError: the pre-release is not one word with one number.
        """
        numbers = self._part("numbers")
        if not self.pre:
            return numbers
        match = _PYTHON_PRE.fullmatch(self.pre)
        word = _PYTHON_WORDS.get(match["word"].lower()) if match else None
        if match is None or word is None:
            raise self._cannot("a Python version", "a pre-release there is one of alpha, beta, rc, dev and a number")
        return f"{numbers}{word}{int(match['number'] or 0)}"

    @property
    def nuget(self) -> str:
        """NuGet's normalised version: three numbers, a fourth unless it is 0, no build metadata."""
        fourth = self.numbers[3:] if self.numbers[3:] != (0,) else ()
        return self._joined(".".join(map(str, (*self._padded(), *fourth))), "-", self.pre)

    @property
    def debian(self) -> str:
        """Debian's upstream version: ``1.0.0~rc.1`` sorts before ``1.0.0``; no hyphen."""
        return self._joined(self._joined(self._part("numbers"), "~", self.pre), "+", self.build).replace("-", ".")

    @property
    def rpm(self) -> str:
        """RPM's version: as Debian's."""
        return self.debian

    @property
    def arch(self) -> str:
        """Arch Linux's ``pkgver``: ``1.0.0rc.1`` sorts before ``1.0.0``; no hyphen, no build metadata."""
        word = f"pre{self.pre}" if self.pre[:1].isdigit() else self.pre
        return self._part("numbers") + word.replace("-", "_")

    @property
    def snap(self) -> str:
        """The version of a snap: the text itself.

        Raises:
            VersionError: the store would refuse it (more than 32 characters).
        """
        if not _SNAP.fullmatch(self.text):
            raise self._cannot("a snap's version", "it has at most 32 characters and ends with a letter or digit")
        return self.text

    @property
    def docker_tag(self) -> str:
        """The version as an image tag: ``+`` is not allowed there and becomes ``_``."""
        return self.text.replace("+", "_")

    def _part(self, name: str) -> str:
        match = _VERSION.fullmatch(self.text)
        return (match[name] or "") if match else ""

    def _padded(self) -> tuple[int, ...]:
        return (*self.numbers, 0)[:3]

    def _three(self) -> str:
        return ".".join(map(str, self._padded()))

    @staticmethod
    def _joined(left: str, sign: str, right: str) -> str:
        return f"{left}{sign}{right}" if right else left

    def _cannot(self, what: str, why: str) -> VersionError:
        return VersionError(
            f"`{self.text}` cannot be written as {what}: {why}",
            hint="give this platform a version of its own with `version:` in its options, or leave it out",
            code="DF1012",
        )
