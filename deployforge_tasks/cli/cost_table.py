"""The costs of a project on the screen and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.table import Cell, Row, Style, columns

if TYPE_CHECKING:
    from deployforge_tasks.analytics.costs import Amounts, CostTable, PlatformCost
    from deployforge_tasks.project.load import Loaded

#: Releases that are shown, the newest first.
_SHOWN = 10
_UNKNOWN = "\N{EN DASH}"


def show_costs(invocation: Invocation, loaded: Loaded, names: Sequence[str], since: date | None) -> int:
    """Show them; the exit code is 0."""
    from deployforge_tasks.operations.costs import costs

    found = costs(loaded, since=since, platforms=names)
    if invocation.json:
        invocation.emit("costs", as_json(found))
        return 0
    terminal = invocation.terminal
    for line in lines(found, terminal.style, terminal.width):
        terminal.out(line)
    if not found.priced:
        invocation.hint("name prices in `costs:` of deployforge.yml; minutes are measured without them")
    return 0


def as_json(found: CostTable) -> dict[str, Any]:
    """The table as JSON; null is what is not known."""
    return {
        "project": found.project,
        "profile": found.profile,
        "since": found.since.isoformat(),
        "until": found.until.isoformat(),
        "currency": found.currency,
        "total": round(found.total, 4),
        "monthly": round(found.monthly, 4),
        "budget": found.budget,
        "platforms": [_platform_json(one) for one in found.platforms],
        "releases": [
            {
                "version": one.version,
                "minutes": round(one.minutes, 3),
                "amount": round(one.amount, 4),
                "platforms": {name: round(amount, 4) for name, amount in one.platforms.items()},
            }
            for one in found.releases
        ],
    }


def _platform_json(one: PlatformCost) -> dict[str, Any]:
    amounts = one.amounts
    return {
        "platform": one.platform,
        "releases": one.releases,
        "minutes": round(amounts.minutes, 3),
        "ci": round(amounts.ci, 4),
        "fees": round(amounts.fees, 4),
        "storage": None if amounts.storage is None else round(amounts.storage, 4),
        "traffic": None if amounts.traffic is None else round(amounts.traffic, 4),
        "total": round(amounts.total, 4),
        "counted": one.downloads,
        "unit": str(one.unit),
        "per_thousand": None if one.per_thousand is None else round(one.per_thousand, 4),
        "notes": list(one.notes),
    }


def lines(found: CostTable, style: Style, width: int | None) -> list[str]:
    """The costs as people read them."""
    head = [style(found.project, "bold"), *([found.profile] if found.profile else [])]
    made = [" · ".join([*head, f"costs from {found.since} to {found.until} in {found.currency}"]), ""]
    rows: list[Row] = [("platform", "minutes", "cost", "counted", "for 1,000")]
    made += columns([*rows, *map(_row, found.platforms)], style, width=width)
    parts = [(one.platform, said) for one in found.platforms if (said := _parts(one.amounts, one.notes))]
    if parts:
        made += ["", "made of", *columns(parts, style, width=width)]
    if found.releases:
        made += ["", *columns(_releases(found), style, width=width)]
    return [*made, "", _month(found, style)]


def _row(one: PlatformCost) -> Row:
    count = _UNKNOWN if one.downloads is None else one.unit.counted(one.downloads)
    rate = _UNKNOWN if one.per_thousand is None else _amount(one.per_thousand)
    return (one.platform, f"{one.amounts.minutes:,.1f}", _amount(one.amounts.total), count, rate)


def _parts(amounts: Amounts, notes: Sequence[str]) -> str:
    named = {"ci": amounts.ci, "fees": amounts.fees, "storage": amounts.storage, "traffic": amounts.traffic}
    said = [f"{name} {_amount(amount)}" for name, amount in named.items() if amount]
    return "; ".join([*said, *(f"not known: {note}" for note in notes)])


def _releases(found: CostTable) -> list[Row]:
    rows: list[Row] = [("release", "minutes", "cost", "of it")]
    for one in found.releases[:_SHOWN]:
        by = ", ".join(f"{name} {_amount(part)}" for name, part in one.platforms.items())
        rows.append((f"v{one.version}", f"{one.minutes:,.1f}", _amount(one.amount), Cell(by, "dim")))
    return rows


def _month(found: CostTable, style: Style) -> str:
    said = f"{_amount(found.monthly)} {found.currency} a month"
    if found.budget is None:
        return f"  {said} (no budget is set)"
    over = found.monthly > found.budget
    budget = f"{'over' if over else 'within'} the budget of {_amount(found.budget)}"
    return f"  {said}, {style(budget, 'error' if over else 'ok')}"


def _amount(value: float) -> str:
    return f"{value:,.2f}"
