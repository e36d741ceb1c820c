"""Drawing a Vega-Lite specification as SVG, in this process and without a browser."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import threading
from collections.abc import Mapping
from functools import lru_cache
from html import escape
from typing import Any

from deployforge_tasks.core.errors import ConfigError

#: Pictures that are kept: they are asked for again and again while their numbers stay the same.
_KEPT = 256
_VEGA_LITE = "6.4"
#: Texts are measured with the font that the engine brings along, so that the bytes are the same on every machine, and
#: shown with the reader's own, which is about as wide.
MEASURED_WITH = "Liberation Sans"
_SHOWN_WITH = "system-ui, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif"
_lock = threading.Lock()  # the engine inside is one for the process


def draw(spec: Mapping[str, Any], title: str, description: str) -> str:
    """The SVG of a specification, which says in words what it shows.

    It has no style attributes and no scripts, so that it fits into a page with a strict content policy; names inside
    are its own, so that several fit into one page. The same specification gives the same bytes.

    Raises:
        ConfigError: the package that draws is not installed.
    """
    return _drawn(json.dumps(spec, sort_keys=True, ensure_ascii=False), title, description)


def warm_up() -> threading.Thread:
    """Start the engine in the background, which takes half a second, so that the first page with a chart need not wait.

    Without the package that draws nothing happens: whoever asks for a chart hears of it.
    """
    thread = threading.Thread(target=_begin, name="charts", daemon=True)
    thread.start()
    return thread


def _begin() -> None:
    with contextlib.suppress(ConfigError):
        draw({"data": {"values": [{"x": 1}]}, "mark": "point"}, "", "")


@lru_cache(_KEPT)
def _drawn(spec: str, title: str, description: str) -> str:
    try:
        import vl_convert
    except ModuleNotFoundError as error:
        raise ConfigError(
            "charts need the `vl-convert-python` package",
            hint="install it with `pip install 'deployforge[analytics]'`",
            code="DF3901",
        ) from error
    with _lock:
        svg: str = vl_convert.vegalite_to_svg(json.loads(spec), vl_version=_VEGA_LITE)
    return _named(svg, title, description)


def _named(svg: str, title: str, description: str) -> str:
    """With names of its own, and its words for those who cannot see it."""
    own = "c" + hashlib.sha256((svg + title).encode()).hexdigest()[:10]
    svg = re.sub(r'id="([^"]+)"', rf'id="{own}-\1"', svg)
    svg = re.sub(r"url\(#([^)]+)\)", rf"url(#{own}-\1)", svg)
    svg = svg.replace(f'font-family="{MEASURED_WITH}"', f'font-family="{_SHOWN_WITH}"')
    start, rest = svg.split(">", 1)
    words = f'<title id="{own}-t">{escape(title)}</title><desc id="{own}-d">{escape(description)}</desc>'
    return f'{start} role="img" aria-labelledby="{own}-t" aria-describedby="{own}-d">{words}{rest}'
