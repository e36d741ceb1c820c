"""The report of a rehearsal: one HTML page that needs nothing else, and the same as JSON."""

from __future__ import annotations

import json
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
    printed; `note` the reason or the error and `hint` what to do about it; `seconds` the platform's own time.
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
    hint: str = ""

    @property
    def downloaded(self) -> bool:
        """Whether nothing was installed: only what a client would download was compared."""
        return self.installed_with.startswith("download:")


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

    @property
    def summary(self) -> str:
        """How many were published, and how that was proven."""
        good = [row for row in self.rows if row.good]
        downloaded = sum(row.downloaded for row in good)
        installed = f"{len(good) - downloaded} installed back with their own client"
        rest = f", {downloaded} checked by download" if downloaded else ""
        return f"{len(good)} of {len(self.rows)} platforms passed: {installed}{rest}"


def write(report: Report, folder: Path) -> Path:
    """Write ``rehearsal.html`` and ``rehearsal.json``; returns the page."""
    data = {
        "schema": "deployforge.rehearsal-report/1",
        **asdict(report),
        "at": report.at.isoformat(),
        "good": report.good,
    }
    write_atomic(folder / "rehearsal.json", redactor.text(json.dumps(data, indent=2)) + "\n")
    page = folder / "rehearsal.html"
    write_atomic(page, redactor.text(_page(report)))
    return page


_STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; --line: #8883; --dim: #6a737d;
  --good: #1a7f37; --bad: #cf222e; --bar: #4493f8; }
@media (prefers-color-scheme: dark) { :root { --good: #3fb950; --bad: #f85149; --dim: #9aa4ae; } }
body { max-width: 76rem; margin: 2rem auto; padding: 0 1rem; }
h1 { margin-bottom: .2rem; font-size: 1.6rem; } p { margin-top: 0; color: var(--dim); }
.scroll { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th { font-weight: 600; font-size: .85rem; color: var(--dim); white-space: nowrap; }
th, td { text-align: left; padding: .5rem .7rem; border-bottom: 1px solid var(--line); vertical-align: top; }
td:first-child, td:nth-child(3), td:last-child { white-space: nowrap; }
td:nth-child(5) { min-width: 11rem; } td:last-child, th:last-child { text-align: right; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim, small { color: var(--dim); }
.bar { height: .25rem; margin: .2rem 0 0 auto; background: var(--bar); border-radius: 2px; min-width: 2px; }
code { font-family: ui-monospace, monospace; font-size: .9rem; }
"""
_HEAD = ("Platform", "Published", "Registry", "Installed with", "The program said", "Time")


def _page(report: Report) -> str:
    title = f"{report.project} {report.version}: rehearsal"
    slowest = max((row.seconds for row in report.rows), default=0.0) or 1.0
    head = "".join(f'<th scope="col">{name}</th>' for name in _HEAD)
    body = "\n".join(_row(row, slowest) for row in report.rows)
    kind = "good" if report.good else "bad"
    when = report.at.strftime("%Y-%m-%d %H:%M UTC")
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head><body>\n'
        f'<h1>{escape(title)}</h1>\n<p><strong class="{kind}">{escape(report.summary)}</strong>, '
        f"in {report.seconds:.1f} s, {when}. Nothing was sent beyond this machine.</p>\n"
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>\n{body}\n</tbody></table></div>\n'
        "</body></html>\n"
    )


def _row(row: Row, slowest: float) -> str:
    mark, kind, word = ("✓", "good", "passed") if row.good else ("✗", "bad", "did not pass")
    notes = "".join(f"<br><small>{escape(text)}</small>" for text in (row.note, row.hint) if text)
    proof = f'<span class="dim">{escape(row.installed_with)}</span>' if row.downloaded else escape(row.installed_with)
    width = round(100 * row.seconds / slowest)
    return (
        f'<tr><td><span class="{kind}" role="img" aria-label="{word}">{mark}</span> {escape(row.title)}</td>'
        f"<td>{escape(row.published)}{notes}</td><td>{escape(row.registry)}</td><td>{proof}</td>"
        f"<td><code>{escape(row.said)}</code></td>"
        f'<td>{row.seconds:.1f} s<div class="bar" style="width:{width}%"></div></td></tr>'
    )
