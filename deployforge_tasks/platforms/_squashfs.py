"""Writing a squashfs image: the bytes that mksquashfs 4.5 gives with snapd's arguments, without mksquashfs.

That is ``-noappend -comp xz -no-fragments -no-xattrs -all-root`` with SOURCE_DATE_EPOCH set. The snap store packs an
upload again and compares, so the bytes matter; a test compares them with the real tool's. The format is described in
https://dr-emann.github.io/squashfs/squashfs.html.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.effects.files import EPOCH
from deployforge_tasks.platforms._squashfs_xz import xz_block

_BLOCK = 131072
_META = 8192
_FLAGS = 0x02D0  # no fragments, duplicates removed, exportable, no extended attributes
_RAW_BLOCK, _RAW_META = 1 << 24, 0x8000
_NOTHING = 0xFFFFFFFF
_NO_TABLE = 0xFFFFFFFFFFFFFFFF
_DIRECTORY, _FILE = 1, 2
_MAX_SIZE = 1 << 32
_MAX_ENTRIES = 256  # a directory header counts so far; more need another header


@dataclass
class _Node:
    """A file or folder; `where` is its inode's place: start of the metadata block and offset in it."""

    path: Path
    number: int
    children: list[_Node] = field(default_factory=list)
    where: tuple[int, int] = (0, 0)

    @property
    def kind(self) -> int:
        return _DIRECTORY if self.path.is_dir() else _FILE


class _Table:
    """A metadata table: a stream cut into blocks of 8 KiB, each compressed by itself."""

    def __init__(self) -> None:
        self._done = bytearray()
        self._open = bytearray()

    def add(self, data: bytes) -> tuple[int, int]:
        """Append; returns the place where it starts."""
        place = (len(self._done), len(self._open))
        self._open += data
        while len(self._open) >= _META:
            self._flush(_META)
        return place

    def close(self) -> bytes:
        if self._open:
            self._flush(len(self._open))
        return bytes(self._done)

    @property
    def place(self) -> tuple[int, int]:
        return len(self._done), len(self._open)

    def _flush(self, size: int) -> None:
        raw = bytes(self._open[:size])
        packed = xz_block(raw, _META)
        small = len(packed) < len(raw)
        self._done += struct.pack("<H", len(packed) if small else len(raw) | _RAW_META) + (packed if small else raw)
        del self._open[:size]


def squashfs_bytes(folder: Path, executable: Collection[Path]) -> bytes:
    """The image of a folder of plain files and folders: all owned by root, all with the one date.

    Args:
        executable: the files that get mode 0755 (file systems do not tell everywhere); the others get 0644.

    Raises:
        PreflightError: a file is too large for this writer (4 GiB), or a folder has too many entries.
    """
    return _Writer(folder, executable).image()


