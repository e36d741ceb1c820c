"""Variables in ``deployforge.yml``: ``${version}``, ``{version}``, ``${NAME}`` and ``${NAME:-default}``."""

from __future__ import annotations

import re
from collections.abc import Mapping

from deployforge_tasks.core.versions import Version
from deployforge_tasks.project.problems import Problem, dotted
from deployforge_tasks.project.tree import Node, Path, Place, change_texts

_VARIABLE = re.compile(r"(?P<escaped>\$\$(?=\{))|\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\}")
_SECRET = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|API_?KEY|PRIVATE_?KEY|CREDENTIAL", re.IGNORECASE)
_OWN = ("version", "name", "major", "minor")
_VERSION = re.compile(r"\$?\{version\}")


def fill_environment(root: Node, environ: Mapping[str, str]) -> tuple[Node, list[Problem]]:
    """Replace variables of the environment in every text; ``$${`` stays as ``${``.

    Secrets are refused: an option is stored and shown, so a credential is only ever named.
    """
    problems: list[Problem] = []

    def change(text: str, path: Path, place: Place) -> str:
        def value(match: re.Match[str]) -> str:
            if match["escaped"]:
                return "$"
            name, default = match["name"], match["default"]
            if name in _OWN:
                return match[0]
            if _SECRET.search(name):
                problems.append(_refused(name, path, place))
                return ""
            if name not in environ and default is None:
                problems.append(_missing(name, path, place))
            return environ.get(name) or default or ""

        return _VARIABLE.sub(value, text) if "$" in text else text

    return change_texts(root, change), problems


def fill_version(node: Node, version: Version | None, keep: frozenset[str]) -> Node:
    """Replace the version in every text of a section, but in the options of `keep` (patterns that others fill)."""
    if version is None:
        return node

    def change(text: str, path: Path, place: Place) -> str:
        if path and path[0] in keep:
            return text
        return _VERSION.sub(str(version), text)

    return change_texts(node, change)


def _missing(name: str, path: Path, place: Place) -> Problem:
    return Problem(
        str(place),
        dotted(path),
        f"the environment variable {name} is not set",
        f"set it, or write ${{{name}:-default}}",
    )


def _refused(name: str, path: Path, place: Place) -> Problem:
    return Problem(
        str(place),
        dotted(path),
        f"{name} looks like a secret, and secrets do not belong into options",
        f"name it below `credentials:` instead, for example `credentials: {{npm: {{token: {name}}}}}`",
    )
