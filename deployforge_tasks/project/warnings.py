"""What is allowed in ``deployforge.yml`` but probably not meant."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from deployforge_tasks.core.model import Level
from deployforge_tasks.core.targets import Target
from deployforge_tasks.project.checks import Config
from deployforge_tasks.project.problems import Problem, did_you_mean
from deployforge_tasks.project.secrets import as_named, conflicts
from deployforge_tasks.project.version_source import tags


def warnings(config: Config, folder: Path) -> list[Problem]:
    """Everything worth a second look before a release.

    Args:
        config: a configuration without errors.
        folder: the project's folder.
    """
    found = [
        *_unread_platforms(config),
        *_description(config),
        *_release(config),
        *_targets(config),
        *_version_files(config, folder),
        *_tag_commit(config, folder),
        *_advice(config),
    ]
    return [replace(problem, level=Level.WARNING) for problem in found]


def conflicting_variables(config: Config, environ: Mapping[str, str], from_file: frozenset[str]) -> list[Problem]:
    """Credentials that two variables give different values (which one is used is told, the values are not)."""
    found = []
    for kind in config.enabled:
        for credential, used, other in conflicts(
            as_named(config.project, kind.name, kind.credentials), environ, from_file
        ):
            message = f"{used} and {other} have different values; {used} is used"
            hint = f"unset the other one, or name yours: `credentials: {{{kind.name}: {{{credential.name}: {used}}}}}`"
            found.append(replace(config.problem(("credentials", kind.name), message, hint), level=Level.WARNING))
    return found


def _unread_platforms(config: Config) -> Iterator[Problem]:
    known = [*config.kinds, *config.aliases]
    for name in config.project.platforms:
        if name not in config.kinds:
            near = did_you_mean(name, known)
            hint = near if near.startswith("did") else "a plugin may bring it; it is switched off, so nothing reads it"
            yield config.problem(("platforms", name), f"unknown platform `{name}`, switched off", hint, key=True)


def _description(config: Config) -> Iterator[Problem]:
    """What every package manager shows to its users."""
    if "license" not in config.root.value:
        yield config.problem(("license",), "no licence is named", "add `license: MIT` (an SPDX expression)")
    if config.project.author is None:
        yield config.problem(("author",), "no author is named", "add `author: {name: …, email: …}`")
    if config.project.homepage is None and config.project.source.repo is None:
        yield config.problem(("homepage",), "no homepage is named", "add `homepage:` or `source: {repo: owner/name}`")


def _release(config: Config) -> Iterator[Problem]:
    """Where users download the release files that packages point at."""
    users = [kind.name for kind in config.enabled if kind.uses_artifacts]
    if users and "artifacts" not in config.root.value:
        hint = "add `artifacts:` with `from:`, the names of the files and the targets"
        yield config.problem(("artifacts",), f"nothing says where the release files come from ({_some(users)})", hint)
    if users and config.project.source.repo is None:
        hint = "add `source: {repo: owner/name}`"
        yield config.problem(("source", "repo"), "no repository is named, so there is no release to point at", hint)
    names = {kind.name for kind in config.enabled}
    for kind in config.enabled:
        hubs = config.project.depends.get(kind.name, kind.hubs(config.options[kind.name]))
        absent = [hub for hub in hubs if hub not in names]
        if absent:
            hint = f"enable {_some(absent)}, or make sure that the release is public before {kind.name} points at it"
            yield config.problem(
                ("platforms", kind.name), f"its files point at {_some(absent)}, which is not enabled", hint
            )


def _targets(config: Config) -> Iterator[Problem]:
    for name, options in config.options.items():
        for index, pattern in enumerate(options.targets):
            if not any(target.matches(pattern) for target in config.naming.targets):
                path = ("platforms", name, "targets", index)
                yield config.problem(path, f"`{pattern}` matches no target", f"targets: {_some(config.naming.targets)}")


def _version_files(config: Config, folder: Path) -> Iterator[Problem]:
    """Files that repeat the version say the same one."""
    for index, file in enumerate(config.project.version_files):
        path = ("version_files", index, "path")
        try:
            match = re.search(file.regex, (folder / file.path).read_text("utf-8"))
        except (OSError, UnicodeDecodeError) as error:
            yield config.problem(path, f"{file.path} cannot be read: {error.__class__.__name__}", "correct the path")
            continue
        if match is None:
            yield config.problem(path, f"{file.path} has nothing that matches", "correct the regex")
        elif config.version is not None and match[1] != str(config.version):
            hint = f"set it to {config.version} before the release is built"
            yield config.problem(path, f"{file.path} says {match[1]}, the release is {config.version}", hint)


def _tag_commit(config: Config, folder: Path) -> Iterator[Problem]:
    """Source is published from the commit of the release, if that is asked for."""
    source, version = config.project.source, config.version
    if source.require_tag_commit and version is not None and version not in tags(folder, source.tag):
        message = f"the checked-out commit does not carry the tag {config.naming.tag}"
        hint = f"check out that tag: `git checkout {config.naming.tag}`"
        yield config.problem(("source", "require_tag_commit"), message, hint)


def _advice(config: Config) -> Iterator[Problem]:
    for name, options in config.options.items():
        if options.enabled:
            for option, message, hint in options.advice():
                yield config.problem(("platforms", name, option), message, hint)


def _some(names: list[str] | tuple[Target, ...]) -> str:
    return ", ".join(map(str, names))
