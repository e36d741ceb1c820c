"""Names and mail addresses as package descriptions write them."""

from __future__ import annotations

import re
from typing import Any

_PERSON = re.compile(r"\s*(?P<name>[^<(]+?)\s*(?:<(?P<email>[^>]*)>)?\s*(?:\(.*\))?\s*")
_LONGEST = 300
_MAIL = re.compile(r"[^@\s<>]+@[^@\s<>]+\.[^@\s<>]+")


def person(value: Any) -> dict[str, str]:
    """``Ann Lee <ann@example.org>`` (or a mapping with name and email) as options of `author`."""
    if isinstance(value, dict):
        name, email = value.get("name"), value.get("email")
    elif isinstance(value, str) and len(value) < _LONGEST and (match := _PERSON.fullmatch(value)):
        name, email = match["name"], match["email"]
    else:
        return {}
    found = {"author.name": str(name)} if name else {}
    return {**found, "author.email": str(email)} if found and email and _MAIL.fullmatch(str(email)) else found
