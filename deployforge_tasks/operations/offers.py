"""What a person can choose before a deploy, a retry or a rollback, and why some of it cannot be chosen."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.presence import Action
from deployforge_tasks.operations.deploy import deploy
from deployforge_tasks.operations.graph_run import choose
from deployforge_tasks.operations.launching import Obstacle, obstacles
from deployforge_tasks.operations.left import left_by_run
from deployforge_tasks.operations.preview import Preview, preview
from deployforge_tasks.operations.rollback import RollbackResult, rollback
from deployforge_tasks.operations.rounds import SENDING
from deployforge_tasks.operations.runs import reading
from deployforge_tasks.operations.timeline import Timeline, planned

if TYPE_CHECKING:
    from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
    from deployforge_tasks.project.load import Loaded

_WORDS = {
    Action.PUBLISH: "publish",
    Action.UPDATE: "update",
    Action.SKIP: "nothing to do",
    Action.WAIT: "wait",
    Action.REFUSE: "refused",
    Action.RETRY: "no answer",
}


@dataclass(frozen=True)
class Choice:
    """A platform to choose. `why_not` says why it cannot be; `final`: what would be done cannot be undone."""

    name: str
    title: str
    state: str
    what: str = ""
    reason: str = ""
    chosen: bool = False
    final: bool = False
    why_not: str = ""


@dataclass(frozen=True)
class Offer:
    """What can be started for a version. `obstacles` are in the way of all of it."""

    version: str
    choices: tuple[Choice, ...]
    obstacles: tuple[Obstacle, ...] = ()

    @property
    def possible(self) -> bool:
        return not self.obstacles and any(not choice.why_not for choice in self.choices)

    @property
    def final(self) -> bool:
        """Whether some of it cannot be undone, so that the version has to be typed."""
        return any(choice.final and not choice.why_not for choice in self.choices)

    def why_not(self, names: Collection[str] = ()) -> str:
        """Why nothing of the names (default: of everything) can be started; "" if some of it can."""
        found = [choice for choice in self.choices if not names or choice.name in names]
        if self.obstacles:
            return "; ".join(obstacle.text for obstacle in self.obstacles)
        if not found:
            return f"{', '.join(names)} was not to be published by this run" if names else "it was to publish nothing"
        if any(not choice.why_not for choice in found):
            return ""
        return "; ".join(f"{choice.title}: {choice.why_not}" for choice in found)

    def refused(self, names: Collection[str]) -> tuple[Choice, ...]:
        """Those of the names that cannot be chosen."""
        return tuple(choice for choice in self.choices if choice.name in names and choice.why_not)


@dataclass(frozen=True)
class DeployOffer:
    """The plan of a deploy, what would change, and how long it would take (None while that is not known)."""

    offer: Offer
    plan: DeployResult
    seen: Preview
    timeline: Timeline | None


def everything(loaded: Loaded) -> list[Choice]:
    """Every platform that is enabled, to choose from."""
    from deployforge_tasks.platforms.registry import platforms

    known = platforms()
    return [Choice(name, known[name].title, "none") for name, options in loaded.options.items() if options.enabled]


def chosen_names(loaded: Loaded, names: Sequence[str]) -> list[str]:
    """The platforms by their own names; none named means every enabled one.

    Raises:
        ConfigError: one is unknown or switched off.
    """
    from deployforge_tasks.graph.context import RunContext

    context = RunContext(loaded)
    try:
        return choose(context, names)
    finally:
        context.close()


def cannot_be_undone(names: Collection[str]) -> bool:
    """Whether something of these platforms, once published or taken back, stays so."""
    from deployforge_tasks.platforms.registry import canonical, platforms

    return any(platforms()[canonical(name)].traits.immutable for name in names)


def deploy_offer(loaded: Loaded, names: Sequence[str], *, ledger_url: str | None = None) -> DeployOffer:
    """Look ahead: asks the platforms, renders and packages here, sends nothing.

    Raises:
        ConfigError: the project, its version or a platform's name cannot be used.
    """
    plan = deploy(loaded, platforms=names, dry_run=True, ledger_url=ledger_url)
    seen = preview(loaded, plan, ledger_url=ledger_url)
    choices = tuple(_choice(platform, seen) for platform in plan.platforms.values())
    todo = [choice.name for choice in choices if not choice.why_not]
    offer = Offer(plan.version, choices, obstacles(loaded, plan.version, todo, ledger_url=ledger_url))
    with reading(loaded, ledger_url) as reader:
        usual = reader.usual_seconds(loaded.project.name, loaded.profile)
    needs = {name: plan.platforms[name].needs for name in todo}
    drawn = planned(todo, needs, usual)
    return DeployOffer(offer, plan, seen, drawn if drawn.bars else None)


def _choice(platform: PlatformResult, seen: Preview) -> Choice:
    assert platform.plan is not None
    action, blocked = platform.plan.action, seen.blocked.get(platform.name)
    sends = action in SENDING
    why_not = ""
    if blocked is not None:
        why_not = f"{blocked.code} {blocked.message}"
    elif action is Action.SKIP:
        why_not = "the version is there already, and nothing is published twice"
    elif not sends:
        why_not = platform.plan.reason or _WORDS[action]
    final = platform.irreversible and action is Action.PUBLISH
    state = str(platform.presence.state) if platform.presence else "unknown"
    word = "blocked" if blocked is not None else _WORDS[action]
    reason = "" if why_not else platform.plan.reason
    return Choice(platform.name, platform.title, state, word, reason, not why_not, final, why_not)


def retry_offer(
    loaded: Loaded,
    number: int,
    names: Sequence[str] = (),
    stage: str = "",
    *,
    ledger_url: str | None = None,
) -> Offer:
    """What a run left undone, and what of it can be done again.

    Args:
        loaded: the project with the version of that run.
        number: the run.
        names: the platforms that are wanted (default: all that it left undone).
        stage: do this stage and what follows again ("": what is missing).
        ledger_url: another ledger than the project's own.

    Raises:
        ConfigError: there is no such run, or the ledger cannot be opened.
    """
    from deployforge_tasks.platforms.registry import platforms

    left, known = left_by_run(loaded, number, ledger_url=ledger_url), platforms()
    choices = []
    for name in [*left.undone, *left.done]:
        title = known[name].title if name in known else name
        why_not = _why_no_retry(loaded, name, name in left.done, stage, title)
        wanted = name in names if names else name in left.undone
        state, reason = (left.undone[name], "") if name in left.undone else ("published", "")
        choices.append(Choice(name, title, state, "", reason, wanted and not why_not, False, why_not))
    wanted_names = [choice.name for choice in choices if choice.chosen]
    return Offer(left.version, tuple(choices), obstacles(loaded, left.version, wanted_names, ledger_url=ledger_url))


def _why_no_retry(loaded: Loaded, name: str, done: bool, stage: str, title: str) -> str:
    if name not in loaded.options or not loaded.options[name].enabled:
        return "it is not enabled any more"
    if done and stage == "publish":
        return f"{title} has the version, and nothing is published twice"
    if done and not stage:
        return "it has the version, and nothing is left to do"
    return ""


@dataclass(frozen=True)
class RollbackOffer:
    """What a rollback would do on each platform."""

    offer: Offer
    plan: RollbackResult


def rollback_offer(
    loaded: Loaded, names: Sequence[str], to: str = "", *, ledger_url: str | None = None
) -> RollbackOffer:
    """Ask every platform what a rollback from the loaded version would do; changes nothing.

    Raises:
        ConfigError: the project, a version or a platform's name cannot be used.
    """
    from deployforge_tasks.platforms.registry import platforms

    plan = rollback(loaded, platforms=names, to=to or None, dry_run=True, ledger_url=ledger_url)
    known = platforms()
    choices = []
    for platform in plan.platforms.values():
        error = platform.error
        why_not = f"{error.code} {error.message}" if error else ""
        final = known[platform.name].traits.immutable
        choices.append(Choice(platform.name, platform.title, "none", chosen=not why_not, final=final, why_not=why_not))
    held = obstacles(loaded, plan.version, [choice.name for choice in choices], ledger_url=ledger_url)
    return RollbackOffer(Offer(plan.version, tuple(choices), held), plan)
