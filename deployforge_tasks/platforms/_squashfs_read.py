"""Taking one file out of a squashfs image that was written here (basic inodes, xz, no fragments)."""

from __future__ import annotations

import lzma
import struct
from pathlib import Path, PurePosixPath

from deployforge_tasks.core.errors import VerifyError

_NOT_PACKED_BLOCK, _NOT_PACKED_META = 1 << 24, 0x8000
_LARGEST = 1 << 32


def read_file(image: Path, name: str) -> bytes:
    """The content of the file of that name.

    Raises:
        VerifyError: it is not in the image, or the image is damaged or of another kind.
    """
    try:
        return _Reader(image.read_bytes()).file(PurePosixPath(name))
    except (struct.error, lzma.LZMAError, IndexError) as error:
        raise VerifyError(
            f"{image.name} cannot be read: {error}", hint="look at it with unsquashfs", code="DF5322"
        ) from error


class _Reader:
    def __init__(self, image: bytes) -> None:
        self._image = image
        self._block: int = struct.unpack_from("<I", image, 12)[0]
        self._root: int = struct.unpack_from("<Q", image, 32)[0]
        self._inodes_at, self._folders_at = struct.unpack_from("<QQ", image, 64)

    def file(self, name: PurePosixPath) -> bytes:
        inode = self._inode(self._root >> 16, self._root & 0xFFFF)
        for part in name.parts:
            inode = self._child(inode, part.encode())
        start, _, _, size = struct.unpack_from("<IIII", inode, 16)
        if struct.unpack_from("<H", inode)[0] != 2 or size >= _LARGEST:
            raise IndexError(f"{name} is no plain file")
        return self._content(start, size, struct.unpack_from(f"<{-(-size // self._block)}I", inode, 32))

    def _child(self, folder: bytes, name: bytes) -> bytes:
        block, _, length, offset = struct.unpack_from("<IIHH", folder, 16)
        listing = self._metadata(self._folders_at + block, offset + length)[offset:][: length - 3]
        at = 0
        while at < len(listing):
            count, start, _ = struct.unpack_from("<III", listing, at)
            at += 12
            for _ in range(count + 1):
                place, _, _, size = struct.unpack_from("<HhHH", listing, at)
                if listing[at + 8 :][: size + 1] == name:
                    return self._inode(start, place)
                at += 9 + size
        raise IndexError(f"there is no {name.decode()}")

    def _inode(self, block: int, offset: int) -> bytes:
        return self._metadata(self._inodes_at + block, offset + (1 << 16))[offset:]

    def _metadata(self, at: int, wanted: int) -> bytes:
        """Unpacked metadata from a block on, at least `wanted` bytes if the table has them."""
        out = b""
        end = self._folders_at if at < self._folders_at else struct.unpack_from("<Q", self._image, 80)[0]
        while len(out) < wanted and at < end:
            (head,) = struct.unpack_from("<H", self._image, at)
            raw = self._image[at + 2 :][: head & ~_NOT_PACKED_META]
            out += raw if head & _NOT_PACKED_META else lzma.decompress(raw)
            at += 2 + len(raw)
        return out

    def _content(self, at: int, size: int, blocks: tuple[int, ...]) -> bytes:
        out = bytearray()
        for block in blocks:
            length = block & ~_NOT_PACKED_BLOCK
            raw = self._image[at : at + length]
            if not length:
                out += bytes(min(self._block, size - len(out)))
            else:
                out += raw if block & _NOT_PACKED_BLOCK else lzma.decompress(raw)
            at += length
        return bytes(out)
