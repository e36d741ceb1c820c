"""Pages from Jinja templates: always escaped, no inline script or style; static files are named by what they hold."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from deployforge_tasks.core.markup import code
from deployforge_tasks.dashboard.elements import action, bind
from deployforge_tasks.dashboard.guard import Visitor
from deployforge_tasks.dashboard.looks import look
from deployforge_tasks.dashboard.navigation import Entry, entries
from deployforge_tasks.dashboard.shortcuts import COOKIE, shortcuts
from deployforge_tasks.dashboard.ticks import ticks
from deployforge_tasks.dashboard.values import duration
from deployforge_tasks.operations.ansi import Piece, marked, pieces

HERE = Path(__file__).parent
STATIC = HERE / "static"
THEMES = ("auto", "light", "dark")


def page(request: Request, template: str, *, status: int = 200, **context: Any) -> HTMLResponse:
    """Render ``templates/<template>`` for a request; `title` is needed."""
    return HTMLResponse(render(request, template, context), status_code=status)


def render(request: Request, template: str, context: Mapping[str, Any]) -> str:
    """The HTML of a template; also for parts that a stream sends."""
    found: Visitor | None = getattr(request.state, "visitor", None)
    theme = request.cookies.get("theme", "auto")
    shared = {
        "request": request,
        "visitor": found,
        "navigation": _navigation(request, found),
        "project": request.app.state.desk.project,
        "profile": request.app.state.desk.loaded.profile,
        "config_problem": request.app.state.desk.problem,
        "action": partial(action, found),
        "theme": theme if theme in THEMES else "auto",
        "shortcuts": shortcuts(entry for entry in entries() if found is not None and found.can(entry.needs)),
        "letters_off": request.cookies.get(COOKIE) == "off",
        "kiosk": request.query_params.get("kiosk") == "1",
    }
    return _environment().get_template(template).render({**shared, **context})


def _navigation(request: Request, visitor: Visitor | None) -> list[tuple[Entry, bool]]:
    path = request.url.path
    allowed = [entry for entry in entries() if visitor is not None and visitor.can(entry.needs)]
    return [
        (entry, path == entry.path or (entry.path != "/" and path.startswith(f"{entry.path}/"))) for entry in allowed
    ]


@cache
def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(time=time_tag, duration=duration, ticks=ticks, state=state_tag, ansi=ansi)
    made.filters.update(code=code, number=number, amount=amount, size=size)
    made.globals.update(static=static_path, look=look, bind=bind)
    return made


@cache
def static_version() -> str:
    """Changes when any static file does: their paths hold it, so that browsers may keep them for ever."""
    digest = hashlib.sha256()
    for file in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        digest.update(file.relative_to(STATIC).as_posix().encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]


def static_path(name: str) -> str:
    """The path of a static file (``css/base.css``)."""
    return f"/static/{static_version()}/{name}"


def time_tag(value: datetime | None) -> Markup:
    """A moment as ``<time>``: UTC without scripts, the reader's own zone with them."""
    if value is None:
        return Markup("")
    return Markup('<time datetime="{}">{} UTC</time>').format(value.isoformat(), f"{value:%Y-%m-%d %H:%M:%S}")


def number(value: float | None) -> str:
    """``10,572``; an en dash for None."""
    return "\N{EN DASH}" if value is None else f"{value:,.0f}"


def amount(value: float | str | None) -> str:
    """A number as it is, thousands apart and at most two digits behind the point; other texts are left alone."""
    if isinstance(value, str) or value is None:
        return value or ""
    return number(value) if value == int(value) else f"{value:,.2f}"


def size(count: int) -> str:
    """``412 B``, ``412 kB``, ``18.2 MB``."""
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:.0f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


def ansi(text: str, span: tuple[int, int] | None = None) -> list[Piece]:
    """A line of a log with its styles; what stands from `span` to its end is what was looked for."""
    found = pieces(text)
    return marked(found, *span) if span else found


def state_tag(state: str) -> Markup:
    """A state as glyph, word and colour."""
    found = look(state)
    return Markup('<span class="state {}"><span aria-hidden="true">{}</span> {}</span>').format(
        found.kind, found.glyph, found.word
    )
