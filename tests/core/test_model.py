"""An error as a finding of a preflight."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.errors import (
    CredentialError,
    DeployForgeError,
    NetworkError,
    PreflightError,
    PublishError,
    StatusError,
)
from deployforge_tasks.core.model import Finding, Level


def status(code: int) -> StatusError:
    return StatusError(f"status {code}", hint="see there", status=code)


@pytest.mark.parametrize(
    "error", [CredentialError("no token", hint="get one", code="DF2001"), status(401), status(403)], ids=str
)
def test_a_refusal_is_a_finding_about_a_credential(error: DeployForgeError) -> None:
    assert Finding.of_error("NPM-004", error).credential


@pytest.mark.parametrize(
    "error",
    [PreflightError("x", hint="y"), PublishError("x", hint="y"), NetworkError("x", hint="y"), status(404), status(500)],
    ids=repr,
)
def test_any_other_error_is_none(error: DeployForgeError) -> None:
    assert not Finding.of_error("NPM-004", error).credential


def test_a_finding_keeps_what_the_error_says_unless_it_is_told_otherwise() -> None:
    error = NetworkError("it is down", hint="wait")
    assert Finding.of_error("NPM-004", error) == Finding("NPM-004", Level.ERROR, "it is down", "wait")
    assert Finding.of_error("NPM-004", error, says="cannot look: it is down").message == "cannot look: it is down"
