"""Versions as a registry spells them, brought back to the spelling of ``deployforge.yml``."""

from __future__ import annotations

from collections.abc import Callable

from deployforge_tasks.core.errors import VersionError
from deployforge_tasks.core.versions import Version


def as_released(found: str, ours: Version, spell: Callable[[Version], str]) -> str:
    """`found` as it was released: our own text where it is our version, else as it is.

    Args:
        spell: how the registry writes a version.
    """
    try:
        return ours.text if spell(ours) == found else found
    except VersionError:
        return found
