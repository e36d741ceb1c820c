"""The moments that a time axis names: round ones, a few of them."""

from __future__ import annotations

_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400)
_MOST = 8


def ticks(seconds: float) -> list[float]:
    """Seconds from 0 to at most `seconds`, in round steps; never more than nine of them."""
    step = next((step for step in _STEPS if seconds / step <= _MOST), seconds / _MOST)
    return [number * step for number in range(int(seconds / step) + 1)]
