"""A message in the form that a channel takes: from a template, every value escaped for it, as long as it may be."""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from deployforge_tasks.core.markdown import escaped
from deployforge_tasks.notify.happening import DIGEST, GOOD, Happening, Line, Part, headline
from deployforge_tasks.project.render import render_template

_SYMBOLS = {"published": "✓", "skipped": "✓", "ok": "✓", "waiting": "⏸", "failed": "✗", "rolled-back": "↩"}
#: Characters that a single value is shortened to, first what nearly always fits.
_CUTS = (2000, 300, 120)


@dataclass(frozen=True)
class Form:
    """A kind of text: its template below ``templates/notify``, and how values and links are written in it."""

    name: str
    file: str
    value: Callable[[str], str]
    link: Callable[[str], str]


def _plain(text: str) -> str:
    return text


def _slack(text: str) -> str:
    """https://docs.slack.dev/messaging/formatting-message-text#escaping: these three and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


PLAIN = Form("plain", "message.txt", _plain, _plain)
SLACK = Form("slack", "message.txt", _slack, lambda url: _slack(url).replace("|", "%7C"))
MARKDOWN = Form("markdown", "message.md", escaped, lambda url: url.replace("(", "%28").replace(")", "%29"))
TELEGRAM = Form("telegram", "message.html", html.escape, html.escape)
HTML = Form("html", "message.html", html.escape, html.escape)


def length(text: str) -> int:
    """Characters as the strictest service counts them: in UTF-16."""
    return len(text.encode("utf-16-le")) // 2


@dataclass(frozen=True)
class Message:
    """One happening for one channel. `id` is the same whenever it is sent; `templates` is the user's own folder."""

    id: str
    at: datetime
    project: str
    profile: str
    happening: Happening
    templates: Path | None = None

    @property
    def headline(self) -> str:
        return " ".join(headline(self.happening, self.project).split())

    @property
    def good(self) -> bool:
        return self.happening.event in GOOD

    def text(self, form: Form, limit: int, measure: Callable[[str], int] = length) -> str:
        """The message without its headline, never longer than `limit`.

        What is too long is shortened first, then platforms are left out, the good ones before the bad ones, and last
        the parts from the end.

        Raises:
            ConfigError: a template of the user's own cannot be rendered.
        """
        for lines, parts, cut in self._shorter():
            text = self._render(form, lines, parts, cut, self.templates)
            if measure(text) <= limit:
                return text
        return self._render(form, (), (), _CUTS[-1], None)

    def _shorter(self) -> Iterator[tuple[Sequence[Line], Sequence[Part], int]]:
        """Platforms, parts and the length of a value, each time a little less of them."""
        lines, parts = self.happening.lines, self.happening.parts
        for cut in _CUTS:
            yield lines, parts, cut
        keep = len(lines)
        while keep:
            keep //= 2
            yield _worst(lines, keep), parts, _CUTS[-1]
        for count in range(len(parts) - 1, 0, -1):
            yield (), parts[:count], _CUTS[-1]

    def _render(self, form: Form, lines: Sequence[Line], parts: Sequence[Part], cut: int, own: Path | None) -> str:
        names = self._names(form, lines, parts, cut)
        template = f"notify/{'digest-' if self.happening.event == DIGEST else ''}{form.name}"
        with tempfile.TemporaryDirectory(prefix="deployforge-message-") as folder:
            made = render_template(template, names, Path(folder) / "message", own=own)
            text = (made / form.file).read_text("utf-8")
        return re.sub(r"\n{3,}", "\n\n", text).strip()

    def _names(self, form: Form, lines: Sequence[Line], parts: Sequence[Part], cut: int) -> dict[str, Any]:
        happening = self.happening

        def value(text: str) -> str:
            return form.value(_cut(" ".join(text.split()), cut))

        return {
            "headline": value(self.headline),
            "project": value(self.project),
            "version": value(happening.version),
            "profile": value(self.profile),
            "event": happening.event,
            "test": happening.test,
            "run": happening.run,
            "reason": value(happening.reason),
            "hint": value(happening.hint),
            "lines": [_line(line, form, value) for line in lines],
            "more": len(happening.lines) - len(lines),
            "parts": [{"title": value(part.title), "entries": [*map(value, part.entries)]} for part in parts],
        }


def _line(line: Line, form: Form, value: Callable[[str], str]) -> dict[str, str]:
    page = line.page if line.page.startswith(("https://", "http://")) and " " not in line.page else ""
    return {
        "symbol": _SYMBOLS.get(line.outcome, "·"),
        "platform": value(line.platform),
        "outcome": value(line.outcome),
        "reason": value(line.reason),
        "page": form.link(page),
        "hint": value(line.hint),
    }


def _worst(lines: Sequence[Line], count: int) -> list[Line]:
    """So many of the lines, in their order; those that went well are left out first."""
    ranked = sorted(range(len(lines)), key=lambda n: _SYMBOLS.get(lines[n].outcome) == "✓")
    return [lines[n] for n in sorted(ranked[:count])]


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"