class _Writer:
    def __init__(self, folder: Path, executable: Collection[Path]) -> None:
        self._executable = frozenset(executable)
        self._data = bytearray()
        self._inodes, self._folders = _Table(), _Table()
        self._seen: dict[bytes, tuple[int, list[int]]] = {}
        self._nodes: list[_Node] = []
        self._root = _Node(folder, 0)
        self._number(self._root)
        self._root.number = len(self._nodes) + 1
        self._nodes.append(self._root)

    def image(self) -> bytes:
        self._write_folder(self._root, parent=self._root.number + 1)
        start = 96 + len(self._data)
        inodes, folders = self._inodes.close(), self._folders.close()
        directories_at = start + len(inodes)
        fragments_at = directories_at + len(folders)
        export, export_at = self._lookup(
            b"".join(struct.pack("<Q", n.where[0] << 16 | n.where[1]) for n in self._nodes), fragments_at
        )
        ids, ids_at = self._lookup(struct.pack("<I", 0), fragments_at + len(export))
        used = fragments_at + len(export) + len(ids)
        block, offset = self._root.where
        head = struct.pack(
            "<4sIIIIHHHHHHQQQQQQQQ",
            b"hsqs", len(self._nodes), EPOCH, _BLOCK, 0, 4, _BLOCK.bit_length() - 1, _FLAGS, 1, 4, 0,
            block << 16 | offset, used, ids_at, _NO_TABLE, start, directories_at, fragments_at, export_at,
        )  # fmt: skip
        body = head + bytes(self._data) + inodes + folders + export + ids
        return body + bytes(-len(body) % 4096)

    def _number(self, folder: _Node) -> None:
        """Number everything below a folder, depth first in the order of the names' bytes; the root comes last."""
        for path in sorted(folder.path.iterdir(), key=lambda p: p.name.encode()):
            node = _Node(path, len(self._nodes) + 1)
            self._nodes.append(node)
            folder.children.append(node)
            if node.kind == _DIRECTORY:
                self._number(node)

    def _write_folder(self, folder: _Node, parent: int) -> None:
        """Children first, then the folder's listing and its inode."""
        for child in folder.children:
            if child.kind == _DIRECTORY:
                self._write_folder(child, folder.number)
            else:
                self._write_file(child)
        listing = self._listing(folder)
        block, offset = self._folders.place
        self._folders.add(listing)
        links = 2 + sum(1 for child in folder.children if child.kind == _DIRECTORY)
        rest = struct.pack("<IIHHI", block, links, len(listing) + 3, offset, parent)
        folder.where = self._inodes.add(self._inode_head(folder) + rest)

    def _listing(self, folder: _Node) -> bytes:
        """Runs of entries whose inodes start in the same metadata block, each run with a header."""
        if len(folder.children) > _MAX_ENTRIES:
            raise _too_much(f"{folder.path.name} has more than {_MAX_ENTRIES} entries")
        out, run = b"", list[_Node]()
        for child in [*folder.children, None]:
            if run and (child is None or child.where[0] != run[0].where[0]):
                first = run[0]
                out += struct.pack("<III", len(run) - 1, first.where[0], first.number)
                for node in run:
                    name = node.path.name.encode()
                    out += (
                        struct.pack("<HhHH", node.where[1], node.number - first.number, node.kind, len(name) - 1) + name
                    )
                run = []
            run += [child] if child else []
        return out

    def _write_file(self, node: _Node) -> None:
        content = node.path.read_bytes()
        if len(content) + len(self._data) >= _MAX_SIZE:
            raise _too_much(f"{node.path.name} makes it larger than 4 GiB")
        start, sizes = (0, list[int]()) if not content else self._blocks(content)
        rest = struct.pack(f"<IIII{len(sizes)}I", start, _NOTHING, 0, len(content), *sizes)
        node.where = self._inodes.add(self._inode_head(node) + rest)

    def _blocks(self, content: bytes) -> tuple[int, list[int]]:
        """Write a file's blocks (once for the same content); empty ones are only counted."""
        if content not in self._seen:
            start, sizes = 96 + len(self._data), list[int]()
            for at in range(0, len(content), _BLOCK):
                raw = content[at : at + _BLOCK]
                packed = xz_block(raw, _BLOCK) if any(raw) else b""
                stored = packed if len(packed) < len(raw) else raw
                sizes.append(len(stored) | (_RAW_BLOCK if stored is raw else 0))
                self._data += stored
            self._seen[content] = (start, sizes)
        return self._seen[content]

    def _inode_head(self, node: _Node) -> bytes:
        open_to_all = node.kind == _DIRECTORY or node.path in self._executable
        return struct.pack("<HHHHII", node.kind, 0o755 if open_to_all else 0o644, 0, 0, EPOCH, node.number)

    @staticmethod
    def _lookup(content: bytes, at: int) -> tuple[bytes, int]:
        """A table behind an index of its blocks' addresses; returns both and the address of the index."""
        blocks, addresses = b"", b""
        for start in range(0, len(content), _META):
            table = _Table()
            table.add(content[start : start + _META])
            addresses += struct.pack("<Q", at + len(blocks))
            blocks += table.close()
        return blocks + addresses, at + len(blocks)


def _too_much(what: str) -> PreflightError:
    return PreflightError(f"the snap cannot be packed: {what}", hint="leave files out", code="DF3320")
