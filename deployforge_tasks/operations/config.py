"""Looking at the configuration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployforge_tasks.operations.settings import Settings
    from deployforge_tasks.project.origins import Value
    from deployforge_tasks.project.problems import Problem


@dataclass(frozen=True)
class ConfigCheck:
    """A configuration that can be used: what it is about, and what is probably not meant.

    `places` are those that are only counted.
    """

    project: str
    version: str | None
    profile: str
    enabled: tuple[str, ...]
    disabled: tuple[str, ...]
    places: tuple[str, ...]
    warnings: tuple[Problem, ...]
    notes: tuple[Problem, ...]


def check(settings: Settings) -> ConfigCheck:
    """Check the configuration.

    Raises:
        ConfigError: it cannot be used; has every problem.
    """
    loaded = settings.load()
    return ConfigCheck(
        project=loaded.project.name,
        version=str(loaded.version) if loaded.version else None,
        profile=loaded.profile,
        enabled=tuple(name for name, options in loaded.options.items() if options.enabled),
        disabled=tuple(name for name, options in loaded.options.items() if not options.enabled),
        places=loaded.project.analytics.places.names,
        warnings=loaded.warnings,
        notes=loaded.notes,
    )


def effective(settings: Settings) -> dict[str, Any]:
    """The configuration after profile, variables and defaults; what is not set is left out, secrets are masked.

    Raises:
        ConfigError: it cannot be used.
    """
    from deployforge_tasks.core.redact import redactor
    from deployforge_tasks.platforms.base import Secrets
    from deployforge_tasks.platforms.registry import platforms
    from deployforge_tasks.project.secrets import Vault

    loaded = settings.load()
    vault = Vault(loaded)
    for name in loaded.options:
        credentials = vault.credentials(name, platforms()[name].credentials)
        Secrets(name, vault.given(credentials), credentials)
    data = loaded.project.model_dump(mode="json", by_alias=True, exclude_none=True)
    data["version"] = str(loaded.version) if loaded.version else None
    data["platforms"] = {
        name: options.model_dump(mode="json", by_alias=True, exclude_none=True)
        for name, options in loaded.options.items()
    }
    cleaned: dict[str, Any] = redactor.data({key: value for key, value in data.items() if value not in (None, {}, [])})
    return cleaned


def origins(settings: Settings) -> list[Value]:
    """Every value of the effective configuration, and where it comes from.

    Raises:
        ConfigError: it cannot be used.
    """
    from deployforge_tasks.project.origins import origins as of

    return list(of(settings.load(), effective(settings), version_named=settings.version is not None))


@dataclass(frozen=True)
class Migration:
    """What a ``deployforge.yml`` would become: `before` and `after` are its whole text, `reasons` one a change."""

    before: str
    after: str
    reasons: tuple[str, ...]


def migration(settings: Settings) -> Migration:
    """What has to change so that the file is written as this version of DeployForge writes it. Changes nothing.

    Raises:
        ConfigError: the file cannot be read, or is no YAML.
    """
    from deployforge_tasks.platforms.registry import platforms
    from deployforge_tasks.project.load import read_text
    from deployforge_tasks.project.spelling import apply, changes

    before = read_text(settings.file, "-c")
    wanted = changes(before, settings.file.name, platforms().aliases)
    return Migration(before, apply(before, wanted), tuple(f"line {change.line}: {change.reason}" for change in wanted))


def write(settings: Settings, found: Migration) -> None:
    """Write a migration, if the file is still what it was looked at.

    Raises:
        ConfigError: it was changed meanwhile, or cannot be written.
    """
    from deployforge_tasks.core.errors import ConfigError
    from deployforge_tasks.effects.files import write_atomic
    from deployforge_tasks.project.load import read_text

    if read_text(settings.file, "-c") != found.before:
        raise ConfigError(f"{settings.file} was changed meanwhile", hint="run the same command again", code="DF1485")
    try:
        write_atomic(settings.file, found.after)
    except OSError as error:
        raise ConfigError(
            f"{settings.file} cannot be written ({error.strerror})", hint="check who may write it", code="DF1486"
        ) from error


def schema() -> dict[str, Any]:
    """The JSON Schema of ``deployforge.yml``, with the options of every platform."""
    from deployforge_tasks.platforms.registry import json_schema

    return json_schema()
