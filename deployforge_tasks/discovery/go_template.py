"""The part of Go's text/template that names of release files use, filled for one target.

Known: fields, ``title tolower toupper replace trimprefix``, pipes, ``if``/``else if``/``else``/``with``/``end`` with
``eq ne and or not`` (https://pkg.go.dev/text/template; GoReleaser's functions: https://goreleaser.com/customization/templates/).
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_ACTION = re.compile(r"\{\{(-)?\s*(.*?)\s*(-)?\}\}", re.DOTALL)
_WORD = re.compile(r'"(?:[^"\\]|\\.)*"|`[^`]*`|\(|\)|\||[^\s()|]+')


class UnknownTemplate(ValueError):  # noqa: N818 - it is an answer, not a fault
    """The template uses something that is not known here."""


def fill(template: str, fields: Mapping[str, str]) -> str:
    """The text that a template gives.

    Args:
        template: the template.
        fields: values by field (``ProjectName``); a field that is not there is empty inside ``if`` and ``with``.

    Raises:
        UnknownTemplate: it uses something else.
    """
    parts = _trimmed(template)
    text, rest = _block(parts, 0, fields)
    if rest != len(parts):
        raise UnknownTemplate("`end` without `if`")
    return text


def _trimmed(template: str) -> list[tuple[bool, str]]:
    """Texts and actions in turn: (is it an action?, what it says), with ``{{-`` and ``-}}`` obeyed."""
    parts: list[tuple[bool, str]] = []
    position, trim_next = 0, False
    for match in _ACTION.finditer(template):
        text = template[position : match.start()]
        text = text.lstrip() if trim_next else text
        parts.append((False, text.rstrip() if match[1] else text))
        parts.append((True, match[2]))
        position, trim_next = match.end(), bool(match[3])
    text = template[position:]
    parts.append((False, text.lstrip() if trim_next else text))
    return parts


def _block(parts: list[tuple[bool, str]], at: int, fields: Mapping[str, str]) -> tuple[str, int]:
    """The text up to the ``else`` or ``end`` that closes this block, and where that stands."""
    text = ""
    while at < len(parts):
        action, said = parts[at]
        word = said.split(None, 1)[0] if action and said else ""
        if word in ("else", "end"):
            return text, at
        if word in ("if", "with"):
            inner, at = _choice(parts, at, fields)
            text += inner
        elif action:
            text += _value(said, fields, strict=True)
        else:
            text += said
        at += 1
    return text, at


def _choice(parts: list[tuple[bool, str]], at: int, fields: Mapping[str, str]) -> tuple[str, int]:
    chosen: str | None = None
    said = parts[at][1]
    while True:
        condition = re.sub(r"^(?:else\s*)?(?:if|with)?\s*", "", said)
        holds = _true(condition, fields) if condition else True
        inner = {**fields, "": _value(condition, fields)} if "with" in said.split()[:2] and holds else fields
        try:
            text, at = _block(parts, at + 1, inner)
        except UnknownTemplate:
            if holds and chosen is None:
                raise
            text, at = "", _closing(parts, at + 1)
        if holds and chosen is None:
            chosen = text
        if at >= len(parts):
            raise UnknownTemplate("`if` without `end`")
        said = parts[at][1]
        if said == "end":
            return chosen or "", at


def _closing(parts: list[tuple[bool, str]], at: int) -> int:
    depth = 0
    for index in range(at, len(parts)):
        word = parts[index][1].split(None, 1)[0] if parts[index][0] and parts[index][1] else ""
        if word in ("if", "with"):
            depth += 1
        elif word == "end" and depth:
            depth -= 1
        elif word in ("else", "end") and not depth:
            return index
    return len(parts)


def _true(condition: str, fields: Mapping[str, str]) -> bool:
    words = _WORD.findall(condition)
    return _holds(words, fields)


def _holds(words: list[str], fields: Mapping[str, str]) -> bool:
    name, arguments = (words[0], _arguments(words[1:])) if words else ("", [])
    if name == "not":
        return not _holds(arguments[0], fields)
    if name in ("and", "or"):
        return (all if name == "and" else any)(_holds(a, fields) for a in arguments)
    if name in ("eq", "ne"):
        values = [_term(a, fields) for a in arguments]
        same = any(values[0] == other for other in values[1:])
        return same if name == "eq" else not same
    return bool(_term(words, fields)) if words else False


def _arguments(words: list[str]) -> list[list[str]]:
    """The arguments of a function; one in brackets is a list of words itself."""
    found: list[list[str]] = []
    depth, inner = 0, list[str]()
    for word in words:
        if word == "(":
            depth += 1
            if depth == 1:
                inner = []
                continue
        if word == ")":
            depth -= 1
            if depth == 0:
                found.append(inner)
                continue
        if depth:
            inner.append(word)
        else:
            found.append([word])
    return found


def _value(said: str, fields: Mapping[str, str], *, strict: bool = False) -> str:
    """The value of a pipeline."""
    stages, current = [list[str]()], 0
    for word in _WORD.findall(said):
        if word == "|":
            stages.append([])
            current += 1
        else:
            stages[current].append(word)
    value = _term(stages[0], fields, strict=strict)
    for stage in stages[1:]:
        value = _call(stage[0], [*[_term(a, fields) for a in _arguments(stage[1:])], value])
    return value


def _term(words: list[str], fields: Mapping[str, str], *, strict: bool = False) -> str:
    if not words:
        raise UnknownTemplate("an empty action")
    if len(words) > 1:
        return _call(words[0], [_term(a, fields) for a in _arguments(words[1:])])
    word = words[0]
    if word[0] in '"`':
        return word[1:-1].replace('\\"', '"')
    if word.startswith("."):
        if strict and word[1:] not in fields:
            raise UnknownTemplate(word)
        return fields.get(word[1:], "")
    raise UnknownTemplate(word)


def _call(name: str, values: list[str]) -> str:
    functions = {
        "title": lambda v: v[:1].upper() + v[1:],
        "tolower": str.lower,
        "toupper": str.upper,
        "trim": str.strip,
        "print": lambda *v: "".join(v),
        "replace": lambda v, old, new: v.replace(old, new),
        "trimprefix": lambda v, p: v.removeprefix(p),
        "trimsuffix": lambda v, s: v.removesuffix(s),
    }
    if name not in functions:
        raise UnknownTemplate(name)
    try:
        result: str = functions[name](*values)  # type: ignore[operator]
    except TypeError:
        raise UnknownTemplate(f"{name} with {len(values)} values") from None
    return result
