"""Answers that are kept, so that a server is asked only whether they changed (conditional requests).

https://www.rfc-editor.org/rfc/rfc9110#name-conditional-requests
"""

from __future__ import annotations

import hashlib
import io
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.files import write_atomic

if TYPE_CHECKING:
    import requests

#: Headers of an answer that those who read it look at.
_HEADERS = ("Content-Type", "Link", "ETag", "Last-Modified")
_LARGEST = 32 << 20
_UNUSED_SECONDS = 90 * 86400


@dataclass(frozen=True)
class Kept:
    """An answer with what its server marked it with."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def conditions(self) -> dict[str, str]:
        """The headers that ask whether it changed."""
        asked = {"If-None-Match": self.headers.get("ETag"), "If-Modified-Since": self.headers.get("Last-Modified")}
        return {name: value for name, value in asked.items() if value}

    def answer(self, unchanged: requests.Response) -> requests.Response:
        """The answer again, as if the server had sent it instead of "not modified"."""
        from requests import Response
        from requests.utils import get_encoding_from_headers

        made = Response()
        made.status_code = 200
        made.headers.update(self.headers)
        made.encoding = get_encoding_from_headers(made.headers)
        made.url, made.request = unchanged.url, unchanged.request
        made.raw = io.BytesIO(self.body)
        return made


class HttpCache:
    """A folder with one file an answer. What cannot be read or written is asked for as if it had never been there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def key(self, url: str, params: Any, headers: Mapping[str, str]) -> str:
        """What makes two questions the same; those with other credentials are other ones."""
        told = [url, params, sorted((name.lower(), value) for name, value in headers.items())]
        return hashlib.sha256(json.dumps(told, default=str).encode()).hexdigest()

    def find(self, key: str) -> Kept | None:
        """The answer to the same question."""
        try:
            head, _, body = (self._folder / key).read_bytes().partition(b"\n")
            headers = json.loads(head)
            (self._folder / key).touch()
        except (OSError, ValueError):
            return None
        return Kept(headers, body) if isinstance(headers, dict) else None

    def keep(self, key: str, response: requests.Response) -> None:
        """Keep an answer that its server has marked, and that tells no secret."""
        headers = {name: response.headers[name] for name in _HEADERS if name in response.headers}
        kept = Kept(headers, response.content)
        if not kept.conditions or len(kept.body) > _LARGEST or redactor.text(response.text) != response.text:
            return
        try:
            write_atomic(self._folder / key, json.dumps(headers).encode() + b"\n" + kept.body)
        except OSError:
            return

    def forget_unused(self) -> None:
        """Remove what nobody has asked for in a long time."""
        oldest = time.time() - _UNUSED_SECONDS
        for file in self._folder.glob("*"):
            try:
                if file.stat().st_mtime < oldest:
                    file.unlink()
            except OSError:
                continue
