"""Values of files that other people wrote: what should be a list or a mapping may be anything."""

from __future__ import annotations

from typing import Any


def items(value: Any) -> list[Any]:
    """A list, or nothing."""
    return value if isinstance(value, list) else []


def tables(value: Any) -> list[dict[str, Any]]:
    """The mappings of a list."""
    return [item for item in items(value) if isinstance(item, dict)]


def table(value: Any) -> dict[str, Any]:
    """A mapping, or nothing."""
    return value if isinstance(value, dict) else {}


def words(value: Any) -> list[str]:
    """The texts of a list, or a single text."""
    return [value] if isinstance(value, str) and value else [item for item in items(value) if isinstance(item, str)]
