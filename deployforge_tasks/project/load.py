"""Loading ``deployforge.yml``: read, choose the profile, fill in variables, check, and tell every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Credential, Level
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.env_file import parse as env_file_variables
from deployforge_tasks.project import tree
from deployforge_tasks.project.checks import PATTERN_SECTIONS, Config, errors
from deployforge_tasks.project.interpolate import fill_environment, fill_version
from deployforge_tasks.project.notes import notes
from deployforge_tasks.project.problems import ConfigProblems, Problem, did_you_mean
from deployforge_tasks.project.profiles import choose
from deployforge_tasks.project.strict import Options
from deployforge_tasks.project.validate import validate
from deployforge_tasks.project.version_source import find_version
from deployforge_tasks.project.warnings import conflicting_variables, warnings

if TYPE_CHECKING:
    from deployforge_tasks.project.schema import Project
    from deployforge_tasks.project.tree import Node


class Kind(Protocol):
    """What loading needs to know about a platform."""

    @property
    def name(self) -> str: ...
    @property
    def options(self) -> type[Options]: ...
    @property
    def credentials(self) -> tuple[Credential, ...]: ...
    @property
    def uses_artifacts(self) -> bool: ...
    def hubs(self, options: Any) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class Loaded:
    """A checked configuration.

    `options` has every platform of the file, enabled or not, in the file's order; `environ` is the process's
    environment with the ``--env-file`` (`env_file`), and `from_file` names the variables that stand only there;
    `profiles` are the file's own names; `notes` are for those who ask (``config check``), unlike `warnings`.
    """

    project: Project
    file: Path
    root: Path
    profile: str
    version: Version | None
    warnings: tuple[Problem, ...]
    options: Mapping[str, Options]
    environ: Mapping[str, str] = field(repr=False)  # holds every secret
    profiles: tuple[str, ...] = ()
    notes: tuple[Problem, ...] = ()
    written: Node | None = field(default=None, repr=False)
    """The file with its profile on it, before variables are filled in: says where each value stands."""
    env_file: Path | None = None
    from_file: frozenset[str] = frozenset()


def load_project(
    file: Path,
    kinds: Mapping[str, Kind],
    aliases: Mapping[str, str],
    *,
    profile: str = "",
    version: str | None = None,
    environ: Mapping[str, str],
    env_file: Path | None = None,
    overlay: Mapping[str, Any] | None = None,
) -> Loaded:
    """Load a configuration.

    Args:
        file: the ``deployforge.yml``.
        kinds: the platforms that there are, by name (only those that the file names are looked at).
        aliases: other names of platforms, with their own.
        profile: name of a section of ``profiles:`` that overrides the rest.
        version: overrides the file's version and the checkout's tag.
        environ: the process's environment; what is set there and not empty wins over `env_file`.
        env_file: a file of ``NAME=value`` lines.
        overlay: values merged over everything else (rehearsals point at their own servers with it).

    Raises:
        ConfigProblems: something in it is wrong; has every problem.
        ConfigError: a file cannot be read.
    """
    in_file = read_env_file(env_file) if env_file else {}
    # A CI service sets a secret that it lacks to nothing.
    set_here = {name: value for name, value in environ.items() if value or name not in in_file}
    environ, from_file = {**in_file, **set_here}, frozenset(in_file) - frozenset(set_here)
    root, unreadable = tree.parse(read_text(file, "-c"), file.name)
    if not root.value:
        _stop(file, unreadable)
    chosen = choose(root, profile, aliases, overlay or {})
    filled, missing = fill_environment(chosen.root, environ)
    found, version_problems = find_version(filled, version, file.parent)
    project, options, invalid = _validate(filled, kinds, aliases, found)
    problems = [*unreadable, *chosen.problems, *missing, *version_problems, *invalid]
    if project is None:
        _stop(file, problems)
    assert project is not None
    config = Config(project, options, kinds, aliases, filled, found)
    _stop(file, [*problems, *errors(config)])
    doubts = [*warnings(config, file.parent), *conflicting_variables(config, environ, from_file)]
    return Loaded(
        project,
        file,
        file.parent.resolve(),
        profile,
        found,
        tuple(sorted(doubts, key=_position)),
        options,
        environ,
        chosen.names,
        tuple(notes(config)),
        chosen.root,
        env_file,
        from_file,
    )


def _validate(
    root: Node, kinds: Mapping[str, Kind], aliases: Mapping[str, str], version: Version | None
) -> tuple[Project | None, dict[str, Options], list[Problem]]:
    from deployforge_tasks.project.schema import Project

    plain = fill_version(root, version, PATTERN_SECTIONS)
    project, problems = validate(Project, plain, ())
    platforms = root.child("platforms")
    options: dict[str, Options] = {}
    if platforms is None or not isinstance(platforms.value, dict):
        return project, options, problems
    for name, section in platforms.value.items():
        kind = kinds.get(name)
        if kind is None:
            problems += _unknown(platforms, name, {*kinds, *aliases})
            continue
        ours, more = _options(kind, section, version)
        problems += [p for p in more if p not in problems]
        if ours is not None:
            options[name] = ours
    return project, options, problems


def _options(kind: Kind, section: Node, version: Version | None) -> tuple[Options | None, list[Problem]]:
    own = section.child("version")
    if own is not None and own.value is not None:
        try:
            version = Version.parse(str(own.value))
        except ValueError as error:
            return None, [Problem(str(own.place), f"platforms.{kind.name}.version", str(error))]
    filled = fill_version(section, version, kind.options.patterns)
    return validate(kind.options, filled, ("platforms", kind.name))


def _unknown(platforms: Node, name: str, known: Iterable[str]) -> list[Problem]:
    enabled = platforms.child(name, "enabled")
    if enabled is not None and enabled.value is False:
        return []  # `warnings` tells that nothing reads it
    hint = did_you_mean(name, known)
    return [
        Problem(str(platforms.keys.get(name, platforms.place)), f"platforms.{name}", f"unknown platform `{name}`", hint)
    ]


def read_text(file: Path, name_it: str) -> str:
    """The text of a file.

    Args:
        name_it: the option that names another file, for the hint.

    Raises:
        ConfigError: it cannot be read.
    """
    try:
        return file.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        hint = f"go to the project's folder, or name the file with {name_it}"
        raise ConfigError(f"{file} is not there", hint=hint, code="DF1002") from None
    except UnicodeDecodeError as error:
        hint = "write it again with an editor that saves UTF-8"
        raise ConfigError(f"{file} is no UTF-8 text (byte {error.start})", hint=hint, code="DF1002") from error
    except OSError as error:
        hint = f"it must be a file that you may read; name another one with {name_it}"
        raise ConfigError(f"{file} cannot be read: {error.strerror}", hint=hint, code="DF1002") from error


def read_env_file(file: Path) -> dict[str, str]:
    """The variables of an env-file.

    Raises:
        ConfigError: the file is missing, or a line is no ``NAME=value`` (it is named by number, never shown).
    """
    return env_file_variables(read_text(file, "--env-file"), file.name)


def _stop(file: Path, problems: Sequence[Problem]) -> None:
    errors = [p for p in problems if p.level is Level.ERROR]
    if errors:
        raise ConfigProblems(file.name, sorted(errors, key=_position))


def _position(problem: Problem) -> tuple[int, ...]:
    return tuple(int(part) for part in problem.place.split(":") if part.isdigit())
