"""Wheels and source packages, written without any build tool.

https://packaging.python.org/specifications/binary-distribution-format/, core-metadata (2.4) and
source-distribution-format.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from deployforge_tasks.effects.files import Entry, tar_bytes, zip_bytes


@dataclass(frozen=True)
class Metadata:
    """Core metadata 2.4; `license` is an SPDX expression, `urls` go by their label."""

    name: str
    version: str
    summary: str
    readme: str = ""
    author: str | None = None
    email: str | None = None
    license: str | None = None
    keywords: Sequence[str] = ()
    classifiers: Sequence[str] = ()
    requires_python: str | None = None
    urls: Mapping[str, str] = field(default_factory=dict)

    def text(self) -> str:
        """The content of ``METADATA`` and ``PKG-INFO``."""
        fields: list[tuple[str, str | None]] = [
            ("Metadata-Version", "2.4"),
            ("Name", self.name),
            ("Version", self.version),
            ("Summary", self.summary),
            ("Keywords", ",".join(self.keywords)),
            *self._author(),
            ("License-Expression", self.license),
            *(("Classifier", classifier) for classifier in self.classifiers),
            ("Requires-Python", self.requires_python),
            *(("Project-URL", f"{label}, {url}") for label, url in self.urls.items()),
            ("Description-Content-Type", "text/markdown" if self.readme else None),
        ]
        head = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields if value)
        return f"{head}\n{self.readme}" if self.readme else head

    def _author(self) -> list[tuple[str, str | None]]:
        if not self.email:
            return [("Author", self.author)]
        return [("Author-email", f'"{self.author}" <{self.email}>' if self.author else self.email)]


def normalized(name: str) -> str:
    """A project's name as indexes spell it: lower case, ``-`` for every run of ``-_.``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def file_name(name: str) -> str:
    """A project's name in file names: as `normalized`, with ``_``."""
    return normalized(name).replace("-", "_")


def wheel_name(name: str, version: str, platforms: str) -> str:
    """A wheel's file name; `platforms` is a dotted set of platform tags."""
    return f"{file_name(name)}-{version}-py3-none-{platforms}.whl"


def sdist_name(name: str, version: str) -> str:
    """A source package's file name."""
    return f"{file_name(name)}-{version}.tar.gz"


def wheel_bytes(metadata: Metadata, platforms: str, scripts: Sequence[Entry]) -> bytes:
    """A wheel that installs `scripts` (named by file name) beside the Python interpreter.

    Their mode is kept: pip takes it from the archive, so executables need 0755.
    """
    stem = f"{file_name(metadata.name)}-{metadata.version}"
    info = f"{stem}.dist-info"
    tags = "".join(f"Tag: py3-none-{platform}\n" for platform in platforms.split("."))
    wheel = f"Wheel-Version: 1.0\nGenerator: deployforge\nRoot-Is-Purelib: false\n{tags}"
    entries = [
        *(Entry(f"{stem}.data/scripts/{entry.name}", entry.data, entry.mode) for entry in scripts),
        Entry(f"{info}/METADATA", metadata.text().encode()),
        Entry(f"{info}/WHEEL", wheel.encode()),
    ]
    record = "".join(_record(entry) for entry in entries) + f"{info}/RECORD,,\n"
    return zip_bytes([*entries, Entry(f"{info}/RECORD", record.encode())])


def sdist_bytes(metadata: Metadata, files: Sequence[Entry]) -> bytes:
    """A source package with `files` (named from its root) and its metadata."""
    root = f"{file_name(metadata.name)}-{metadata.version}"
    entries = [Entry("PKG-INFO", metadata.text().encode()), *files]
    return tar_bytes([Entry(f"{root}/{entry.name}", entry.data, entry.mode) for entry in entries])


def _record(entry: Entry) -> str:
    data = entry.read()
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
    name = f'"{entry.name}"' if "," in entry.name else entry.name
    return f"{name},sha256={digest},{len(data)}\n"
