"""What `deployforge init` tells: what it found where, what contradicts, what did not carry over, what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.cli.table import Cell, Style, columns, plural

if TYPE_CHECKING:
    from deployforge_tasks.operations.init import Proposal

Say = Callable[[str], None]
#: A title, rows of cells, and a last line.
Section = tuple[str, list[Sequence[Cell | str]], str]
_SHOWN = ("name", "source.repo", "source.tag", "binary.name", "description", "license")
_LONGEST = 60


def show(proposal: Proposal, say: Say, style: Style) -> None:
    """The whole report, section by section; a section without content is left out."""
    for title, rows, hint in _sections(proposal):
        if not rows:
            continue
        say(style(title, "bold"))
        for line in columns([[_shown(cell) for cell in row] for row in rows], style):
            say(line)
        if hint:
            say(f"  {hint}")
        say("")


def _shown(cell: Cell | str) -> Cell:
    from deployforge_tasks.discovery.findings import printable

    cell = cell if isinstance(cell, Cell) else Cell(cell)
    return Cell(printable(cell.text), cell.style)


def _sections(proposal: Proposal) -> list[Section]:
    found, draft = proposal.found, proposal.draft
    tools = ", ".join(dict.fromkeys([*(part.tool for part in found.moved), *(part.tool for part in found.left)]))
    names = [(Cell(example, "warning"), source) for source, example in draft.other_names]
    kept = [(option, _short(value), f"found {_short(e.value)} ({e.note})") for option, value, e in proposal.kept]
    by_hand = [(".".join(e.path), _short(e.value), e.note) for e in proposal.unplaced]
    return [
        ("Found", _found(proposal), ""),
        ("Platforms", _platforms(proposal), ""),
        _contradictions(proposal),
        ("Tags that are no versions", [(Cell(tag, "warning"),) for tag in found.malformed], ""),
        ("Release files are named otherwise here", [*names], ""),
        (f"Carried over from {tools}", [(part.key, "→", part.option) for part in found.moved], ""),
        (f"Did not carry over from {tools}", _left(proposal), ""),
        ("Looked at, with trouble", [(Cell(t.source, "warning"), t.message) for t in proposal.troubles], ""),
        ("Left out, because it would not load", [(Cell(o, "warning"), why) for o, why in proposal.dropped], ""),
        ("Stays as you wrote it, though something else was found", [*kept], ""),
        ("To be added by hand (the section stands on one line)", [*by_hand], ""),
        ("Not found", [(Cell(m.option, "warning"), m.what) for m in draft.missing], ""),
    ]


def _contradictions(proposal: Proposal) -> Section:
    count, places = len(proposal.contradictions), len(proposal.found.versions)
    if not count:
        return "", [], ""
    expected = proposal.contradictions[0].expected
    newest = f"the newest tag says {expected}" if proposal.found.newest else f"most say {expected}"
    repeat, contradict = ("repeats" if places == 1 else "repeat"), ("contradicts" if count == 1 else "contradict")
    return (
        f"{plural(places, 'place')} {repeat} the version, {count} of them {contradict}: {newest}",
        [(Cell(c.field.value, "warning"), c.field.place, c.field.what) for c in proposal.contradictions],
        "`version_files` in deployforge.yml watches those that the program is built from",
    )


def _left(proposal: Proposal) -> list[Sequence[Cell | str]]:
    rows: list[Sequence[Cell | str]] = []
    for part in proposal.found.left:
        rows.append((Cell(part.key, "warning"), part.why))
        rows += [("", Cell(f"→ {part.todo}", "hint"))] if part.todo != "nothing" else []
    return rows


def _found(proposal: Proposal) -> list[Sequence[Cell | str]]:
    draft = proposal.draft
    rows: list[Sequence[Cell | str]] = []
    for option in _SHOWN:
        choice = draft.choices.get(option)
        if choice is not None:
            rows.append((option, _short(choice.value), Cell(choice.note, "dim")))
    if draft.naming is not None:
        rows.append(("release files", draft.naming.example, Cell(draft.naming_source, "dim")))
        rows.append(("targets", _short(", ".join(draft.naming.targets)), Cell(draft.naming_source, "dim")))
        if draft.naming.dropped:
            others = plural(len(draft.naming.dropped), "file")
            rows.append(("other targets", f"{others} that packages leave out", Cell(draft.naming.dropped[0], "dim")))
    return rows


def _platforms(proposal: Proposal) -> list[Sequence[Cell | str]]:
    rows: list[Sequence[Cell | str]] = []
    for one in proposal.draft.platforms:
        sign = Cell("✓", "ok") if one.enabled and one.known else Cell("\N{EN DASH}", "dim")
        word = "on" if one.enabled and one.known else "off" if one.known else "unknown"
        why = one.why or ", ".join(one.sources[:2])
        rows.append((sign, one.name, word, why if one.known else f"no platform of this DeployForge; {why}"))
    return rows


def show_written(invocation: Invocation, proposal: Proposal, written: Sequence[str]) -> None:
    """What was written, and what was not."""
    terminal = invocation.terminal
    for change in proposal.changes:
        if change.path in written:
            what = "wrote" if change.old is None else "brought up to date:"
            terminal.out(f"{terminal.style('✓', 'ok')} {what} {change.path}")
        else:
            terminal.err(
                f"{terminal.err_style('warning:', 'warning')} {change.path} stays as it is: nobody agreed to the change"
            )
    if not proposal.changes:
        terminal.out(f"{terminal.style('✓', 'ok')} {invocation.config} is as it should be")
    for missing in proposal.draft.missing:
        meanwhile = f" (`{missing.meanwhile}` stands there meanwhile)" if missing.meanwhile else ""
        terminal.err(
            f"{terminal.err_style('warning:', 'warning')} not found: {missing.option}, {missing.what}{meanwhile}"
        )
    if any(c.path not in written for c in proposal.changes):
        invocation.hint("run it in a terminal to be asked, or add --force")
    else:
        invocation.hint("`deployforge config check` checks it, `deployforge rehearse` tries the whole release here")


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def as_json(proposal: Proposal, written: Sequence[str]) -> dict[str, Any]:
    """The whole proposal, every value with its source."""
    draft, found = proposal.draft, proposal.found
    return {
        "found": [
            {
                "option": choice.option,
                "value": choice.value,
                "source": choice.source,
                "rank": choice.rank.name.lower(),
                "others": [{"value": value, "source": source} for value, source in choice.others],
            }
            for choice in draft.choices.values()
        ],
        "platforms": [asdict(one) for one in draft.platforms],
        "release_files": asdict(draft.naming) | {"source": draft.naming_source} if draft.naming else None,
        "other_names": [{"source": source, "example": example} for source, example in draft.other_names],
        "tags": {"newest": found.newest, "malformed": list(found.malformed)},
        "versions": [asdict(v) | {"place": v.place} for v in found.versions],
        "contradictions": [
            {"place": c.field.place, "value": c.field.value, "expected": c.expected} for c in proposal.contradictions
        ],
        "carried_over": [asdict(part) for part in found.moved],
        "not_carried_over": [asdict(part) for part in found.left],
        "missing": [asdict(missing) for missing in draft.missing],
        "troubles": [asdict(trouble) for trouble in proposal.troubles],
        "dropped": [{"option": option, "why": why} for option, why in proposal.dropped],
        "kept": [{"option": o, "value": value, "found": e.value, "source": e.note} for o, value, e in proposal.kept],
        "files": [
            {"path": c.path, "new": c.old is None, "written": c.path in written, "diff": c.diff}
            for c in proposal.changes
        ],
    }
