"""Checking requests and answers against an OpenAPI 3.0 description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft4Validator  # OpenAPI 3.0's schemas are JSON Schema draft 4 with `nullable`


@dataclass(frozen=True)
class Operation:
    """What the description says about a method on a path."""

    method: str
    path: str
    says: Mapping[str, Any]


class Description:
    """An OpenAPI description, read from a file."""

    def __init__(self, file: Path) -> None:
        self._document = json.loads(file.read_text("utf-8"))
        self._paths = [(_pattern(path), path) for path in self._document["paths"]]

    def operation(self, method: str, path: str) -> Operation:
        """The operation that a request calls.

        Raises:
            LookupError: the description knows no such path and method.
        """
        fitting = [known for pattern, known in self._paths if pattern.fullmatch(path)]
        for known in sorted(fitting, key=lambda p: p.count("{")):
            says = self._document["paths"][known].get(method.lower())
            if says is not None:
                return Operation(method, known, says)
        raise LookupError(f"{method} {path} is in no description")

    def wrong_in_request(self, operation: Operation, query: Iterable[str], body: Any) -> list[str]:
        """What is wrong with a request: unknown query names, or a body that does not fit or says too much."""
        parameters = [self._resolved(p) for p in operation.says.get("parameters", ())]
        known = {p["name"] for p in parameters if p["in"] == "query"}
        wrong = [f"unknown query name {name}" for name in query if name not in known]
        content = operation.says.get("requestBody", {}).get("content", {}).get("application/json")
        if content is None:
            return wrong if body is None else [*wrong, "a JSON body where none is taken"]
        schema = {"additionalProperties": False, **content["schema"]}
        return wrong + self._wrong(schema, body)

    def wrong_in_answer(self, operation: Operation, status: int, body: Any) -> list[str]:
        """What is wrong with an answer; a refusal that the description leaves out must be an ordinary error."""
        says = operation.says["responses"].get(str(status))
        if says is None and status < 400:
            return [f"status {status} is not described"]
        content = self._resolved(says or {}).get("content", {}).get("application/json")
        if content is not None:
            return self._wrong(content["schema"], body)
        return self._wrong({"$ref": "#/components/schemas/basic-error"}, body) if status >= 400 else []

    def _wrong(self, schema: Mapping[str, Any], value: Any) -> list[str]:
        components: dict[str, Any] = {}
        whole = {**self._converted(schema, components), "components": {"schemas": components}}
        return [f"{error.json_path}: {error.message}"[:300] for error in Draft4Validator(whole).iter_errors(value)]

    def _converted(self, schema: Any, components: dict[str, Any]) -> Any:
        """The schema as JSON Schema; what it refers to is converted into `components`."""
        if isinstance(schema, list):
            return [self._converted(item, components) for item in schema]
        if not isinstance(schema, dict):
            return schema
        if isinstance(schema.get("$ref"), str):
            name = schema["$ref"].rpartition("/")[2]
            if name not in components:
                components[name] = {}
                components[name] = self._converted(self._document["components"]["schemas"][name], components)
            return {"$ref": schema["$ref"]}
        plain = {key: self._converted(item, components) for key, item in schema.items() if key != "nullable"}
        return {"anyOf": [plain, {"type": "null"}]} if schema.get("nullable") is True else plain

    def _resolved(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        """A parameter or response, behind its reference."""
        reference = value.get("$ref")
        if reference is None:
            return value
        found = self._document
        for part in reference.removeprefix("#/").split("/"):
            found = found[part]
        return dict(found)


def _pattern(path: str) -> re.Pattern[str]:
    parts = re.split(r"(\{\w+\})", path)
    return re.compile("".join(_parameter(p) if p.startswith("{") else re.escape(p) for p in parts))


def _parameter(name: str) -> str:
    """References and tags may hold slashes, the other names may not."""
    return ".+" if name in ("{ref}", "{tag}") else "[^/]+"
