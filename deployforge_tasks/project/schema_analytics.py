"""The sections of ``deployforge.yml`` that tell how downloads are counted and what a release costs."""

from __future__ import annotations

from pydantic import Field

from deployforge_tasks.project.schema_places import Places
from deployforge_tasks.project.strict import Duration, Strict


class Analytics(Strict):
    """How download counters are collected."""

    every: Duration = 86400.0
    """How often the dashboard collects by itself; 0: only `deployforge stats` does."""
    places: Places = Field(default_factory=lambda: Places())
    """Where else the project is counted: places that DeployForge does not publish to."""


class PlatformCosts(Strict):
    """What one platform costs."""

    monthly: float = Field(default=0.0, ge=0)
    """Fees a month (an account, hosting)."""
    yearly: float = Field(default=0.0, ge=0)
    """Fees a year (a signing certificate, a developer account)."""
    release: float = Field(default=0.0, ge=0)
    """Fees a release."""
    storage: float = Field(default=0.0, ge=0)
    """Price of a gigabyte that is kept for a month."""
    traffic: float = Field(default=0.0, ge=0)
    """Price of a gigabyte that is downloaded."""


class Costs(Strict):
    """What releasing costs; minutes are measured from one's own runs."""

    currency: str = "USD"
    minute: float = Field(default=0.0, ge=0)
    """Price of a minute of continuous integration."""
    budget: float | None = Field(default=None, ge=0)
    """What a month may cost."""
    platforms: dict[str, PlatformCosts] = Field(default_factory=dict)
