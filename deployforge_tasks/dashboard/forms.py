"""What a form sends, and where people may be sent on to."""

from __future__ import annotations

import re
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, HTTPException, Request

#: Bytes of a form; ours are short.
_LONGEST = 64 * 1024
#: A path of this site: no scheme, no host (also not by two slashes, or a backslash, which browsers take for one).
_OWN = re.compile(r"/(?![/\\])[^\\\x00-\x20\x7f]*")


async def _read(request: Request) -> dict[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LONGEST:
            raise HTTPException(413, "this form is too long")
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=bool(body)))
    except ValueError as error:
        raise HTTPException(400, "this is no form") from error


#: The fields of a form (``application/x-www-form-urlencoded``); of several with one name the last.
Form = Annotated[dict[str, str], Depends(_read)]


def own_path(path: str) -> str:
    """The path, if it is one of this site, else ``/``: nobody is sent elsewhere by a link to us."""
    return path if _OWN.fullmatch(path) else "/"
