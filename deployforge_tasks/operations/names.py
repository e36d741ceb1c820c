"""The names that can stand on a command line: for completion, so that nothing here ever raises or takes long."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from deployforge_tasks.operations.settings import Settings

_VERSIONS = 50
_T = TypeVar("_T")


def platforms(settings: Settings) -> list[str]:
    """The platforms of ``deployforge.yml``; without one every platform that there is."""
    configured = _section(settings, "platforms")
    if configured:
        return configured
    from deployforge_tasks.platforms.registry import platforms as known

    return list(known())


def counted(settings: Settings) -> list[str]:
    """The same, and the places of ``analytics.places``."""

    def places() -> list[str]:
        return [str(name) for name, options in _read(settings)["analytics"]["places"].items() if options is not None]

    return [*platforms(settings), *_quietly(places)]


def profiles(settings: Settings) -> list[str]:
    """The profiles of ``deployforge.yml`` and those that are built in."""
    from deployforge_tasks.project.profiles import BUILT_IN

    return [*_section(settings, "profiles"), *BUILT_IN]


def channels(settings: Settings) -> list[str]:
    """The channels that the project has or a route names."""

    def known() -> list[str]:
        from deployforge_tasks.project.routes import channels as of_project

        return list(of_project(settings.load().project))

    return _quietly(known)


def versions(settings: Settings) -> list[str]:
    """The versions of the newest runs, and the newest tags of the checkout."""
    return list(dict.fromkeys([*_quietly(lambda: _released(settings)), *_quietly(lambda: _tagged(settings))]))


def tasks(settings: Settings) -> list[str]:
    """The tasks of the newest run, its platforms and its stages: what `logs` takes."""
    from deployforge_tasks.operations.runs import find_run, reading

    def of_newest() -> list[str]:
        loaded = settings.load()
        with reading(loaded) as reader:
            ours = [(p, s) for p, s in reader.tasks(find_run(reader, loaded, None).id) if p and s]
        return list(dict.fromkeys([*(f"{s}:{p}" for p, s in ours), *(p for p, _ in ours), *(s for _, s in ours)]))

    return _quietly(of_newest)


def tokens(settings: Settings) -> list[str]:
    """The tokens of the dashboard that are active."""
    from deployforge_tasks.operations.tokens import list_tokens, records_of

    def active() -> list[str]:
        loaded = settings.load()
        with records_of(loaded) as records:
            return [token.name for token, state in list_tokens(records, loaded) if state == "active"]

    return _quietly(active)


def sessions(settings: Settings) -> list[tuple[str, str]]:
    """The open sessions of the dashboard, and whose they are."""
    from deployforge_tasks.operations.sessions import list_sessions
    from deployforge_tasks.operations.tokens import at_the_command_line, records_of

    def found() -> list[tuple[str, str]]:
        loaded = settings.load()
        with records_of(loaded) as records:
            known = list_sessions(records, loaded, at_the_command_line(loaded))
        return [(one.session.id, one.session.actor) for one in known]

    return _quietly(found)


def _section(settings: Settings, name: str) -> list[str]:
    return _quietly(lambda: [str(key) for key in _read(settings).get(name) or {}])


def _read(settings: Settings) -> Any:
    import yaml

    return yaml.safe_load(settings.file.read_text("utf-8"))


def _released(settings: Settings) -> list[str]:
    from deployforge_tasks.operations.runs import reading

    loaded = settings.load()
    with reading(loaded) as reader:
        runs = reader.runs(loaded.project.name, loaded.profile, _VERSIONS)
    return list(dict.fromkeys(run.version for run in runs))


def _tagged(settings: Settings) -> list[str]:
    from deployforge_tasks.effects.process import Processes

    command = ["git", "tag", "--sort=-creatordate"]
    done = Processes().run(command, cwd=settings.file.parent.resolve(), check=False, timeout=5)
    return done.stdout.split()[:_VERSIONS] if done.returncode == 0 else []


def _quietly(names: Callable[[], list[_T]]) -> list[_T]:
    """Completion has no place to show an error: what cannot be read completes to nothing."""
    try:
        return names()
    except Exception:  # noqa: BLE001 - see above
        return []
