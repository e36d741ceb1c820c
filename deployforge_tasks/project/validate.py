"""From pydantic's errors to problems that a person can act on, each at its place in the file."""

from __future__ import annotations

from collections.abc import Mapping
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from deployforge_tasks.project.problems import Problem, did_you_mean, dotted
from deployforge_tasks.project.tree import Node, Path

M = TypeVar("M", bound=BaseModel)
_Error = Mapping[str, Any]

_TYPES = {
    "string": "must be a text",
    "int": "must be a whole number",
    "float": "must be a number",
    "bool": "must be true or false",
    "list": "must be a list",
    "tuple": "must be a list",
    "dict": "must be a mapping of `key: value`",
    "model": "must be a mapping of `key: value`",
}


def validate(model: type[M], node: Node, path: Path) -> tuple[M | None, list[Problem]]:
    """Check a section with its model.

    Args:
        model: what the section must be.
        node: the section.
        path: where the section stands in the file, for messages.

    Returns:
        The section as its model, or None with every problem in it.
    """
    try:
        return model.model_validate(node.plain()), []
    except ValidationError as invalid:
        problems: dict[tuple[str, str], Problem] = {}
        for error in invalid.errors(include_url=False, include_context=True):
            problem = _problem(model, node, path, error)
            problems.setdefault((problem.place, problem.path), problem)  # a union complains once for each member
        return None, list(problems.values())


def _problem(model: type[BaseModel], node: Node, path: Path, error: _Error) -> Problem:
    inside = _real_path(node, error["loc"])
    kind = str(error["type"])
    if kind == "extra_forbidden":
        word = str(error["loc"][-1])
        known = _names_at(model, inside[:-1])
        return _at(node, path, inside, f"unknown option `{word}`", did_you_mean(word, known), key=True)
    if kind == "missing":
        name = str(error["loc"][-1])
        return _at(node, path, (*inside, name), f"`{name}` is missing", f"add `{name}: …` here", key=True)
    message, hint = _words(kind, error)
    return _at(node, path, inside, message, hint)


def _at(node: Node, path: Path, inside: Path, message: str, hint: str, *, key: bool = False) -> Problem:
    return Problem(str(node.place_of(inside, key=key)), dotted((*path, *inside)), message, hint)


def _words(kind: str, error: _Error) -> tuple[str, str]:
    value, context = error.get("input"), error.get("ctx", {})
    shown = f"`{value}`" if isinstance(value, str | int | float) else "this"
    family = kind.split("_", maxsplit=1)[0]
    if kind == "literal_error":
        words = [word.strip("' ") for word in str(context["expected"]).replace(" or ", ", ").split(",")]
        wanted = f"is not one of {', '.join(words)}" if len(words) > 1 else f"must be {words[0]}"
        return f"{shown} {wanted}", _near(value, words)
    if kind == "value_error":
        return str(context["error"]), ""
    if family in _TYPES:
        quoted = family == "string" and isinstance(value, int | float)
        return f"{shown} {_TYPES[family]}", f'write it in quotes: "{value}"' if quoted else ""
    return f"{shown}: {str(error['msg'])[:1].lower()}{str(error['msg'])[1:]}", ""


def _near(value: Any, words: list[str]) -> str:
    hint = did_you_mean(str(value), words)
    return hint if hint.startswith("did") else ""


def _real_path(node: Node, loc: tuple[str | int, ...]) -> Path:
    """The part of pydantic's location that stands in the file; names of union members are dropped."""
    path: list[str | int] = []
    here: Node | None = node
    for part in loc:
        below = here.child(part) if here is not None else None
        if below is not None:
            path.append(part)
            here = below
    return tuple(path)


def _names_at(model: type[BaseModel], path: Path) -> list[str]:
    """The options that the model at a path inside of `model` knows."""
    annotations: list[Any] = [model]
    for part in path:
        annotations = [below for annotation in annotations for below in _below(annotation, str(part))]
    models = [a for a in annotations if isinstance(a, type) and issubclass(a, BaseModel)]
    return [field.alias or name for m in models for name, field in m.model_fields.items()]


def _below(annotation: Any, part: str) -> list[Any]:
    """What an annotation such as ``dict[str, Model] | None`` says about one part below it, unions opened."""
    if isinstance(annotation, type) and get_origin(annotation) is None:
        if not issubclass(annotation, BaseModel):
            return []
        fields = {field.alias or name: field.annotation for name, field in annotation.model_fields.items()}
        return _members(fields.get(part))
    arguments = get_args(annotation)
    return _members(arguments[-1] if get_origin(annotation) is dict else arguments[0]) if arguments else []


def _members(annotation: Any) -> list[Any]:
    is_union = get_origin(annotation) in (Union, UnionType)
    return list(get_args(annotation)) if is_union else [annotation]
