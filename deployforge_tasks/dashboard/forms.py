"""What a form sends, and where people may be sent on to."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qsl, urlsplit

from fastapi import Depends, HTTPException, Request

#: Bytes of a form; ours are short.
_LONGEST = 64 * 1024
_MOST = 500
#: A path of this site: no scheme, no host (also not by two slashes, or a backslash, which browsers take for one).
_OWN = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


async def _read(request: Request) -> list[tuple[str, str]]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            raise HTTPException(413, "this form is too long")
    try:
        return parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=_MOST)
    except ValueError as error:
        raise HTTPException(400, "this is no form") from error


def _last(read: Annotated[list[tuple[str, str]], Depends(_read)]) -> dict[str, str]:
    return dict(read)


@dataclass(frozen=True)
class Choices:
    """The fields of a form in which several may have one name (boxes to tick)."""

    fields: list[tuple[str, str]]

    def one(self, name: str) -> str:
        """The first value of a field, without blanks around it; "" where it is not there."""
        return next((value.strip() for field, value in self.fields if field == name), "")

    def all(self, name: str) -> list[str]:
        """Every value of a field."""
        return [value for field, value in self.fields if field == name]


def _choices(read: Annotated[list[tuple[str, str]], Depends(_read)]) -> Choices:
    return Choices(read)


#: The same, with every value of each field.
Sent = Annotated[Choices, Depends(_choices)]
#: The fields of a form (``application/x-www-form-urlencoded``); of several with one name the last.
Form = Annotated[dict[str, str], Depends(_last)]


def came_from(request: Request) -> str:
    """The path of this site that a browser says it was at, else ``/``."""
    try:
        path = urlsplit(request.headers.get("referer", ""))._replace(scheme="", netloc="", fragment="").geturl()
    except ValueError:  # no address
        return "/"
    return own_path(path)


def own_path(path: str) -> str:
    """The path, if it is one of this site, else ``/``: nobody is sent elsewhere by a link to us."""
    return path if _OWN.fullmatch(path) else "/"
