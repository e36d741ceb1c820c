"""What a plan tells besides the answers of the platforms: changed files, sizes, what is switched off, and how long."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.operations.diff import Diff, diff
from deployforge_tasks.operations.estimate import CriticalPath, Estimate
from deployforge_tasks.operations.rounds import to_send
from deployforge_tasks.operations.runs import reading
from deployforge_tasks.project import tree

if TYPE_CHECKING:
    from deployforge_tasks.core.errors import DeployForgeError
    from deployforge_tasks.operations.deploy import DeployResult
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Preview:
    """What is known before a deploy.

    `changes` are those of the platforms that would be published to, None when there are none; `blocked` has the error
    of each of them whose package cannot be made; `off` has the place (``deployforge.yml:61``) of each platform that is
    switched off; `critical` is None while the ledger does not know every platform.
    """

    changes: Diff | None
    blocked: Mapping[str, DeployForgeError]
    off: Mapping[str, str]
    critical: CriticalPath | None


def preview(
    loaded: Loaded, plan: DeployResult, *, ledger_url: str | None = None, loopback_only: bool = False
) -> Preview:
    """Look ahead: renders and packages here what the plan would publish, and sends nothing.

    The checks before publishing are not run: some of them ask a registry to begin an upload.

    Args:
        loaded: the project.
        plan: the result of a dry run.
        ledger_url: another ledger than the project's own.
        loopback_only: HTTP may reach nothing but this machine.
    """
    todo = [platform.name for platform in to_send(plan)]
    changes = None
    if todo:
        changes = diff(loaded, platforms=todo, ledger_url=ledger_url, loopback_only=loopback_only)
    found = changes.platforms.values() if changes else ()
    blocked = {p.name: p.error for p in found if p.error is not None and p.error_of == "new"}
    needs = {name: plan.platforms[name].needs for name in todo}
    with reading(loaded, ledger_url) as reader:
        usual = reader.usual_seconds(loaded.project.name, loaded.profile)
    return Preview(changes, blocked, _off(loaded), Estimate(todo, needs, usual).path())


def _off(loaded: Loaded) -> dict[str, str]:
    """The place of each platform that is switched off: the line that says so, in the profile or in the file itself."""
    names = [name for name, options in loaded.options.items() if not options.enabled]
    if not names:
        return {}
    root, _ = tree.parse(loaded.file.read_text("utf-8-sig"), loaded.file.name)
    sections = [root.child("profiles", loaded.profile, "platforms"), root.child("platforms")]
    return {name: _place(name, [section for section in sections if section]) or loaded.file.name for name in names}


def _place(name: str, sections: Sequence[tree.Node]) -> str:
    from deployforge_tasks.platforms.registry import canonical

    for section in sections:
        for key in section.value if isinstance(section.value, dict) else ():
            enabled = section.child(key, "enabled") if canonical(key) == name else None
            if enabled is not None:
                return f"{enabled.place.file}:{enabled.place.line}"
    return ""
