"""Which clients a run used, and in which version, as the evidence of its verifications tells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployforge_tasks.operations.runs import find_run, reading

if TYPE_CHECKING:
    from deployforge_tasks.ledger.reading import Reader
    from deployforge_tasks.project.load import Loaded

#: ``npm 11.19.1``, ``Docker Engine 27.1.0``, ``cargo 1.85.0 and the release file``; never ``the registry's API``.
_VERSIONED = re.compile(r"(?P<name>[A-Za-z][\w .()+-]*?) v?(?P<version>\d[\w.+~:-]*)(?: and .*)?")


@dataclass(frozen=True)
class Tool:
    """A client with its version, and the platforms that were tried with it."""

    name: str
    version: str
    platforms: tuple[str, ...]


@dataclass(frozen=True)
class Tools:
    """The clients of a run; `without` says for each other platform of the run why there is no version of one."""

    used: tuple[Tool, ...]
    without: Mapping[str, str]

    @property
    def versions(self) -> Mapping[str, str]:
        """The version of each tool; several where platforms were tried with different ones."""
        names = dict.fromkeys(tool.name for tool in self.used)
        return {name: ", ".join(tool.version for tool in self.used if tool.name == name) for name in names}


def tools_of(loaded: Loaded, number: int, *, ledger_url: str | None = None) -> Tools:
    """The clients that a run used.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    with reading(loaded, ledger_url) as reader:
        return used_tools(reader, find_run(reader, loaded, number).id)


def used_tools(reader: Reader, run: int) -> Tools:
    """The clients of a run, by what its verifications said."""
    told = {one.event.platform or "": one.event.data for one in reader.events(run, kinds=("evidence",))}
    names = dict.fromkeys([*reader.aims(run), *told])
    found = {name: _VERSIONED.fullmatch(str(told[name].get("client", ""))) for name in names if name in told}
    versions = {name: (match["name"], match["version"]) for name, match in found.items() if match}
    without = {name: _why(told.get(name)) for name in names if name not in versions}
    return Tools(tuple(_tools(versions)), without)


def _tools(versions: Mapping[str, tuple[str, str]]) -> Iterable[Tool]:
    for tool in sorted(set(versions.values()), key=lambda tool: (tool[0].casefold(), tool[1])):
        yield Tool(*tool, tuple(name for name, used in versions.items() if used == tool))


def _why(evidence: Mapping[str, Any] | None) -> str:
    if evidence is None:
        return "not verified in this run"
    if evidence.get("method") == "download":
        reason = str(evidence.get("reason", ""))
        return f"verified by download: {reason}" if reason else "verified by download"
    return f"tried by {evidence.get('client')}, which told no version"
