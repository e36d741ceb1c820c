"""The platforms that there are, and what each takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.model import Credential, Traits
from deployforge_tasks.core.targets import ARCHES, OSES, Target, spelling

if TYPE_CHECKING:
    from deployforge_tasks.platforms.base import Platform


@dataclass(frozen=True)
class OptionInfo:
    """One option of a platform's section; `default` is a JSON value."""

    name: str
    type: str
    default: Any
    required: bool
    description: str


@dataclass(frozen=True)
class PlatformInfo:
    """What a platform is and takes; `targets` are the ones that it can spell (empty: it does not care)."""

    name: str
    title: str
    aliases: tuple[str, ...]
    traits: Traits
    needs: tuple[str, ...]
    targets: tuple[str, ...]
    credentials: tuple[Credential, ...]
    options: tuple[OptionInfo, ...]


def known() -> list[PlatformInfo]:
    """Every platform, by name."""
    from deployforge_tasks.platforms.registry import platforms

    return [_info(platform) for platform in platforms().values()]


def names() -> list[str]:
    """The name of every platform."""
    from deployforge_tasks.platforms.registry import platforms

    return list(platforms())


def describe(name: str) -> PlatformInfo:
    """One platform.

    Raises:
        KeyError: there is none of that name.
    """
    from deployforge_tasks.platforms.registry import canonical, platforms

    return _info(platforms()[canonical(name)])


def counts(name: str) -> str:
    """What the download counts of a platform or a place say, and what they do not, in a sentence.

    Raises:
        KeyError: there is none of that name.
    """
    from deployforge_tasks.platforms.places.registry import kind
    from deployforge_tasks.platforms.registry import platforms

    return platforms()[name].counts if name in platforms() else kind(name).counts


def _info(platform: Platform[Any]) -> PlatformInfo:
    return PlatformInfo(
        name=platform.name,
        title=platform.title,
        aliases=tuple(platform.aliases),
        traits=platform.traits,
        needs=tuple(platform.needs),
        targets=_targets(platform.ecosystem),
        credentials=tuple(platform.credentials),
        options=_options(platform),
    )


def _targets(ecosystem: str | None) -> tuple[str, ...]:
    if ecosystem is None:
        return ()
    every = (Target(os, arch) for os in OSES for arch in ARCHES)
    return tuple(str(target) for target in every if spelling(target, ecosystem))


def _options(platform: Platform[Any]) -> tuple[OptionInfo, ...]:
    schema = platform.options.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    return tuple(
        OptionInfo(
            name=name,
            type=type_words(option, definitions),
            default=option.get("default"),
            required=name in required,
            description=" ".join(option.get("description", "").split()),
        )
        for name, option in schema.get("properties", {}).items()
    )


def type_words(option: dict[str, Any], definitions: dict[str, Any]) -> str:
    """A short word for a JSON Schema type: ``text``, ``yes/no``, ``list of text``, ``a | b``."""
    if "$ref" in option:
        return type_words(definitions.get(option["$ref"].rpartition("/")[2], {}), definitions)
    if "enum" in option:
        return " | ".join(str(value) for value in option["enum"])
    if "const" in option:
        return str(option["const"])
    if "anyOf" in option:
        members = [type_words(member, definitions) for member in option["anyOf"] if member.get("type") != "null"]
        return " or ".join(dict.fromkeys(members))
    if option.get("type") == "array":
        return f"list of {type_words(option.get('items', {}), definitions)}"
    words = {"string": "text", "boolean": "yes/no", "integer": "number", "number": "number", "object": "section"}
    return words.get(option.get("type", ""), "any")
