"""The text of a workflow's job as it runs: matrix and variables filled in, as far as the file tells them."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

from deployforge_tasks.project.tree import Node

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_ASSIGNED = re.compile(
    r"""(?m)^\s*(?:export\s+|\$env:|\$|echo\s+["']?)?([A-Za-z_]\w*)\s*=\s*["']?([^"'\n]*?)["']?\s*(?:>>.*)?$"""
)
_VARIABLE = re.compile(r"\$\{(\w+)(?:[#%/:][^}]*)?\}|\$(?:env:)?(\w+)")
_VERSION = re.compile(r"version|ref_name|\btag\b|GITHUB_REF", re.IGNORECASE)
_BETWEEN = re.compile(r"[\s\"'`=,;()<>|&/\\]+")
_NAME = re.compile(
    r"[\w.{}+~@-]*(?:linux|darwin|mac|osx|windows|win)[\w.{}+~-]*\.(?:tar\.gz|tgz|tar\.xz|zip|exe)", re.IGNORECASE
)
_BARE = re.compile(
    r"[\w.{}+~-]*(?:linux|darwin|macos|windows)[-_.](?:x86_64|amd64|x64|aarch64|arm64)(?:\.exe)?", re.IGNORECASE
)
_LONGEST = 200
_MOST = 64
UNKNOWN = "{?}"


def texts(node: Node) -> Iterator[str]:
    """Every text below a node, in order."""
    if isinstance(node.value, dict):
        for key, child in node.value.items():
            if isinstance(child.value, dict | list):
                yield from texts(child)
            elif child.value is not None:
                yield f"{key}: {_plain(child.value)}" if "\n" not in str(child.value) else str(child.value)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from texts(child)
    elif node.value is not None:
        yield _plain(node.value)


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def combinations(job: Node) -> list[dict[str, Any]]:
    """The values of ``strategy.matrix``, one mapping a run of the job."""
    matrix = job.child("strategy", "matrix")
    plain = matrix.plain() if matrix is not None else {}
    if not isinstance(plain, dict):
        return [{}]
    axes = {k: v for k, v in plain.items() if isinstance(v, list) and k not in ("include", "exclude")}
    runs = [
        dict(zip(axes, values, strict=True)) for values in itertools.islice(itertools.product(*axes.values()), _MOST)
    ]
    extra: list[dict[str, Any]] = [item for item in plain.get("include") or () if isinstance(item, dict)]
    found = [run for run in runs if run] + extra
    return found[:_MOST] or [{}]


def release_names(job: Node) -> list[str]:
    """Names of release files that a job writes down, with ``{version}`` for the version."""
    text = "\n".join(texts(job))
    found: dict[str, None] = {}
    for run in combinations(job):
        filled = _filled(text, run)
        words = [word for word in _BETWEEN.split(filled) if len(word) <= _LONGEST and UNKNOWN not in word]
        names = [word for word in words if _NAME.fullmatch(word)]
        if not names and "-o " in filled:
            names = [word for word in words if _BARE.fullmatch(word)]
        found |= dict.fromkeys(name.lstrip("-.") for name in names)
    return list(found)


def _filled(text: str, run: dict[str, Any]) -> str:
    text = _EXPRESSION.sub(lambda match: _value(match[1], run), text)
    known = {m[1]: m[2].strip() for m in _ASSIGNED.finditer(text) if m[2].strip() and "$(" not in m[2]}
    known |= {m[1]: m[2].strip() for m in re.finditer(r"(?m)^([A-Z_]+): (.+)$", text)}
    for _ in range(3):
        text = _VARIABLE.sub(lambda match: _variable(match, known), text)
    return text


def _value(expression: str, run: dict[str, Any]) -> str:
    if expression.startswith("matrix."):
        value: Any = run
        for part in expression.removeprefix("matrix.").split("."):
            value = value.get(part) if isinstance(value, dict) else None
        return str(value) if isinstance(value, str | int | float) else UNKNOWN
    if expression.startswith("env."):
        return f"${{{expression.removeprefix('env.')}}}"
    return "{version}" if _VERSION.search(expression) else UNKNOWN


def _variable(match: re.Match[str], known: dict[str, str]) -> str:
    name = match[1] or match[2]
    value = known.get(name)
    if value is not None and f"${name}" not in value and f"${{{name}" not in value and "`" not in value:
        return value
    return "{version}" if _VERSION.search(name) else UNKNOWN
