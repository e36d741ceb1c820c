"""What must hold between the sections of ``deployforge.yml``, beyond what each model says by itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.targets import OSES, Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.project.naming import Naming
from deployforge_tasks.project.problems import Problem, did_you_mean, dotted
from deployforge_tasks.project.routes import route_problems
from deployforge_tasks.project.schema import Project
from deployforge_tasks.project.secrets import as_names
from deployforge_tasks.project.strict import Options
from deployforge_tasks.project.tree import Node, unknown_keys

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Kind

#: Sections whose ``{version}`` is filled later, because other versions need them too.
PATTERN_SECTIONS = frozenset({"source", "artifacts", "version_files", "binary", "platforms", "credentials", "ci"})
_REPO = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Config:
    """A configuration whose sections are valid each by itself."""

    project: Project
    options: Mapping[str, Options]
    kinds: Mapping[str, Kind]
    aliases: Mapping[str, str]
    root: Node
    version: Version | None

    @property
    def enabled(self) -> list[Kind]:
        return [self.kinds[name] for name, options in self.options.items() if options.enabled]

    @property
    def naming(self) -> Naming:
        """Names of the release files; without a version those of a made-up one, to try the patterns."""
        return Naming(self.project, self.version or Version.parse("1.2.3"))

    def problem(self, path: Iterable[str | int], message: str, hint: str = "", *, key: bool = False) -> Problem:
        where = tuple(path)
        return Problem(str(self.root.place_of(where, key=key)), dotted(where), message, hint)


def errors(config: Config) -> list[Problem]:
    """Everything that makes the configuration unusable."""
    return [
        *_platform_names(config),
        *_credentials(config),
        *_hooks(config),
        *_places(config),
        *_source(config),
        *_tables(config),
        *_assets(config),
        *route_problems(config),
    ]


def _platform_names(config: Config) -> Iterator[Problem]:
    """Sections by platform name only known platforms."""
    mentioned = {*config.kinds, *config.project.platforms}
    for path in (("credentials",), ("descriptions",), ("depends",), ("verify", "propagate")):
        yield from unknown_keys(config.root.child(*path), mentioned, path, "platform")
    for name, hubs in config.project.depends.items():
        for index, hub in enumerate(hubs):
            if hub not in mentioned:
                yield config.problem(
                    ("depends", name, index), f"unknown platform `{hub}`", did_you_mean(hub, mentioned)
                )


def _credentials(config: Config) -> Iterator[Problem]:
    """Credentials have known names, and values that are names of variables (never shown: they may be secrets)."""
    for platform, mapping in config.project.credentials.items():
        kind = config.kinds.get(platform)
        known = {name for c in (kind.credentials if kind else ()) for name in (c.name, *c.env)}
        for name, named in mapping.items():
            path = ("credentials", platform, name)
            if kind and name not in known:
                yield config.problem(
                    path, f"{platform} has no credential `{name}`", did_you_mean(name, known), key=True
                )
            if not named or not all(_VARIABLE.fullmatch(variable) for variable in as_names(named)):
                hint = f"for example {platform.upper()}_TOKEN; if a secret stood here, revoke it"
                yield config.problem(path, "this is not the name of an environment variable", hint)


def _hooks(config: Config) -> Iterator[Problem]:
    """Hooks name known platforms, and no variable that holds a credential."""
    known = {*config.kinds, *config.project.platforms}
    lines = [line for mapping in config.project.credentials.values() for line in mapping.values()]
    named = {variable for line in lines for variable in as_names(line)} | {*config.project.analytics.places.variables}
    given = any(hook.env for hook in config.project.hooks)  # else no platform needs to be looked at
    kinds = config.kinds.values() if given else ()
    secret = named | {v for kind in kinds for c in kind.credentials if c.secret for v in c.env}
    for number, hook in enumerate(config.project.hooks):
        for index, name in enumerate(hook.platforms):
            if name not in known:
                path = ("hooks", number, "platforms", index)
                yield config.problem(path, f"unknown platform `{name}`", did_you_mean(name, known))
        for index, variable in enumerate(hook.env):
            if variable in secret:
                hint = "give the hook a variable, and a secret, of its own"
                path = ("hooks", number, "env", index)
                yield config.problem(path, f"{variable} holds a credential of a platform or a place", hint)


def _places(config: Config) -> Iterator[Problem]:
    """What is published to is counted as a platform, and nowhere else."""
    enabled = {kind.name for kind in config.enabled}
    for name in config.project.analytics.places.names:
        if name in enabled:
            hint = f"remove it here: `platforms.{name}` is counted anyway"
            path = ("analytics", "places", name)
            yield config.problem(path, f"`{name}` is a platform that is published to", hint, key=True)


def _source(config: Config) -> Iterator[Problem]:
    source, artifacts = config.project.source, config.project.artifacts
    if source.repo is not None and not _REPO.fullmatch(source.repo):
        yield config.problem(("source", "repo"), f"`{source.repo}` is not owner/name", "as in the repository's address")
    if "{version}" not in source.tag:
        yield config.problem(("source", "tag"), f"`{source.tag}` is the same for every version", 'write "v{version}"')
    if artifacts.source == "build" and artifacts.build is None:
        hint = 'add `build: {command: [make, "{output}"]}`'
        yield config.problem(("artifacts", "from"), "there is no build command to build with", hint)
    if artifacts.source == "urls" and not artifacts.urls:
        yield config.problem(("artifacts", "from"), "there are no urls to download from", "add `urls: {default: …}`")


def _tables(config: Config) -> Iterator[Problem]:
    """Tables by target name targets, systems or ``default``."""
    artifacts = config.project.artifacts
    for option, table in (("ext", artifacts.ext), ("binary_path", artifacts.binary_path), ("urls", artifacts.urls)):
        for key in table:
            if key not in ("default", *OSES) and not _is_target(key):
                hint = did_you_mean(key, ("default", *OSES))
                yield config.problem(("artifacts", option, key), f"`{key}` is no target", hint, key=True)


def _is_target(text: str) -> bool:
    try:
        return bool(Target.parse(text))
    except ValueError:
        return False


def _assets(config: Config) -> Iterator[Problem]:
    """Every target has a release file of its own, and every pattern can be filled."""
    naming, taken = config.naming, dict[str, Target]()
    for target in naming.targets:
        try:
            name = naming.asset(target)
            naming.inner_path(target)
            naming.url(target)
            naming.fallbacks(target)
        except ConfigError as error:
            option = error.message.split(" ")[0]
            yield config.problem(option.split("."), error.message, error.hint)
            return
        if name in taken:
            hint = "use {os}, {arch} (and {libc}) in the pattern"
            message = f"{taken[name]} and {target} would both be called {name}"
            yield config.problem(("artifacts", "asset"), message, hint)
            return
        if "/" in name or "\\" in name:
            yield config.problem(("artifacts", "asset"), f"`{name}` is a path", "a release file has a plain name")
            return
        taken[name] = target
