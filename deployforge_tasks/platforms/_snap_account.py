"""The snap store's credentials: what ``snapcraft export-login`` gives, as an Authorization header.

They are a root macaroon and a discharge that must be bound to it for each use
(https://github.com/canonical/craft-store, https://research.google/pubs/pub41892/ section V.D).
"""

from __future__ import annotations

import configparser
import hmac
import json
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.redact import redactor

HELP = (
    "run `snapcraft export-login --acls package_access,package_push,package_release -` and put its output into "
    "SNAPCRAFT_STORE_CREDENTIALS"
)
_ZERO = bytes(32)
_SIGNATURE = b"signature "
_PACKET = len(_SIGNATURE) + 32 + 1  # key, space, 32 bytes, newline; its own length stands before it in 4 hex digits


@dataclass(frozen=True)
class Account:
    """A parsed login; `discharge` is empty for logins by Candid, whose one macaroon needs no binding."""

    root: str
    discharge: str = ""

    def header(self) -> str:
        """The value of the Authorization header.

        Raises:
            CredentialError: the macaroons are damaged.
        """
        if not self.discharge:
            return f"Macaroon {self.root}"
        bound = bind(self.root, self.discharge)
        redactor.add(bound)
        return f"Macaroon root={self.root}, discharge={bound}"


def parse_login(text: str) -> Account:
    """Read an exported login: base64 of JSON (today's form), or the older ini form, plain or in base64.

    Raises:
        CredentialError: it is neither.
    """
    for candidate in (_decoded(text), text):
        account = _from_json(candidate) or _from_ini(candidate)
        if account:
            for part in (account.root, account.discharge):
                redactor.add(part)
            return account
    raise CredentialError("the snap store login cannot be read", hint=HELP, code="DF2020")


def bind(root: str, discharge: str) -> str:
    """Bind a discharge macaroon to its root: its signature is replaced by a hash over both."""
    root_signature, _ = _signature(root)
    signature, raw = _signature(discharge)
    both = _hash(root_signature) + _hash(signature)
    bound = raw[: -len(signature) - 1] + _hash(both) + b"\n"
    return urlsafe_b64encode(bound).decode().rstrip("=")


def _hash(data: bytes) -> bytes:
    return hmac.digest(_ZERO, data, "sha256")


def _signature(macaroon: str) -> tuple[bytes, bytes]:
    """The 32 bytes of a macaroon's signature, which is its last packet, and all of its bytes."""
    try:
        raw = urlsafe_b64decode(macaroon + "=" * (-len(macaroon) % 4))
    except (Base64Error, ValueError):
        raw = b""
    tail = raw[-_PACKET:]
    if not tail.startswith(_SIGNATURE) or not tail.endswith(b"\n"):
        raise CredentialError("the snap store login is damaged", hint=HELP, code="DF2020")
    return tail[len(_SIGNATURE) : -1], raw


def _decoded(text: str) -> str:
    try:
        return b64decode("".join(text.split()), validate=True).decode()
    except (Base64Error, ValueError):
        return ""


def _from_json(text: str) -> Account | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    value = document.get("v", document) if isinstance(document, dict) else None
    if isinstance(value, str):
        return Account(value)
    if isinstance(value, dict) and value.get("r") and value.get("d"):
        return Account(str(value["r"]), str(value["d"]))
    return None


def _from_ini(text: str) -> Account | None:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        parser.read_string(text)
    except configparser.Error:
        return None
    for name in parser.sections():
        section = parser[name]
        if section.get("macaroon") and section.get("unbound_discharge"):
            return Account(section["macaroon"], section["unbound_discharge"])
    return None
