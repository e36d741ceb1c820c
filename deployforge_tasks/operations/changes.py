"""What differs between two folders of rendered files."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path

from deployforge_tasks.core.redact import redactor

#: Bytes above which a file is compared by its digest only.
_LARGEST = 1_000_000


@dataclass(frozen=True)
class FileChange:
    """One rendered file that is not the same.

    `kind` is ``added removed changed``; `added` and `removed` count lines; `old` and `new` are sha256 in hex, None
    where the file is not there; `diff` is the unified diff, empty for a `binary` file.
    """

    path: str
    kind: str
    added: int
    removed: int
    binary: bool
    old: str | None
    new: str | None
    diff: str


def compare_folders(old: Path | None, new: Path, versions: tuple[str, str]) -> tuple[FileChange, ...]:
    """Every file that differs, by path.

    Args:
        old: the folder before; None when there was nothing.
        new: the folder now.
        versions: the old and the new version: files whose names hold it are the same file.
    """
    before = _files(old, versions[0]) if old is not None else {}
    after = _files(new, versions[1])
    return tuple(_changes(before, after))


def _files(folder: Path, version: str) -> Mapping[str, tuple[str, Path]]:
    """The files by a path without the version, each with its own path."""
    if not folder.is_dir():
        return {}
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in files}
    return {without_version(name, version): (name, path) for name, path in named.items()}


def without_version(name: str, version: str) -> str:
    """The name with the version marked, so that names of two versions can be compared."""
    return name.replace(version, "{version}") if version else name


def _changes(before: Mapping[str, tuple[str, Path]], after: Mapping[str, tuple[str, Path]]) -> Iterator[FileChange]:
    for key in sorted({*before, *after}):
        old_name, old = before.get(key, (None, None))
        new_name, new = after.get(key, (None, None))
        old_bytes, new_bytes = (path.read_bytes() if path else None for path in (old, new))
        if old_bytes != new_bytes:
            yield _change(old_name, old_bytes, new_name, new_bytes)


def _change(old_name: str | None, old: bytes | None, new_name: str | None, new: bytes | None) -> FileChange:
    path = new_name or old_name or ""
    kind = "added" if old is None else "removed" if new is None else "changed"
    digests = (_digest(old), _digest(new))
    texts = (_text(old), _text(new))
    if texts[0] is None or texts[1] is None:
        return FileChange(path, kind, 0, 0, True, *digests, "")
    lines = _unified(texts[0], texts[1], old_name, new_name)
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    return FileChange(path, kind, added, removed, False, *digests, "\n".join(lines))


def _unified(old: str, new: str, old_name: str | None, new_name: str | None) -> list[str]:
    before = f"a/{old_name}" if old_name else "/dev/null"
    after = f"b/{new_name}" if new_name else "/dev/null"
    return list(unified_diff(old.splitlines(), new.splitlines(), before, after, lineterm=""))


def _digest(data: bytes | None) -> str | None:
    return None if data is None else hashlib.sha256(data).hexdigest()


def _text(data: bytes | None) -> str | None:
    """The file as text without secrets; None for a picture, a program, or what is too large to compare by lines."""
    if data is None:
        return ""
    if len(data) > _LARGEST or b"\0" in data:
        return None
    try:
        return redactor.text(data.decode("utf-8"))
    except UnicodeDecodeError:
        return None
