"""The system keyring, through the `keyring` library (https://keyring.readthedocs.io).

It is asked in a thread of its own: a locked one may wait for a person who never comes.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from deployforge_tasks.core.errors import ConfigError, CredentialError
from deployforge_tasks.effects.machine import in_ci

T = TypeVar("T")

SERVICE = "deployforge"
SWITCH = "DEPLOYFORGE_KEYRING"
#: Seconds for an answer; long enough for a person who is asked to unlock it.
PATIENCE = 20.0
_INSTEAD = f"use an environment variable or an env-file, or switch the keyring off with {SWITCH}=off"


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the keyring may be asked: ``DEPLOYFORGE_KEYRING=on`` or ``off``; by default everywhere but in CI.

    Raises:
        ConfigError: the variable says something else.
    """
    word = environ.get(SWITCH, "").lower()
    if word not in ("", "on", "off"):
        raise ConfigError(f"{SWITCH} is `{word}`", hint="write `on` or `off`, or leave it out", code="DF2030")
    return word == "on" or (word == "" and not in_ci(environ))


class Keyring:
    """The entries of the service ``deployforge``.

    Args:
        patience: seconds to wait for an answer.
    """

    def __init__(self, patience: float = PATIENCE) -> None:
        self._patience = patience

    def get(self, entry: str) -> str | None:
        """The secret of an entry; None where it or the whole keyring is missing.

        Raises:
            CredentialError: the keyring is locked or broken, or does not answer.
        """
        secret: str | None = self._ask(lambda keyring: keyring.get_password(SERVICE, entry), missing=lambda: None)
        return secret

    def set(self, entry: str, secret: str) -> None:
        """Store a secret, over one that may be there.

        Raises:
            CredentialError: there is no keyring, or it is locked or broken, or does not take the secret.
        """
        self._ask(lambda keyring: keyring.set_password(SERVICE, entry, secret), missing=_raise_missing)

    def delete(self, entry: str) -> bool:
        """Remove an entry; False if there was none.

        Raises:
            CredentialError: the keyring is locked or broken, or does not answer.
        """
        if self.get(entry) is None:
            return False
        self._ask(lambda keyring: keyring.delete_password(SERVICE, entry), missing=lambda: None)
        return True

    def _ask(self, call: Callable[[Any], T], missing: Callable[[], T]) -> T:
        results: list[T] = []
        errors: list[Exception] = []

        def work() -> None:
            try:
                import keyring

                results.append(call(keyring))
            except Exception as error:  # noqa: BLE001 - backends raise whatever their libraries raise
                errors.append(error)

        thread = threading.Thread(target=work, name="keyring", daemon=True)
        thread.start()
        thread.join(self._patience)
        if thread.is_alive():
            raise _unusable(f"does not answer within {self._patience:g} s (is it locked?)")
        if not errors:
            return results[0]
        if type(errors[0]).__name__ == "NoKeyringError":
            return missing()
        raise _unusable(f"cannot be used ({_reason(errors[0])})") from errors[0]


def _reason(error: Exception) -> str:
    """What went wrong, without the secret, which some libraries put into their messages."""
    if type(error).__name__ == "KeyringLocked":
        return "it is locked"
    return f"{type(error).__module__.partition('.')[0]}: {type(error).__name__}"


def _unusable(what: str) -> CredentialError:
    return CredentialError(f"the system keyring {what}", hint=f"unlock it, or {_INSTEAD}", code="DF2031")


def _raise_missing() -> None:
    raise CredentialError("there is no system keyring on this machine", hint=_INSTEAD, code="DF2032")
