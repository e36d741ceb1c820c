"""Make the charts of the documentation: ``python docs/images/make.py`` (``screenshots.py`` makes the other pictures).

The charts show the sample beside this file. Each is drawn as every other chart of DeployForge, on a ground of its own,
because a page that shows it as an image does not tell it whether it is light or dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import sample

from deployforge_tasks.analytics.charts.ahead import forecast, launches
from deployforge_tasks.analytics.charts.by_day import by_day
from deployforge_tasks.analytics.charts.chart import Chart

FOLDER = Path(__file__).resolve().parent
#: With another version of what draws them the pictures have other bytes.
DRAWN_WITH = "1.9.0"
_GROUND = (
    "<style>svg { background: #fff; color: #1c1e21; } "
    "@media (prefers-color-scheme: dark) { svg { background: #1b1f23; color: #e8eaed; } }</style>"
)


def charts() -> Mapping[str, bytes]:
    """The charts of the sample, by the name of the file."""
    found = sample.downloads()
    npm = found.platforms[0]
    drawn: dict[str, Chart | None] = {
        "downloads.svg": by_day(found),
        "versions.svg": by_day(found, form="percent", by="version"),
        "forecast.svg": forecast("npm: the days to come", npm.daily, sample.forecast()),
        "first-days.svg": launches("npm: first days of each release", sample.launches()),
    }
    return {name: _alone(chart).encode() for name, chart in drawn.items() if chart is not None}


def main() -> None:
    """Write every chart."""
    for name, content in charts().items():
        (FOLDER / name).write_bytes(content)
        print(f"{name}: {len(content) / 1000:.0f} kB")


def _alone(chart: Chart) -> str:
    """A chart as a file of its own."""
    start, rest = chart.svg.split(">", 1)
    return f"{start}>{_GROUND}{rest}\n"


if __name__ == "__main__":
    main()
