"""The sections of ``deployforge.yml`` that tell about the time after a release: monitoring, business, CI, audit."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from deployforge_tasks.project.strict import Strict

Channel = Literal["slack", "discord", "email", "webhook", "desktop"]


class Monitoring(Strict):
    """What is watched and who is told."""

    download_tracking: bool = False
    history: list[str] = Field(default_factory=list, alias="import")
    """Files with download figures from earlier times."""
    error_notifications: list[Channel] = Field(default_factory=list)
    success_notifications: list[Channel] = Field(default_factory=list)


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
