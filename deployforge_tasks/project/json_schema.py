"""The JSON Schema of ``deployforge.yml``, for editors: the project's models and every platform's options."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import BaseModel

    from deployforge_tasks.project.load import Kind


def json_schema(kinds: Mapping[str, Kind], aliases: Mapping[str, str]) -> dict[str, Any]:
    """A draft 2020-12 schema.

    Args:
        kinds: the platforms whose sections it describes.
        aliases: other names of theirs, with their own.
    """
    from pydantic.json_schema import models_json_schema

    from deployforge_tasks.project.schema import Project

    models: list[type[BaseModel]] = [Project, *(kind.options for kind in kinds.values())]
    references, shared = models_json_schema([(model, "validation") for model in models], by_alias=True)
    definitions: dict[str, Any] = shared["$defs"]
    project = definitions.pop(_name(references[Project, "validation"]))
    sections = {name: references[kind.options, "validation"] for name, kind in kinds.items()}
    also = {alias: sections[name] for alias, name in aliases.items()}
    project["properties"]["platforms"] = {
        "description": "What to publish to; a section for each platform.",
        "type": "object",
        "properties": {
            name: {"anyOf": [section, {"type": "null"}]} for name, section in sorted({**sections, **also}.items())
        },
    }
    partial, partial_definitions = _partial(project, definitions)
    project["properties"]["profiles"] = {
        "description": "Named sections that override the rest of the file.",
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/Profile"}, {"type": "null"}]},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "deployforge.yml",
        **{key: value for key, value in project.items() if key != "title"},
        "$defs": {**definitions, **partial_definitions, "Profile": partial},
    }


def _partial(project: dict[str, Any], definitions: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The same schema with nothing required, for overrides; its definitions get names of their own."""
    profile = _relaxed(copy.deepcopy(project))
    profile["properties"].pop("schema", None)
    profile["description"] = "Overrides any part of the file."
    profile["title"] = "Profile"
    return profile, {f"{name}Part": _relaxed(copy.deepcopy(schema)) for name, schema in definitions.items()}


def _relaxed(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_relaxed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    relaxed = {
        key: _relaxed(value) for key, value in schema.items() if key != "required" or not isinstance(value, list)
    }
    if isinstance(relaxed.get("$ref"), str):
        relaxed["$ref"] += "Part"
    return relaxed


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]
