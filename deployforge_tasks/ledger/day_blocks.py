"""The days of a year in one value: 64-bit numbers, lowest byte first, from 1 January on; -1 is a day not known."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Mapping
from datetime import date

_UNKNOWN = -1


def unpack(block: bytes) -> list[int | None]:
    """The counts from 1 January to the last day that is known."""
    return [None if count < 0 else count for count in _numbers(block)]


def changed(block: bytes, days: Mapping[int, int], *, fill_only: bool = False) -> tuple[bytes, int]:
    """The block with some days of its year set, and how many of them differ from before.

    Args:
        block: as it was; empty for a new year.
        days: counts by the number of the day in its year, from 0 on.
        fill_only: leave days alone that are known already.
    """
    numbers = _numbers(block)
    missing = max(days, default=-1) + 1 - len(numbers)
    numbers.extend([_UNKNOWN] * missing)
    different = 0
    for number, count in days.items():
        if numbers[number] != count and not (fill_only and numbers[number] >= 0):
            numbers[number] = count
            different += 1
    return _bytes(numbers), different


def without(block: bytes, first: int, last: int) -> bytes:
    """The block with days, both included, that are not known."""
    numbers = _numbers(block)
    for number in range(first, min(last + 1, len(numbers))):
        numbers[number] = _UNKNOWN
    return _bytes(numbers)


def place(day: date) -> int:
    """The number of a day in its year, from 0 on."""
    return day.timetuple().tm_yday - 1


def _numbers(block: bytes) -> array[int]:
    numbers = array("q")
    numbers.frombytes(block)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def _bytes(numbers: array[int]) -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()
