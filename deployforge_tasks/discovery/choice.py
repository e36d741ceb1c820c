"""Which of several values for an option counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from deployforge_tasks.discovery.findings import Fact, Rank


@dataclass(frozen=True)
class Choice:
    """The value of an option with where it was found; `others` say something else (each value with one source)."""

    option: str
    value: Any
    source: str
    rank: Rank
    also: int = 0
    """How many more sources say the same."""
    others: tuple[tuple[Any, str], ...] = ()

    @property
    def note(self) -> str:
        """The source, as a comment says it."""
        return f"{self.source} and {self.also} more" if self.also else self.source


def choose(facts: Iterable[Fact]) -> dict[str, Choice]:
    """One choice an option: the highest rank wins, then what most sources say, then the first."""
    options: dict[str, list[Fact]] = {}
    for fact in facts:
        options.setdefault(fact.option, []).append(fact)
    return {option: _choice(option, found) for option, found in options.items()}


def _choice(option: str, facts: list[Fact]) -> Choice:
    def weight(fact: Fact) -> tuple[int, int]:
        return fact.rank, sum(f.value == fact.value and f.rank == fact.rank for f in facts)

    best = max(facts, key=weight)  # the first of several
    same = {fact.source for fact in facts if fact.value == best.value} - {best.source}
    others: dict[str, tuple[Any, str]] = {}
    for fact in facts:
        if fact.value != best.value:
            others.setdefault(repr(fact.value), (fact.value, fact.source))
    return Choice(option, best.value, best.source, best.rank, len(same), tuple(others.values()))


def value(choices: Mapping[str, Choice], option: str) -> Any:
    """The chosen value, or None."""
    return choices[option].value if option in choices else None
