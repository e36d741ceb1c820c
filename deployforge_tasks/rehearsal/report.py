"""The report of a rehearsal: one HTML page that needs nothing else, and the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from html import escape
from pathlib import Path

from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.files import write_atomic


@dataclass(frozen=True)
class Row:
    """One platform of a rehearsal.

    `published` is an outcome (``published``, ``waiting``, ``failed``, ``blocked``, ``not rehearsed``);
    `installed_with` the client (``npm 11.19``, ``download: npm is not on this machine``); `said` what the program
    printed; `note` the reason or the error; `seconds` the platform's own time.
    """

    platform: str
    title: str
    published: str
    registry: str
    installed_with: str
    said: str
    seconds: float
    note: str = ""
    good: bool = True


@dataclass(frozen=True)
class Report:
    """A finished rehearsal."""

    project: str
    version: str
    at: datetime
    seconds: float
    rows: tuple[Row, ...]

    @property
    def good(self) -> bool:
        return all(row.good for row in self.rows)


def write(report: Report, folder: Path) -> Path:
    """Write ``rehearsal.html`` and ``rehearsal.json``; returns the page."""
    data = {"schema": 1, **asdict(report), "at": report.at.isoformat(), "good": report.good}
    write_atomic(folder / "rehearsal.json", redactor.text(json.dumps(data, indent=2)) + "\n")
    page = folder / "rehearsal.html"
    write_atomic(page, redactor.text(_page(report)))
    return page


_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .45rem .7rem; border-bottom: 1px solid #8884; vertical-align: top; }
td:nth-child(6) { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.good { color: #1a7f37; } .bad { color: #cf222e; } .bar { height: .5rem; background: #4493f8; border-radius: 2px; }
code { font-family: ui-monospace, monospace; } small { opacity: .75; }
"""


def _page(report: Report) -> str:
    passed = sum(row.good for row in report.rows)
    title = f"{report.project} {report.version}: rehearsal"
    slowest = max((row.seconds for row in report.rows), default=0.0) or 1.0
    body = "\n".join(_row(row, slowest) for row in report.rows)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>\n'
        f"<h1>{escape(title)}</h1>\n"
        f"<p>{passed} of {len(report.rows)} platforms: published, installed back and run, in {report.seconds:.1f} s "
        f"({escape(report.at.strftime('%Y-%m-%d %H:%M UTC'))}).</p>\n"
        "<table><thead><tr><th>Platform</th><th>Published</th><th>Registry</th><th>Installed with</th>"
        "<th>The program said</th><th>Time</th></tr></thead><tbody>\n"
        f"{body}\n</tbody></table>\n</body></html>\n"
    )


def _row(row: Row, slowest: float) -> str:
    mark, kind = ("✓", "good") if row.good else ("✗", "bad")
    note = f"<br><small>{escape(row.note)}</small>" if row.note else ""
    width = round(100 * row.seconds / slowest)
    return (
        f'<tr><td><span class="{kind}">{mark}</span> {escape(row.title)}</td><td>{escape(row.published)}{note}</td>'
        f"<td>{escape(row.registry)}</td><td>{escape(row.installed_with)}</td><td><code>{escape(row.said)}</code></td>"
        f'<td>{row.seconds:.1f} s<div class="bar" style="width:{width}%"></div></td></tr>'
    )


def table(rows: Sequence[Row]) -> list[tuple[str, str, str, str, str]]:
    """The rows of the one table that a rehearsal prints: platform, published, installed with, program said, time."""
    return [(r.platform, r.published, r.installed_with, r.said, f"{r.seconds:.1f}s") for r in rows]
