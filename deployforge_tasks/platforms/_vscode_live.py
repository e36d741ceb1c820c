"""The version that VS Code installs."""

from __future__ import annotations

from collections.abc import Sequence

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Live
from deployforge_tasks.core.presence import Look
from deployforge_tasks.core.versions import Precedence, Version
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._gallery import UNIVERSAL, Gallery, Shown, every, unpublished
from deployforge_tasks.platforms._spelling import as_released


def live(gallery: Gallery, targets: Sequence[str], ours: Version) -> Live | None:
    """The newest version that the gallery shows to everybody; a pre-release only where there is nothing else.

    Where our targets have different versions it is the lowest: the one that everybody has at least. A package for
    every target serves each of them.
    """
    extension = gallery.public()
    shown = [] if unpublished(extension) else [s for s in every(extension, gallery.query_url) if s.validated]
    offered = [s for s in shown if not s.pre_release] or shown
    if not offered:
        return None
    best = [max(fitting, key=_precedence) for fitting in _by_target(offered, targets) or [offered]]
    lowest = min(best, key=_precedence)
    lags = any(s.version != lowest.version for s in best)
    channel = ("pre-release" if lowest.pre_release else "release") + (f" ({lowest.target})" if lags else "")
    version = as_released(lowest.version, ours, lambda v: v.semver)
    return Live(version, Look(gallery.query_url, 200), channel, moment(lowest.updated))


def _by_target(offered: Sequence[Shown], targets: Sequence[str]) -> list[list[Shown]]:
    """What each of our targets may choose from; targets that nothing was ever published for are left out."""
    fitting = ([s for s in offered if s.target in (target, UNIVERSAL)] for target in targets)
    return [f for f in fitting if f]


def _precedence(shown: Shown) -> Precedence:
    try:
        return Version.parse(shown.version).precedence
    except ValueError as error:
        message = f"the gallery shows `{shown.version}`, which is no version"
        raise NetworkError(message, hint="run again later; see the extension's page") from error
