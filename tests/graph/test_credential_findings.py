"""A deploy that stops because of a credential ends with the exit code of credentials."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, PreflightError
from deployforge_tasks.operations.deploy import DeployResult, deploy
from tests.graph.shelf import Heard, ShelfServer, load_project, shelves, write_project

LACKS, FLAW = {"lacks": "there is no token"}, {"flaw": "wrong colour"}


def deployed(
    folder: Path, server: ShelfServer, platforms: Mapping[str, Mapping[str, Any]], heard: Heard | None = None
) -> DeployResult:
    project = write_project(folder, {name: {"url": server.url, **options} for name, options in platforms.items()})
    with shelves(*platforms, needs={"follower": ("a",)}):
        return deploy(load_project(project), listeners=[heard] if heard else [])


def test_a_preflight_that_finds_only_a_credential_is_an_error_of_credentials(
    tmp_path: Path, server: ShelfServer
) -> None:
    result = deployed(tmp_path, server, {"a": LACKS, "b": {}})

    error = result.platforms["a"].error
    assert isinstance(error, CredentialError)
    assert (error.code, error.message, error.hint) == ("DF2004", "SHELF-002 there is no token", "get one")
    assert (result.exit_code, server.accepted) == (4, ["b-0"])


def test_anything_else_beside_the_credential_makes_it_an_error_of_the_preflight(
    tmp_path: Path, server: ShelfServer
) -> None:
    result = deployed(tmp_path, server, {"a": {**LACKS, **FLAW}})

    error = result.platforms["a"].error
    assert isinstance(error, PreflightError)
    assert (error.code, result.exit_code) == ("DF3010", 5)


@pytest.mark.parametrize(
    ("platforms", "exit_code"),
    [
        ({"a": LACKS, "b": LACKS}, 4),
        ({"a": LACKS, "b": FLAW}, 1),
        ({"a": LACKS, "follower": {}}, 4),
        ({"a": LACKS, "b": {**FLAW, "required": False}}, 4),
        ({"a": {**LACKS, "required": False}, "b": FLAW}, 5),
    ],
    ids=[
        "all for credentials",
        "one for something else",
        "one that waits for it",
        "the other is not required",
        "it is not required itself",
    ],
)
def test_the_run_ends_with_4_when_every_required_platform_failed_for_a_credential(
    tmp_path: Path, server: ShelfServer, platforms: dict[str, dict[str, Any]], exit_code: int
) -> None:
    assert deployed(tmp_path, server, platforms).exit_code == exit_code


def test_an_upload_that_is_refused_ends_with_4_too(tmp_path: Path, server: ShelfServer) -> None:
    server.refused = {"a-0"}
    assert deployed(tmp_path, server, {"a": {}}).exit_code == 4


def test_the_event_of_a_finding_says_whether_it_is_about_a_credential(tmp_path: Path, server: ShelfServer) -> None:
    heard = Heard()
    deployed(tmp_path, server, {"a": {**LACKS, **FLAW}}, heard)

    found = {e.data["id"]: e.data["credential"] for e in heard.events if e.kind == "finding"}
    assert found == {"SHELF-002": True, "SHELF-001": False}
