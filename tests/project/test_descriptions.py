"""The texts below a model's fields are the descriptions in its JSON Schema."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from deployforge_tasks.project.strict import Strict


class Tool(Strict):
    name: str
    """What it is
    called."""
    plain: str = ""
    other: str = Field(default="", alias="also")
    """Another name."""
    said: str = Field(default="", description="said already")
    """Not this."""


class Saw(Tool):
    """A tool."""

    teeth: int = 0
    """How many."""
    kind: Tool | None = None
    """A tool in it."""


def described(model: type[Strict]) -> dict[str, Any]:
    return {name: value.get("description") for name, value in model.model_json_schema()["properties"].items()}


def test_each_field_has_its_own_text() -> None:
    assert described(Tool) == {
        "name": "What it is\ncalled.",
        "plain": None,
        "also": "Another name.",
        "said": "said already",
    }


def test_what_is_inherited_keeps_its_text() -> None:
    found = described(Saw)
    assert (found["name"], found["teeth"], found["kind"]) == ("What it is\ncalled.", "How many.", "A tool in it.")


def test_a_model_inside_another_one_has_its_texts_too() -> None:
    inside = Saw.model_json_schema()["$defs"]["Tool"]["properties"]
    assert inside["also"]["description"] == "Another name."


def test_a_model_without_a_source_has_none() -> None:
    made = type("Made", (Tool,), {"__annotations__": {"size": int}, "__module__": __name__})
    assert described(made)["size"] is None
    assert described(made)["also"] == "Another name."
