"""Secrets never leave the process in anything a person or a file keeps.

Every secret that is read is registered here; whatever is logged, stored, raised or reported passes `Redactor.text`.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, quote_plus

MASK = "***"
_SHORTEST = 4  # masking shorter values would blank out ordinary words
_SHORTEST_INNER = 8
_PERCENT = re.compile(r"%[0-9A-F]{2}")


class Redactor:
    """Masks registered secrets and their usual encoded forms (thread-safe)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._forms: tuple[str, ...] = ()

    def add(self, secret: str, *, user: str | None = None) -> None:
        """Register a secret; `user` also masks the value of HTTP basic authentication."""
        if len(secret) < _SHORTEST:
            return
        forms = set(self._forms) | _encodings(secret)
        if user is not None:
            forms |= _encodings(f"{user}:{secret}")
        with self._lock:
            # Longest first, so that a secret inside a longer one leaves nothing of the longer one behind.
            self._forms = tuple(sorted(forms | set(self._forms), key=len, reverse=True))

    def text(self, text: str) -> str:
        """The text with every registered secret masked."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, MASK)
        return text

    def data(self, value: Any) -> Any:
        """A JSON value with every text in it masked; tuples become lists."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.data(key): self.data(item) for key, item in value.items()}
        if isinstance(value, list | tuple):
            return [self.data(item) for item in value]
        return value


def _encodings(secret: str) -> set[str]:
    raw, percent = secret.encode(), quote(secret, safe="")
    encoded = {base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()}
    forms = {secret, percent, _PERCENT.sub(lambda match: match[0].lower(), percent), quote_plus(secret)}
    forms |= {json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    forms |= encoded | {e.rstrip("=") for e in encoded}
    forms |= {inner for offset in range(3) for inner in _inside_base64(raw, offset) if len(inner) >= _SHORTEST_INNER}
    # Keys and certificates are printed line by line.
    forms |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= 16}
    return {form for form in forms if len(form) >= _SHORTEST}


def _inside_base64(raw: bytes, offset: int) -> Iterator[str]:
    """The characters of a longer base64 text (``user:secret``) that the secret alone decides.

    Three bytes are four characters, so they depend on how many bytes stand before it, modulo three.
    """
    padded = bytes(offset) + raw
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(padded).decode()[-(-offset * 8 // 6) : len(padded) // 3 * 4]


redactor = Redactor()
"""The one redactor of this process."""
