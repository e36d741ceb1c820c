"""The sections of ``deployforge.yml`` that tell about the time after a release: monitoring, business, CI, audit."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from deployforge_tasks.project.schema_channels import AnyChannel, any_of, with_kinds
from deployforge_tasks.project.strict import Duration, Strict

#: What people can be told about.
EventName = Literal[
    "success",
    "failure",
    "degraded",
    "waiting",
    "stopped",
    "rollback",
    "drift",
    "credential_expiring",
    "digest",
    "new_downloads",
    "trial_started",
    "license_purchased",
]


class Route(Strict):
    """Who is told about what."""

    events: list[EventName] = Field(default_factory=list)
    """Empty means every event."""
    platforms: list[str] = Field(default_factory=list)
    """Only what concerns one of these platforms, or places that are only counted; empty means every one."""
    channels: list[str] = Field(min_length=1)
    """Names from `channels`, or a kind of channel."""
    profile: str | None = None
    """Only runs with this profile; `""` means those without one."""


class Monitoring(Strict):
    """What is watched and who is told."""

    download_tracking: bool = False
    history: list[str] = Field(default_factory=list, alias="import")
    """Files with download figures from earlier times."""
    error_notifications: list[str] = Field(default_factory=list)
    """Channels that are told about failure, degraded, stopped, rollback, drift and credential_expiring."""
    success_notifications: list[str] = Field(default_factory=list)
    """Channels that are told about success and waiting."""
    channels: dict[str, AnyChannel] = Field(default_factory=dict, json_schema_extra=any_of)
    """How each channel is reached."""
    routes: list[Route] = Field(default_factory=list)
    """Who else is told about what."""
    quiet: Duration = 21600.0
    """How long the same happening is not told again on the same channel."""
    limit: Duration = 15.0
    """Seconds that a run waits at its end for what is not yet delivered."""
    templates: str | None = None
    """Folder with templates of one's own for the messages."""

    @field_validator("channels", mode="before")
    @classmethod
    def _kinds(cls, value: Any) -> Any:
        return with_kinds(value)


class Trial(Strict):
    """A trial period of the program, for the texts that mention it."""

    enabled: bool = False
    duration_days: int = Field(default=14, ge=1)
    features: list[str] = Field(default_factory=list)
    text_in: list[Literal["release_notes", "readme"]] = Field(default_factory=list)


class Licensing(Strict):
    """Where licences are sold and checked."""

    server_url: str | None = None
    pricing_url: str | None = None
    price: str | None = None


class BusinessAnalytics(Strict):
    """What may be counted."""

    track_downloads: bool = False
    track_trial_conversions: bool = False
    track_geographical_usage: bool = False


class BusinessNotifications(Strict):
    """Mail addresses that are told about an event."""

    new_downloads: list[str] = Field(default_factory=list)
    trial_started: list[str] = Field(default_factory=list)
    license_purchased: list[str] = Field(default_factory=list)


class Business(Strict):
    """The commercial side of the program."""

    trial: Trial = Field(default_factory=lambda: Trial())
    licensing: Licensing = Field(default_factory=lambda: Licensing())
    analytics: BusinessAnalytics = Field(default_factory=lambda: BusinessAnalytics())
    notifications: BusinessNotifications = Field(default_factory=lambda: BusinessNotifications())


class Ci(Strict):
    """The continuous integration that runs the release."""

    provider: Literal["github_actions"] = "github_actions"
    one_workflow: bool = True
    migrate: list[str] = Field(default_factory=list)
    """Old workflow files that this file replaces."""


class Audit(Strict):
    """An existing repository whose release workflows are to be looked at."""

    repo: str | None = None
    workflows: Literal["all"] | list[str] = "all"
