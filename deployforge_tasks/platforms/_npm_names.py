"""What the npm family says in ``deployforge.yml``, and the package names that follow from it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from deployforge_tasks.core.endpoints import NPM_REGISTRY
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.targets import Target, spelling
from deployforge_tasks.platforms.base import Job, Options

# https://docs.npmjs.com/cli/configuring-npm/package-json#name and validate-npm-package-name
_NAME = re.compile(r"(@[a-z0-9-~][a-z0-9-._~]*/)?[a-z0-9-~][a-z0-9-._~]*")
_LONGEST_NAME = 214


class NpmOptions(Options):
    """Options of the npm family."""

    registry: str = NPM_REGISTRY
    """The registry's base URL."""
    package: str | None = None
    """Name of the package that users install (default: the project's name); may carry its scope (`@scope/name`)."""
    scope: str | None = None
    """Scope for every package (`@acme`)."""
    target_package: str = "{package}-{target}"
    """Pattern of the names of the packages per target (`{package} {scope} {name} {target}`)."""
    access: Literal["public", "restricted"] = "public"
    """Who may install it."""
    dist_tag: str = "latest"
    """The tag that moves to the new version; prereleases and older versions never take `latest`."""
    strategy: Literal["per_target_package", "bundle", "download"] = "per_target_package"
    """`per_target_package`: one package a target, chosen by npm. `bundle`: one package with every program in it.
    `download`: the starter fetches the release file on its first run (never at install time: npm 12 and pnpm block
    install scripts) and refuses it unless its SHA-256 is the one that the package names."""
    provenance: bool = False
    """Wanted by npm's trusted publishing; DeployForge publishes with a token and says so in a note."""
    binary_wrapper: str | None = None
    """Not used: the packages carry the program itself and a small starter."""

    def advice(self) -> list[tuple[str, str, str]]:
        found = super().advice()
        if self.scope and not self.package:
            hint = "is that scope yours? without `scope` the package has just the project's name"
            found.append(("scope", f"every package is published below {self.scope}", hint))
        if self.binary_wrapper:
            hint = "remove it, or name your own template with `templates:`"
            found.append(("binary_wrapper", "nothing uses it: the packages carry the program itself", hint))
        return found


@dataclass(frozen=True)
class Names:
    """The names of all packages: `main` is what users install, `parts` the package of each target."""

    main: str
    parts: Mapping[Target, str]

    @property
    def all(self) -> list[str]:
        """In publishing order: what the main package points at goes first."""
        return [*self.parts.values(), self.main]


def package_names(job: Job[Any]) -> Names:
    """The names for a job.

    Raises:
        ConfigError: two packages would have the same name.
    """
    options: NpmOptions = job.options
    main = main_name(options, job.project.name)
    if options.strategy != "per_target_package":
        return Names(main, {})
    scope, _, name = main.rpartition("/")
    parts = {
        target: options.target_package.format(package=main, scope=scope, name=name, target=spelling(target, "npm"))
        for target in job.targets
    }
    names = Names(main, parts)
    if len(set(names.all)) < len(names.all):
        raise ConfigError(
            f"two npm packages of {main} would have the same name: {', '.join(names.all)}",
            hint="put {target} into target_package, and leave out one of two targets that npm spells alike",
            code="DF1321",
        )
    return names


def main_name(options: NpmOptions, project: str) -> str:
    """The name that users install."""
    package = options.package or project
    if options.scope and not package.startswith("@"):
        return f"@{options.scope.removeprefix('@')}/{package}"
    return package


def name_problem(name: str) -> str | None:
    """Why npm would refuse a package name, or None."""
    if len(name) > _LONGEST_NAME:
        return f"is longer than {_LONGEST_NAME} characters"
    if not _NAME.fullmatch(name):
        return "must be lower case letters, digits, `-`, `.` and `_`, with an optional `@scope/` before it"
    return None


def escaped(name: str) -> str:
    """A package name as part of a registry URL: ``@scope%2fname``."""
    return name.replace("/", "%2f")


def dist_tag(wanted: str, version: str, latest: str | None, *, prerelease: bool, older: bool) -> str:
    """The tag for a new version: `latest` never goes to a prerelease and never moves backwards.

    Args:
        latest: what carries `latest` now; None for a package that does not exist yet.
        older: the new version is older than that.
    """
    if wanted != "latest":
        return wanted
    if prerelease:
        word = re.match(r"[A-Za-z]+", version.partition("-")[2])
        return word.group().lower() if word else "next"
    if latest and older:
        return f"release-{version.rpartition('.')[0]}"
    return wanted
