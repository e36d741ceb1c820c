"""The metrics of a project as OpenMetrics text (https://prometheus.io/docs/specs/om/open_metrics_spec/)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from deployforge_tasks.analytics.export import platform_metrics

if TYPE_CHECKING:
    from deployforge_tasks.analytics.series import Downloads
    from deployforge_tasks.operations.overview import Overview

CONTENT_TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"
Sample = tuple[str, Mapping[str, str], float]
_STATES = (
    *("queued", "running", "published", "skipped", "ok"),
    *("waiting", "blocked", "failed", "unfinished", "rolled_back"),
)


def metrics(found: Overview, counted: Downloads, viewers: int) -> str:
    """The whole document."""
    return "".join(f"{line}\n" for line in [*_lines(found, counted, viewers), "# EOF"])


def _lines(found: Overview, counted: Downloads, viewers: int) -> Iterator[str]:
    run, states = found.run, [row for row in found.rows if row.now is not None]
    yield from _family(
        "deployforge_platform_state",
        "stateset",
        "Where a platform is in its newest run.",
        [
            ("", {"platform": row.platform, "deployforge_platform_state": state}, float(row.state == state))
            for row in states
            for state in _STATES
        ],
    )
    yield from _family(
        "deployforge_platform_behind",
        "gauge",
        "Releases that the users of a platform are behind, by the last look.",
        [("", {"platform": row.platform}, float(row.behind)) for row in found.rows if row.presence],
    )
    if run is not None:
        about = {"run": str(run.number), "version": run.version, "state": run.state, "outcome": run.outcome or ""}
        yield from _family("deployforge_run", "info", "The newest run.", [("_info", about, 1.0)])
        counts = [("", {"state": name}, float(count)) for name, count in sorted(run.counts.items())]
        yield from _family("deployforge_run_platforms", "gauge", "Platforms of the newest run by state.", counts)
        begin: list[Sample] = [("", {}, run.started_at.timestamp())]
        yield from _family("deployforge_run_started_seconds", "gauge", "When the newest run began.", begin, "seconds")
    yield from platform_metrics(counted)
    yield from _family("deployforge_viewers", "gauge", "Open event streams.", [("", {}, float(viewers))])


def _family(name: str, kind: str, about: str, samples: Iterable[Sample], unit: str = "") -> Iterator[str]:
    yield f"# TYPE {name} {kind}"
    if unit:
        yield f"# UNIT {name} {unit}"
    yield f"# HELP {name} {about}"
    for suffix, labels, value in samples:
        shown = ",".join(f'{key}="{_escaped(text)}"' for key, text in labels.items())
        yield f"{name}{suffix}{f'{{{shown}}}' if shown else ''} {value:.10g}"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
