"""Many viewers at once, on real sockets: the benchmark made small."""

from __future__ import annotations

from tests.bench.viewers import measure


def test_each_of_many_viewers_is_told_everything_once() -> None:
    viewers = 100
    told, _ = measure(viewers, rate=20, seconds=2)
    assert told.received == viewers * told.events
    assert told.twice == 0
