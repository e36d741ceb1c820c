"""What the id of an error means, read from where the error is raised: the text can never be out of date."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from deployforge_tasks.cli.exit_codes import USAGE
from deployforge_tasks.core import errors

#: Mistakes on the command line; the only id that stands for no exception.
USAGE_ERROR = "DF0002"
_ID = re.compile(r'"(DF\d{4})"')
_PACKAGE = Path(errors.__file__).parent.parent


def ids() -> list[str]:
    """Every id that is raised somewhere, and those of the families."""
    raised = {found for file in _PACKAGE.rglob("*.py") for found in _ID.findall(file.read_text(encoding="utf-8"))}
    return sorted(raised)


def explain(code: str) -> dict[str, Any] | None:
    """The family of an error, its exit code, and every way it is raised (message and hint); None if there is none."""
    if code == USAGE_ERROR:
        return _usage_error()
    cases = list(_cases(code))
    family = _family(code, cases)
    if family is None:
        return None
    return {
        "id": code,
        "kind": family.__name__,
        "means": (family.__doc__ or "").partition("\n")[0],
        "exit_code": family.exit_code,
        "retryable": family.retryable,
        "cases": [{"message": message, "hint": hint} for _, message, hint in cases],
    }


def _usage_error() -> dict[str, Any]:
    means = "The command line cannot be understood."
    return {"id": USAGE_ERROR, "kind": "Usage", "means": means, "exit_code": USAGE, "retryable": False, "cases": []}


def explanation_text(explanation: dict[str, Any]) -> str:
    """The explanation as people read it."""
    lines = [f"{explanation['id']}  {explanation['means']}", ""]
    for case in explanation["cases"]:
        lines += [f"  error: {case['message']}", f"  hint: {case['hint']}", ""]
    again = "worth trying again" if explanation["retryable"] else "trying again alone does not help"
    return "\n".join([*lines, f"Exit code {explanation['exit_code']}; {again}."])


def _family(code: str, cases: list[tuple[str, str, str]]) -> type[errors.DeployForgeError] | None:
    from deployforge_tasks.project import problems

    families = {kind.__name__: kind for kind in _with_subclasses(errors.DeployForgeError)}
    for name, _, _ in cases:
        if name in families:  # a kind of its own says less than the family that it belongs to
            shared = (errors.__name__, problems.__name__)
            return next(kind for kind in families[name].__mro__ if kind.__module__ in shared)
    own = next((kind for kind in families.values() if kind.code == code), None)
    if own is not None or not cases:
        return own
    # Raised through a function that makes the error: the hundreds, or else the thousands, tell its family.
    by_code = {kind.code: kind for kind in families.values()}
    return by_code.get(f"{code[:4]}00") or by_code.get(f"{code[:3]}000")


def _with_subclasses(kind: type[errors.DeployForgeError]) -> Iterator[type[errors.DeployForgeError]]:
    from deployforge_tasks.effects import git_errors  # these two have kinds of their own
    from deployforge_tasks.project import problems

    known = (errors.__name__, git_errors.__name__, problems.__name__)
    yield kind
    for inner in kind.__subclasses__():
        if inner.__module__ in known:  # whatever else happens to be imported
            yield from _with_subclasses(inner)


def _cases(code: str) -> Iterator[tuple[str, str, str]]:
    """(name of the error's class, message, hint) of each place that raises the id."""
    families = {kind.__name__: kind.code for kind in _with_subclasses(errors.DeployForgeError)}
    ours = [name for name, own in families.items() if own == code]
    for file in sorted(_PACKAGE.rglob("*.py")):
        source = file.read_text(encoding="utf-8")
        if f'"{code}"' not in source and not any(f"{name}(" in source for name in ours):
            continue
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func).rpartition(".")[2]
                if (_keyword(node, "code") or families.get(name)) == code:
                    # `secrets.refused(credential, message)` has a name before its message.
                    texts = node.args[1:] if name == "refused" else node.args
                    yield name, _text(texts[0]) if texts else "", _keyword(node, "hint")


def _keyword(call: ast.Call, name: str) -> str:
    return next((_text(k.value) for k in call.keywords if k.arg == name), "")


def _text(node: ast.expr) -> str:
    """A text as it stands in the source; what is filled in when it happens is written <name>, or <…>."""
    match node:
        case ast.Constant():
            text = str(node.value)
        case ast.JoinedStr():
            text = "".join(map(_text, node.values))
        case ast.FormattedValue():
            text = _text(node.value)
        case ast.Call(args=[wrapped]):  # `redactor.text(message)` and the like
            text = _text(wrapped)
        case ast.Attribute():
            text = f"<{node.attr.strip('_')}>"
        case ast.Name():
            text = f"<{node.id.strip('_').lower()}>"
        case _:
            text = "<…>"
    return text
