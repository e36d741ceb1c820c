"""What a PyPI API token says of itself: it is a macaroon, and its restrictions can be read without asking anybody.

The form is libmacaroons' second one in base64 after ``pypi-``
(https://github.com/rescrv/libmacaroons/blob/master/doc/format.txt); the restrictions are those of
https://github.com/pypi/warehouse (``warehouse/macaroons/caveats``). PyPI has no request that tries a token: whether it
was deleted meanwhile only an upload tells.
"""

from __future__ import annotations

import json
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from deployforge_tasks.core.model import Identity
from deployforge_tasks.platforms._pypi_package import PypiOptions, index_url
from deployforge_tasks.platforms.base import Job

_PREFIX = "pypi-"
_VERSION = 2
_EOS, _LOCATION, _IDENTIFIER, _SIGNATURE = 0, 1, 2, 6
_WAREHOUSE = ".pypi.org"


@dataclass(frozen=True)
class Token:
    """A token as it describes itself.

    `location` is the host that made it, `projects` the normalised names that it is limited to (None: not by name),
    `project_ids` and `user` PyPI's own ids, `publisher` the id of a trusted publisher, `unknown` the restrictions
    that are not known here.
    """

    location: str
    projects: tuple[str, ...] | None = None
    project_ids: tuple[str, ...] = ()
    user: str = ""
    publisher: str = ""
    expires: datetime | None = None
    unknown: tuple[str, ...] = ()


def identity(job: Job[PypiOptions]) -> Identity:
    """Who the token belongs to, by the token alone; PyPI is not asked.

    Raises:
        CredentialError: it is missing, no token of PyPI's form, or one of another index.
        NotImplementedError: the index is not PyPI and its password has a form of its own.
    """
    token = of_job(job)
    if token is None:
        raise NotImplementedError
    return Identity(_who(token), tuple(_rights(token)), token.expires, "read from the token; PyPI was not asked")


def of_job(job: Job[PypiOptions]) -> Token | None:
    """The job's token; None where another index has a password of its own form.

    Raises:
        CredentialError: as `identity`.
    """
    token = read(job.secrets.require("token"))
    host = urlsplit(index_url(job.options)).hostname or ""
    warehouse = f".{host}".endswith(_WAREHOUSE) and job.options.username == "__token__"
    if token is None and warehouse:
        raise job.secrets.refused(
            "token", "the token is no PyPI API token (they begin with `pypi-` and are copied whole)", code="DF2141"
        )
    if token and warehouse and token.location and token.location != host:
        raise job.secrets.refused(
            "token", f"the token was made by {token.location}, and this project is published to {host}", code="DF2142"
        )
    return token


def read(text: str) -> Token | None:
    """Read a token; None if it is damaged or has another form."""
    if not text.startswith(_PREFIX):
        return None
    body = text.removeprefix(_PREFIX)
    try:
        sections, end = _sections(b64decode(body + "=" * (-len(body) % 4), b"-_", validate=True))
        location, caveats = _checked(sections, end)
        return _described(location, [json.loads(caveat) for caveat in caveats])
    except (Base64Error, LookupError, OSError, OverflowError, RecursionError, TypeError, ValueError):
        return None


def _sections(raw: bytes) -> tuple[list[dict[int, bytes]], dict[int, bytes]]:
    """The sections of a macaroon (head, caveats, an empty one), and what stands behind them: the signature."""
    if raw[0] != _VERSION:
        raise ValueError(raw[0])
    sections: list[dict[int, bytes]] = []
    fields: dict[int, bytes] = {}
    at = 1
    while at < len(raw):
        kind, at = raw[at], at + 1
        if kind == _EOS:
            sections.append(fields)
            fields = {}
            continue
        length, at = _number(raw, at)
        if at + length > len(raw):
            raise ValueError(length)
        fields[kind], at = raw[at : at + length], at + length
    return sections, fields


def _number(raw: bytes, at: int) -> tuple[int, int]:
    """A variable-length integer (seven bits a byte, the lowest first), and where it ends."""
    value = shift = 0
    while True:
        value |= (raw[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not raw[at - 1] & 0x80:
            return value, at


def _checked(sections: list[dict[int, bytes]], end: dict[int, bytes]) -> tuple[str, list[bytes]]:
    """The host that made it, and the texts of its caveats."""
    head, *caveats, empty = sections
    if empty or not head[_IDENTIFIER] or len(end[_SIGNATURE]) != 32:
        raise ValueError(len(sections))
    return head.get(_LOCATION, b"").decode(), [caveat[_IDENTIFIER] for caveat in caveats]


def _described(location: str, caveats: list[Any]) -> Token:
    found: dict[str, Any] = {}
    ends: list[int] = []
    unknown: list[str] = []
    for caveat in map(_today, caveats):
        match caveat:
            case [0, int(end), int()]:
                ends.append(end)
            case [1, [*names]]:  # every caveat holds, so a second list narrows the first
                found["projects"] = tuple(n for n in map(str, names) if n in found.get("projects", names))
            case [2, [*ids]]:
                found["project_ids"] = tuple(map(str, ids))
            case [3, str(user)]:
                found["user"] = user
            case [4, str(publisher), *_]:
                found["publisher"] = publisher
            case _:
                unknown.append(json.dumps(caveat))
    expires = datetime.fromtimestamp(min(ends), UTC) if ends else None
    return Token(location, **found, expires=expires, unknown=tuple(unknown))


def _today(caveat: Any) -> Any:
    """A caveat in today's form; older tokens have objects (``warehouse/macaroons/caveats/_legacy.py``)."""
    match caveat:
        case {"version": 1, "permissions": "user"}:
            return [3, ""]
        case {"version": 1, "permissions": {"projects": names}}:
            return [1, names]
        case {"exp": end, "nbf": start}:
            return [0, end, start]
        case {"project_ids": ids}:
            return [2, ids]
    return caveat


def _who(token: Token) -> str:
    if token.publisher:
        return f"trusted publisher {token.publisher}"
    return f"user {token.user}" if token.user else f"a token of {token.location or 'PyPI'} (it names no user)"


def _rights(token: Token) -> Iterator[str]:
    if token.projects is None and not token.project_ids:
        yield "upload to every project of its owner"
    yield from (f"upload to {name}" for name in token.projects or ())
    yield from (f"upload to the project with the id {number}" for number in token.project_ids)
    yield from (f"restricted by {caveat}" for caveat in token.unknown)
