"""What live pages show of a run, as values by key: templates put them in, the stream sends those that changed.

A key names a run and a part of it: ``42.npm.state``. A value is a text, a number from 0 to 1 (a bar), or the parts of
a state or of a time that goes on; `rendering.bound` makes an element of it, ``static/js/live.js`` changes that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.dashboard.looks import look
from deployforge_tasks.operations.progress import first_line

if TYPE_CHECKING:
    from datetime import datetime

    from deployforge_tasks.operations.progress import PlatformNow, RunNow, StageNow

Value = str | float | dict[str, str]
Values = dict[str, Value]

#: What is counted in the head of a run, in that order.
_COUNTS = ("ok", "failed", "blocked", "waiting", "rolled_back", "running", "unfinished", "queued")


def of_run(run: RunNow) -> Values:
    """The head of a run."""
    key = str(run.number)
    return {
        f"{key}.state": state(run.outcome or run.state),
        f"{key}.counts": counts(run),
        f"{key}.left": "" if run.left is None else f"about {duration(run.left)} left",
        f"{key}.elapsed": elapsed(None if not run.live else run.started_at, _took(run)),
    }


def of_platform(run: int, one: PlatformNow) -> Values:
    """A row of the overview."""
    key = f"{run}.{one.platform}"
    found: Values = {
        f"{key}.state": state(one.state),
        f"{key}.progress": round(one.progress, 3),
        f"{key}.elapsed": elapsed(one.since if one.running else None, one.seconds or None),
        f"{key}.attempt": f"attempt {one.attempt}" if one.attempt > 1 else "",
        f"{key}.error": " ".join(filter(None, [one.code, one.error])),
    }
    return found | {f"{key}.stage.{stage.stage}": cell(stage) for stage in one.stages}


def of_everything(run: RunNow) -> Values:
    """The head and every row."""
    found = of_run(run)
    for one in run.platforms:
        found |= of_platform(run.number, one)
    return found


def state(name: str) -> dict[str, str]:
    """A state as glyph, word and the class that gives its colour."""
    found = look(name)
    return {"kind": found.kind, "glyph": found.glyph, "word": found.word}


def cell(stage: StageNow) -> dict[str, str]:
    """A stage in the strip: the glyph is seen, the rest is its title."""
    found = look(stage.state)
    told = [f"{stage.stage}: {found.word}", duration(stage.seconds), first_line(stage.reason)]
    told.insert(1, f"attempt {stage.attempt}" if stage.attempt > 1 else "")
    return {"kind": found.kind, "glyph": found.glyph, "title": ", ".join(filter(None, told))}


def elapsed(since: datetime | None, seconds: float | None) -> dict[str, str]:
    """How long something takes: with `began` the page counts on by itself."""
    return {"began": since.isoformat() if since else "", "text": duration(seconds)}


def counts(run: RunNow) -> str:
    """``3 ok · 1 failed · 2 running``."""
    words = {key: "ok" if key == "ok" else look(key).word for key in _COUNTS}
    return " · ".join(f"{run.counts[key]} {word}" for key, word in words.items() if run.counts.get(key))


def duration(seconds: float | None) -> str:
    """``0.4 s``, ``12 s``, ``3:05``, ``1:02:03``; "" for None."""
    if seconds is None:
        return ""
    if seconds < 10:
        return f"{seconds:.1f} s"
    if seconds < 60:
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def _took(run: RunNow) -> float | None:
    return (run.finished_at - run.started_at).total_seconds() if run.finished_at else None
