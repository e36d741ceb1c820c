"""False alarms of every statistical claim on noise: ``python -m tests.bench.claims [SERIES]``."""

from __future__ import annotations

import sys
import time

from tests.analytics.noise import QUESTIONS, false_alarms
from tests.analytics.planted import NOISES

DAYS = (90, 180, 365)


def main(series: int) -> None:
    print(f"claims on noise, of {series} series each; at most 1 % is meant")
    print(f"{'question':<14}{'days':>6}" + "".join(f"{noise:>16}" for noise in NOISES) + f"{'ms each':>10}")
    for question in QUESTIONS:
        for days in DAYS:
            start = time.perf_counter()
            found = [false_alarms(question, noise, days, series) for noise in NOISES]
            each = 1000 * (time.perf_counter() - start) / series / len(NOISES)
            print(f"{question:<14}{days:>6}" + "".join(f"{100 * one:>14.1f} %" for one in found) + f"{each:>10.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 300)
