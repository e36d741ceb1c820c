"""A secret is masked in whatever form it turns up."""

from __future__ import annotations

import base64
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployforge_tasks.core.redact import MASK, Redactor

SECRET = "s3cr/et+valüe=="


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        quote(SECRET, safe="").lower(),
        "s3cr/et+val\\u00fce==",
    ],
)
def test_every_usual_form_is_masked(form: str) -> None:
    redactor = Redactor()
    redactor.add(SECRET)
    assert redactor.text(f"before {form} after") == f"before {MASK} after"


def test_basic_authentication_is_masked() -> None:
    redactor = Redactor()
    redactor.add(SECRET, user="__token__")
    header = base64.b64encode(f"__token__:{SECRET}".encode()).decode()
    assert header not in redactor.text(f"Authorization: Basic {header}")


@pytest.mark.parametrize("user", ["a", "ab", "abc"])
def test_a_secret_with_any_user_in_base64_is_masked(user: str) -> None:
    redactor = Redactor()
    redactor.add(SECRET)
    masked = redactor.text(base64.b64encode(f"{user}:{SECRET}".encode()).decode())
    assert MASK in masked
    assert len(masked.replace(MASK, "")) <= 12  # the user, and the characters that the secret shares with others


def test_a_secret_inside_a_longer_one_leaves_nothing_behind() -> None:
    redactor = Redactor()
    redactor.add("token")
    redactor.add("token-with-more")
    assert redactor.text("token-with-more") == MASK


def test_values_too_short_to_be_secrets_do_not_blank_out_words() -> None:
    redactor = Redactor()
    redactor.add("on")
    assert redactor.text("published on npm") == "published on npm"


@given(st.text(min_size=8), st.text())
def test_no_text_shows_a_registered_secret(secret: str, around: str) -> None:
    redactor = Redactor()
    redactor.add(secret)
    assert secret not in redactor.text(around + secret + around).replace(MASK, "")
