"""``monitoring:`` in deployforge.yml: the seed's two lines, and what cannot be meant."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from deployforge_tasks.platforms.registry import json_schema
from deployforge_tasks.project.routes import ways
from tests.project.kinds import load_text, problem_of


def test_the_two_short_forms_need_nothing_else(tmp_path: Path) -> None:
    text = 'monitoring:\n  error_notifications: ["slack", "email"]\n  success_notifications: ["discord"]\n'
    loaded = load_text(tmp_path, text)

    assert [(way.channels, way.events[0]) for way in ways(loaded.project)] == [
        (("slack", "email"), "failure"),
        (("discord",), "success"),
    ]
    assert loaded.notes == ()


def test_addresses_of_business_notifications_are_routes(tmp_path: Path) -> None:
    text = "business: {notifications: {new_downloads: [s@e.example], trial_started: [m@e.example]}}\n"

    assert [(way.events, way.channels, way.to) for way in ways(load_text(tmp_path, text).project)] == [
        (("new_downloads",), ("email",), ("s@e.example",)),
        (("trial_started",), ("email",), ("m@e.example",)),
    ]


@pytest.mark.parametrize(
    ("section", "path", "says"),
    [
        ("{error_notifications: [slak]}", "monitoring.error_notifications[0]", "unknown channel `slak`"),
        ("{routes: [{channels: [ops]}]}", "monitoring.routes[0].channels[0]", "unknown channel `ops`"),
        (
            "{routes: [{channels: [slack], platforms: [dcker]}]}",
            "monitoring.routes[0].platforms[0]",
            "unknown platform",
        ),
        ("{routes: [{channels: [slack], events: [fail]}]}", "monitoring.routes[0].events[0]", "is not one of success"),
        ("{routes: [{channels: []}]}", "monitoring.routes[0].channels", "at least 1"),
        ("{channels: {ops: {}}}", "monitoring.channels", "`ops` needs a `kind:`"),
        ("{channels: {ops: {kind: slak}}}", "monitoring.channels", "`ops` needs a `kind:`"),
        ("{channels: {slack: {server: x}}}", "monitoring.channels.slack.server", "unknown option `server`"),
        ("{channels: {webhook: {url: 'ftp://x'}}}", "monitoring.channels.webhook.url", "must be a URL"),
        ("{channels: {slack: {credentials: {token: X}}}}", "monitoring.channels.slack.credentials", "no credential"),
    ],
)
def test_what_cannot_be_meant_is_told_at_its_place(tmp_path: Path, section: str, path: str, says: str) -> None:
    problem = problem_of(tmp_path, f"monitoring: {section}\n")

    assert problem.path == path
    assert says in problem.message
    assert problem.place.startswith("deployforge.yml:3:")


def test_a_route_can_be_about_a_place_that_is_only_counted(tmp_path: Path) -> None:
    routes = "monitoring: {routes: [{channels: [slack], events: [new_downloads], platforms: [flathub]}]}\n"
    places = "analytics: {places: {flathub: {app: com.example.Hello}}}\n"

    assert [way.platforms for way in ways(load_text(tmp_path, routes + places).project)] == [("flathub",)]


def test_a_place_that_a_route_names_must_be_counted(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "monitoring: {routes: [{channels: [slack], platforms: [flathub]}]}\n")

    assert problem.path == "monitoring.routes[0].platforms[0]"
    assert problem.message == "unknown platform `flathub`"
    assert problem.hint == "it can be counted: name it in `analytics.places`"


def test_a_secret_in_place_of_a_variable_is_refused_and_not_shown(tmp_path: Path) -> None:
    secret = "https://hooks.example/services/T0/B0/canary"
    problem = problem_of(tmp_path, f"monitoring: {{channels: {{slack: {{credentials: {{url: '{secret}'}}}}}}}}\n")

    assert "revoke it" in problem.message
    assert "canary" not in problem.message + problem.hint


def test_the_json_schema_takes_a_channel_without_its_kind() -> None:
    text = "{channels: {slack: , telegram: {chat: -100}, ops: {kind: slack}}, error_notifications: [slack]}"
    config = {"name": "hello", "description": "x", "monitoring": yaml.safe_load(text)}

    jsonschema.validate(config, json_schema())
    config["monitoring"]["channels"]["slack"] = {"sever": "x"}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(config, json_schema())
