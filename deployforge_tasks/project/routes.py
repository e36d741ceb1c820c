"""Who is told about what: the routes of a project, its short forms included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from deployforge_tasks.project.problems import Problem, did_you_mean
from deployforge_tasks.project.schema_channels import KINDS, AnyChannel, Channel
from deployforge_tasks.project.schema_places import Places

if TYPE_CHECKING:
    from deployforge_tasks.project.checks import Config
    from deployforge_tasks.project.schema import Project

#: What the two short forms stand for.
ERRORS = ("failure", "degraded", "stopped", "rollback", "drift", "credential_expiring")
SUCCESSES = ("success", "waiting")


@dataclass(frozen=True)
class Way:
    """A route as it is followed; what is empty (or None) means any. `to` are mail addresses instead of the usual ones.

    `written` is where it stands in the file.
    """

    channels: tuple[str, ...]
    written: str
    events: tuple[str, ...] = ()
    platforms: tuple[str, ...] = ()
    profile: str | None = None
    to: tuple[str, ...] = ()


def ways(project: Project) -> list[Way]:
    """Every route of a project."""
    monitoring, business = project.monitoring, project.business.notifications
    found = [
        Way(tuple(r.channels), f"monitoring.routes[{n}]", tuple(r.events), tuple(r.platforms), r.profile)
        for n, r in enumerate(monitoring.routes)
    ]
    for name, channels, events in (
        ("error_notifications", monitoring.error_notifications, ERRORS),
        ("success_notifications", monitoring.success_notifications, SUCCESSES),
    ):
        if channels:
            found.append(Way(tuple(channels), f"monitoring.{name}", events))
    for event in ("new_downloads", "trial_started", "license_purchased"):
        addresses = tuple(getattr(business, event))
        if addresses:
            found.append(Way(("email",), f"business.notifications.{event}", (event,), to=addresses))
    return found


def channels(project: Project) -> Mapping[str, Channel]:
    """Every channel that the project has or a route names, by name; one without a section has its kind's defaults."""
    found: dict[str, Channel] = dict(project.monitoring.channels)
    for way in ways(project):
        for name in way.channels:
            if name not in found:
                found[name] = of_kind(name)
    return found


def of_kind(kind: str) -> Channel:
    """A channel with the defaults of its kind."""
    made: Channel = TypeAdapter(AnyChannel).validate_python({"kind": kind})
    return made


def route_problems(config: Config) -> Iterator[Problem]:
    """Routes name channels, platforms and places that there are."""
    monitoring = config.project.monitoring
    known = {*KINDS, *monitoring.channels}
    for option in ("error_notifications", "success_notifications"):
        for index, name in enumerate(getattr(monitoring, option)):
            if name not in known:
                yield _unknown(config, ("monitoring", option, index), "channel", name, known)
    platforms = {*config.project.platforms, *config.kinds, *config.aliases, *config.project.analytics.places.names}
    for number, route in enumerate(monitoring.routes):
        for index, name in enumerate(route.channels):
            if name not in known:
                yield _unknown(config, ("monitoring", "routes", number, "channels", index), "channel", name, known)
        for index, name in enumerate(route.platforms):
            if name not in platforms:
                path = ("monitoring", "routes", number, "platforms", index)
                if name in Places.model_fields:
                    hint = "it can be counted: name it in `analytics.places`"
                    yield config.problem(path, f"unknown platform `{name}`", hint)
                else:
                    yield _unknown(config, path, "platform", name, platforms)


def _unknown(config: Config, path: tuple[str | int, ...], what: str, name: str, known: set[str]) -> Problem:
    return config.problem(path, f"unknown {what} `{name}`", did_you_mean(name, known))
