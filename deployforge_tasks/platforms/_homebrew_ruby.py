"""Values in the Ruby of a formula: literals, the class name, the licence and the description as Homebrew wants them."""

from __future__ import annotations

import re

_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}
LONGEST_DESC = 80


def ruby_escape(text: str) -> str:
    """The text for the inside of a double-quoted literal; only a `#` before ``{ $ @`` would interpolate."""
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    return re.sub(r"#(?=[{$@])", r"\\#", escaped)


def ruby_string(text: str) -> str:
    """The text as a double-quoted Ruby literal."""
    return f'"{ruby_escape(text)}"'


def class_name(formula: str) -> str:
    """The class that Homebrew looks for in a formula's file: ``MyToolAT12`` for ``my-tool@1.2`` (`class_s`)."""
    name = formula[:1].upper() + formula[1:].lower()
    name = re.sub(r"[-_.\s]([a-zA-Z0-9])", lambda m: m.group(1).upper(), name)
    return re.sub(r"(.)@(\d)", r"\1AT\2", name.replace("+", "x"), count=1)


def license_of(spdx: str) -> str:
    """The argument of ``license``: an SPDX id, ``any_of:``/``all_of:``, or ``:cannot_represent``."""
    for word, key in ((" OR ", "any_of"), (" AND ", "all_of")):
        parts = [part.strip(" ()") for part in spdx.split(word)]
        if len(parts) > 1 and all(re.fullmatch(r"[A-Za-z0-9.+-]+", part) for part in parts):
            return f"{key}: [{', '.join(ruby_string(part) for part in parts)}]"
    if spdx.startswith("LicenseRef-") or not re.fullmatch(r"[A-Za-z0-9.+-]+", spdx):
        return ":cannot_represent"
    return ruby_string(spdx)


def description(text: str, formula: str) -> str:
    """One line as ``brew audit`` wants it: no article or name in front, a capital first letter, no full stop."""
    line = " ".join(text.split()).rstrip(".")
    line = re.sub(rf"^{re.escape(formula)}\s+(is\s+)?", "", line, flags=re.IGNORECASE)
    line = re.sub(r"^(an?|the)\s+", "", line, flags=re.IGNORECASE)
    return line[:1].upper() + line[1:]
