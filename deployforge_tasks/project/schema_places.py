"""The places that count a project and are not published to: ``analytics.places`` of ``deployforge.yml``."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from deployforge_tasks.core.endpoints import CLICKGEMS_USER, FLATHUB_WEB, RUBYGEMS_WEB
from deployforge_tasks.effects.http import is_loopback
from deployforge_tasks.project.strict import Strict

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def _http(value: str) -> str:
    if not re.match(r"https?://[^/?#\s]", value):
        raise ValueError("this is no address; write https://…")
    if "@" in value.partition("://")[2].partition("/")[0]:  # not shown: it may be a password
        raise ValueError("an address must not hold a name or a password; if a secret stood here, revoke it")
    return value


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):  # not shown: it may be the secret itself
        raise ValueError("this is not the name of an environment variable; if a secret stood here, revoke it")
    return value


def _app(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+){2,}", value) or len(value) > 255:
        raise ValueError(f"`{value}` is no application ID; write it as on Flathub: com.example.HelloForge")
    return value


def _gem(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9._-]+", value):
        raise ValueError(f"`{value}` is no name of a gem")
    return value


Address = Annotated[str, AfterValidator(_http), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Variable = Annotated[str, AfterValidator(_variable)]


class FlathubPlace(Strict):
    """An application on Flathub."""

    app: Annotated[str, AfterValidator(_app)]
    """Its ID (`com.example.HelloForge`)."""
    api: Address = FLATHUB_WEB
    """Where the API of Flathub answers."""


class RubyGemsPlace(Strict):
    """A gem on RubyGems."""

    gem: Annotated[str, AfterValidator(_gem)]
    """Its name."""
    api: Address = RUBYGEMS_WEB
    """Where the API of RubyGems answers."""
    clickhouse: Address | None = None
    """HTTP interface of a ClickHouse with the tables of ClickGems: days by country and version (default: the public
    one, where `business.analytics.track_geographical_usage` is on and `api` is that of rubygems.org; else none)."""
    clickhouse_user: str = CLICKGEMS_USER
    """Who asks it, without a password."""


class DownloadsPlace(Strict):
    """A download endpoint of one's own that tells its counts."""

    url: Address
    """A CSV file with a header: `day,count`, and if known `version`, `target` and `country`."""
    credentials: dict[Literal["token"], Variable] = Field(default_factory=dict)
    """`token`: the environment variable that holds it; it is sent as `Authorization: Bearer`."""

    @model_validator(mode="after")
    def _sealed(self) -> Self:
        if self.credentials and not self.url.startswith("https://") and not is_loopback(self.url):
            raise ValueError("a token is sent over https only; write https://…, or leave `credentials` out")
        return self


class Places(Strict):
    """Where else the project is counted."""

    flathub: FlathubPlace | None = None
    rubygems: RubyGemsPlace | None = None
    downloads: DownloadsPlace | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The places that are named here, in the order of their fields."""
        return tuple(name for name in type(self).model_fields if getattr(self, name) is not None)

    @property
    def variables(self) -> tuple[str, ...]:
        """The environment variables that hold their credentials."""
        return tuple(self.downloads.credentials.values()) if self.downloads else ()
