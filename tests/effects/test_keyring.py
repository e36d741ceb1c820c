"""The system keyring: a real Secret Service, and keyrings that do not work."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import keyring
import pytest
from keyring.backend import KeyringBackend
from keyring.backends.fail import Keyring as NoKeyring

from deployforge_tasks.core.errors import ConfigError, CredentialError
from deployforge_tasks.effects.keyring import Keyring, is_wanted
from tests.support.secret_service import MISSING, available, secret_service

B = TypeVar("B", bound=KeyringBackend)
needs_service = pytest.mark.skipif(not available(), reason=MISSING)


def run(code: str, environ: Mapping[str, str]) -> tuple[Any, str]:
    """What a program prints that uses the keyring, and its error's message."""
    program = f"""
import json
from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.effects.keyring import Keyring
keyring, said, error = Keyring(), [], ""
try:
    {code}
except CredentialError as failure:
    error = failure.message
print(json.dumps([said, error]))
"""
    done = subprocess.run(
        [sys.executable, "-c", program], env={"PATH": "", **environ}, capture_output=True, text=True, check=True
    )
    said, error = json.loads(done.stdout)
    return said, error


@needs_service
def test_a_real_keyring_keeps_changes_and_removes_a_secret(tmp_path: Path) -> None:
    key = "-----BEGIN KEY-----\nline\n-----END KEY-----\n"
    with secret_service(tmp_path) as environ:
        assert run("said = keyring.get('hello/npm/token')", environ) == (None, "")
        run(f"keyring.set('hello/npm/token', 'one'); keyring.set('hello/npm/token', {key!r})", environ)
        assert run("said = keyring.get('hello/npm/token')", environ) == (key, "")
        assert run("said = [keyring.delete('hello/npm/token') for _ in 'ab']", environ) == ([True, False], "")


@needs_service
def test_a_locked_keyring_says_so(tmp_path: Path) -> None:
    with secret_service(tmp_path) as environ:
        run("keyring.set('a/b/c', 'secret')", environ)
    with secret_service(tmp_path, locked=True) as environ:
        assert run("keyring.get('a/b/c')", environ) == ([], "the system keyring cannot be used (it is locked)")


class Broken(KeyringBackend):
    """Refuses everything, with the secret in its words."""

    priority = 1

    def get_password(self, service: str, username: str) -> str | None:
        raise OSError("the bus is gone")

    def set_password(self, service: str, username: str, password: str) -> None:
        raise OSError(f"{password} is too long")


class Hanging(KeyringBackend):
    """Waits for a person."""

    priority = 1

    person = threading.Event()

    def get_password(self, service: str, username: str) -> str | None:
        self.person.wait(30)
        return None

    def set_password(self, service: str, username: str, password: str) -> None:
        self.person.wait(30)


def make(kind: type[B]) -> B:
    return kind()


@pytest.fixture(autouse=True)
def same_backend_afterwards() -> Iterator[None]:
    before = keyring.get_keyring()
    yield
    keyring.set_keyring(before)


def test_a_machine_without_a_keyring_has_no_entries(tmp_path: Path) -> None:
    keyring.set_keyring(make(NoKeyring))
    assert Keyring().get("a/b/c") is None
    assert not Keyring().delete("a/b/c")


def test_nothing_can_be_stored_on_a_machine_without_a_keyring() -> None:
    keyring.set_keyring(make(NoKeyring))
    with pytest.raises(CredentialError, match="there is no system keyring") as caught:
        Keyring().set("a/b/c", "secret")
    assert "env-file" in caught.value.hint


def test_a_broken_keyring_is_named_without_the_secret() -> None:
    keyring.set_keyring(make(Broken))
    with pytest.raises(CredentialError, match="cannot be used") as caught:
        Keyring().set("a/b/c", "the-secret-itself")
    assert "the-secret" not in f"{caught.value} {caught.value.hint}"
    assert "DEPLOYFORGE_KEYRING=off" in caught.value.hint


def test_a_keyring_that_does_not_answer_is_given_up() -> None:
    hanging = make(Hanging)
    keyring.set_keyring(hanging)
    with pytest.raises(CredentialError, match="does not answer"):
        Keyring(patience=0.05).get("a/b/c")
    hanging.person.set()


@pytest.mark.parametrize(
    ("environ", "wanted"),
    [
        ({}, True),
        ({"DEPLOYFORGE_KEYRING": "off"}, False),
        ({"CI": "true"}, False),
        ({"CI": "false"}, True),
        ({"CI": "true", "DEPLOYFORGE_KEYRING": "on"}, True),
    ],
)
def test_it_is_left_alone_in_ci_unless_told(environ: dict[str, str], wanted: bool) -> None:
    assert is_wanted(environ) is wanted


def test_another_word_in_the_switch_is_an_error() -> None:
    with pytest.raises(ConfigError, match="DEPLOYFORGE_KEYRING is `maybe`"):
        is_wanted({"DEPLOYFORGE_KEYRING": "maybe"})
