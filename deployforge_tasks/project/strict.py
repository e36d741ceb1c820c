"""What every model of the configuration has in common."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

if TYPE_CHECKING:
    from pydantic import GetJsonSchemaHandler
    from pydantic_core import CoreSchema


class Strict(BaseModel):
    """No unknown keys, nothing changed after loading. The texts below its fields are their descriptions."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema with the fields' texts, read only now: pydantic itself would read the source on every start."""
        from deployforge_tasks.project.descriptions import descriptions

        schema = handler(core)
        properties = handler.resolve_ref_schema(schema)["properties"] if cls.model_fields else {}
        texts = descriptions(cls)
        for name, field in cls.model_fields.items():
            if name in texts:
                properties[field.alias or name].setdefault("description", texts[name])
        return schema


_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)")


def seconds(value: Any) -> Any:
    """Read ``90``, ``90s``, ``10m`` or ``1h30m`` as seconds; what is no text is left to pydantic."""
    if not isinstance(value, str) or re.fullmatch(r"\d+(\.\d+)?", value):
        return value
    text = value.strip()
    parts = _PART.findall(text)
    if not parts or _PART.sub("", text).strip():
        raise ValueError(f"`{value}` is not a duration; write seconds, or 90s, 10m, 1h30m")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


#: A time in seconds; the file may say ``10m``.
Duration = Annotated[
    float,
    BeforeValidator(seconds),
    Field(ge=0),
    WithJsonSchema(
        {"anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "examples": ["90s", "10m", "1h30m"]}]}
    ),
]


class Options(Strict):
    """What every platform's section may say."""

    patterns: ClassVar[frozenset[str]] = frozenset({"tag", "images"})
    """Options whose ``{version}`` the platform fills by itself, because it needs them for other versions too."""
    enabled: bool = True
    required: bool = True
    """`false`: a failure of this platform degrades a run, it never fails it."""
    targets: list[str] = Field(default_factory=list)
    """Patterns of the targets to publish (`linux/*`); empty means every one that the platform knows."""
    templates: str | None = None
    """Folder with the user's own template, instead of the built-in one."""
    version: str | None = None
    """Another version for this platform alone (a fourth part after a rejected review, for example)."""

    def advice(self) -> list[tuple[str, str, str]]:
        """What is allowed but probably not meant: (option, message, hint), shown as warnings on loading."""
        return []
