"""The rows of the overview as a reader wants them: filtered, sorted and grouped by what stands in the address."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlencode

from deployforge_tasks.dashboard.looks import look
from deployforge_tasks.operations.overview import HAS_NO_HUB, Overview, Row

View = Literal["table", "grid"]
Group = Literal["none", "state", "kind", "hub"]
#: What a state's class is called as a group, worst first.
STATES = {
    "bad": "Failed",
    "ask": "Needs you",
    "busy": "Running",
    "wait": "Waiting",
    "back": "Rolled back",
    "off": "Skipped or left out",
    "ok": "Done",
}
SORTS: Mapping[str, Callable[[Row], Any]] = {
    "name": lambda row: row.title.lower(),
    "state": lambda row: list(STATES).index(look(row.state).kind),
    "live": lambda row: row.live,
    "elapsed": lambda row: row.now.seconds if row.now else 0.0,
    "downloads": lambda row: recent(row) or 0,
}


@dataclass(frozen=True)
class Choice:
    """What a reader has chosen. `group` None: by state while something runs, else not at all."""

    view: View = "table"
    group: Group | None = None
    states: tuple[str, ...] = ()
    platform: str = ""
    sort: str = ""
    kiosk: bool = False

    @classmethod
    def of(cls, query: Mapping[str, str], states: Sequence[str]) -> Choice:
        """The choice that an address holds; whatever is not known there counts as not chosen."""
        view, group, sort = query.get("view", ""), query.get("group", ""), query.get("sort", "")
        return cls(
            view="grid" if view == "grid" else "table",
            group=next((one for one in get_args(Group) if one == group), None),
            states=tuple(state for state in STATES if state in states),
            platform=query.get("platform", "").strip()[:100],
            sort=sort if sort.lstrip("-") in SORTS else "",
            kiosk=query.get("kiosk") == "1",
        )

    def address(self, **other: Any) -> str:
        """The address of this choice with something else chosen (None: as if nothing was)."""
        now: dict[str, Any] = {
            "view": "grid" if self.view == "grid" else None,
            "group": self.group,
            "state": list(self.states) or None,
            "platform": self.platform or None,
            "sort": self.sort or None,
            "kiosk": "1" if self.kiosk else None,
        }
        chosen = {name: value for name, value in {**now, **other}.items() if value}
        return f"/?{urlencode(chosen, doseq=True)}" if chosen else "/"

    def sorted_by(self, name: str) -> str:
        """The address that sorts by a column, the other way round the second time."""
        return self.address(sort=f"-{name}" if self.sort == name else name)

    def direction(self, name: str) -> str:
        """How a column is sorted, in the words of ``aria-sort``."""
        return {name: "ascending", f"-{name}": "descending"}.get(self.sort, "none")


@dataclass(frozen=True)
class Section:
    """Rows under one heading; `key` is the class of a state where rows go from one to another while they run."""

    title: str
    rows: tuple[Row, ...]
    key: str = ""


@dataclass(frozen=True)
class Arranged:
    """What is shown, and how many rows the filter hides."""

    sections: tuple[Section, ...]
    group: Group
    hidden: int


def arrange(found: Overview, choice: Choice) -> Arranged:
    """The rows in the order and the groups of a choice."""
    shown = [row for row in found.rows if _wanted(row, choice)]
    if choice.sort:
        shown.sort(key=SORTS[choice.sort.lstrip("-")], reverse=choice.sort.startswith("-"))
    running = found.run is not None and found.run.live
    group: Group = choice.group or ("state" if running else "none")
    return Arranged(tuple(_sections(shown, group)), group, len(found.rows) - len(shown))


def recent(row: Row) -> int | None:
    """The downloads of the last days that are known; None if no day is."""
    days = row.downloads.daily if row.downloads else None
    known = [count for count in days.counts if count is not None] if days else []
    return sum(known) if known else None


def _wanted(row: Row, choice: Choice) -> bool:
    if choice.states and look(row.state).kind not in choice.states:
        return False
    return choice.platform.lower() in f"{row.platform} {row.title}".lower()


def _sections(rows: Sequence[Row], group: Group) -> list[Section]:
    if group == "none":
        return [Section("", tuple(rows))]
    if group == "state":
        by_kind = {kind: tuple(row for row in rows if look(row.state).kind == kind) for kind in STATES}
        return [Section(title, by_kind[kind], kind) for kind, title in STATES.items()]
    titles: dict[str, list[Row]] = {}
    for row in rows:
        title = row.kind if group == "kind" else ", ".join(f"after {hub}" for hub in row.hubs) or HAS_NO_HUB
        titles.setdefault(title, []).append(row)
    return [Section(title[0].upper() + title[1:], tuple(found)) for title, found in titles.items()]
