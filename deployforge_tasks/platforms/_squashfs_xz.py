"""One xz stream of a single block, as liblzma writes it when it has the whole input at once.

Squashfs tools compress that way (``lzma_stream_buffer_encode``), and the result differs from a streaming encoder's: the
block's header tells both sizes. Python's `lzma` only streams, so it gives the raw LZMA2 data and the container is
written here (https://tukaani.org/xz/xz-file-format.txt).
"""

from __future__ import annotations

import lzma
import struct
import zlib

_STREAM_FLAGS = b"\x00\x01"  # integrity check: CRC32
_BOTH_SIZES = 0xC0
_LZMA2 = 0x21
_LZMA2_CHUNK = 1 << 16


def xz_block(data: bytes, dictionary: int) -> bytes:
    """The data as an xz stream. `dictionary` is its dictionary's size in bytes, a power of two of at least 4096."""
    filters = [{"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": dictionary}]
    packed = lzma.compress(data, format=lzma.FORMAT_RAW, filters=filters)
    header = _block_header(len(data), len(packed), dictionary)
    block = header + packed + bytes(-len(packed) % 4) + _crc(data)
    index = _index(len(header) + len(packed) + 4, len(data))
    tail = struct.pack("<I", len(index) // 4 - 1) + _STREAM_FLAGS
    return b"\xfd7zXZ\x00" + _STREAM_FLAGS + _crc(_STREAM_FLAGS) + block + index + _crc(tail) + tail + b"YZ"


def _block_header(size: int, packed: int, dictionary: int) -> bytes:
    """The block's header, as long as the largest possible compressed size would make it: liblzma reserves it before."""
    properties = bytes([_LZMA2, 1, 2 * (dictionary.bit_length() - 1 - 12)])
    largest = size + -(-size // _LZMA2_CHUNK) * 3 + 1
    reserved = 2 + len(_number(largest)) + len(_number(size)) + len(properties)
    length = reserved + -reserved % 4
    fields = bytes([length // 4, _BOTH_SIZES]) + _number(packed) + _number(size) + properties
    fields += bytes(length - len(fields))
    return fields + _crc(fields)


def _index(unpadded: int, size: int) -> bytes:
    fields = b"\x00\x01" + _number(unpadded) + _number(size)
    fields += bytes(-len(fields) % 4)
    return fields + _crc(fields)


def _number(value: int) -> bytes:
    """Seven bits a byte, lowest first."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _crc(data: bytes) -> bytes:
    return struct.pack("<I", zlib.crc32(data))
