"""The identity that a CI service gives a job."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.ci_identity import find_identity
from deployforge_tasks.effects.http import Http
from tests.support.identity_provider import REQUEST_TOKEN, IdentityProvider, identity, identity_provider


@pytest.fixture
def provider(tmp_path: Path) -> Iterator[IdentityProvider]:
    with identity_provider(tmp_path) as provider:
        yield provider


def test_github_makes_one_for_any_audience_and_it_is_masked_at_once(provider: IdentityProvider) -> None:
    found = find_identity(provider.environ, Http())
    assert found is not None
    token = found.token("npm:registry.example")
    assert provider.given == [token]
    assert provider.journal[0][1].endswith("audience=npm%3Aregistry.example")
    assert redactor.text(f"{token} {REQUEST_TOKEN}") == "*** ***"
    assert REQUEST_TOKEN not in repr(found)


def test_a_job_that_github_gives_none_is_told_what_to_write(provider: IdentityProvider) -> None:
    found = find_identity({**provider.environ, "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "another-one"}, Http())
    assert found is not None
    with pytest.raises(CredentialError, match="GitHub Actions gives this job no identity") as caught:
        found.token("pypi")
    assert "id-token: write" in caught.value.hint


def test_gitlab_has_a_variable_for_each_audience() -> None:
    wanted = identity("pypi")
    environ = {"GITLAB_CI": "true", "A_ID_TOKEN": identity("npm:x"), "B_ID_TOKEN": wanted, "C_ID_TOKEN": "no token"}
    found = find_identity(environ, Http())
    assert found is not None
    assert found.service == "GitLab"
    assert found.token("pypi") == wanted


def test_gitlab_without_that_audience_is_told_what_to_write() -> None:
    found = find_identity({"GITLAB_CI": "true", "A_ID_TOKEN": identity("npm:x")}, Http())
    assert found is not None
    with pytest.raises(CredentialError) as caught:
        found.token("pypi")
    assert "id_tokens: {PYPI_ID_TOKEN: {aud: 'pypi'}}" in caught.value.hint


@pytest.mark.parametrize("environ", [{}, {"CI": "true", "GITHUB_ACTIONS": "true"}, {"GITLAB_CI": "true"}])
def test_elsewhere_a_job_has_none(environ: dict[str, str]) -> None:
    assert find_identity(environ, Http()) is None
