"""Every error that the code raises has an id, a hint and a place on the page of errors."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.cli.explain import explain
from deployforge_tasks.core import errors
from deployforge_tasks.project.problems import ConfigProblems

PACKAGE = Path(errors.__file__).parents[1]
PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "errors.md").read_text("utf-8")


def kinds(kind: type[errors.DeployForgeError]) -> Iterator[type[errors.DeployForgeError]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from kinds(inner)


#: A configuration's problems have a hint each, and the error itself the first one's.
KINDS = {kind.__name__: kind for kind in kinds(errors.DeployForgeError) if kind is not ConfigProblems}


def raised() -> Iterator[tuple[str, ast.Call]]:
    """Where in the code an error is made, and the call that makes it."""
    for file in sorted(PACKAGE.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in KINDS:
                yield f"{file.relative_to(PACKAGE).as_posix()}:{node.lineno}", node


def keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((k.value for k in call.keywords if k.arg == name), None)


RAISED = dict(raised())


def code_of(call: ast.Call) -> str:
    """The error's id; empty where the caller of the function around it names it."""
    given = keyword(call, "code")
    if given is None:
        return KINDS[ast.unparse(call.func).rpartition(".")[2]].code
    return str(given.value) if isinstance(given, ast.Constant) else ""


def test_the_code_raises_errors_in_many_places() -> None:
    assert len(RAISED) > 150


@pytest.mark.parametrize("place", RAISED)
def test_an_error_has_a_message_and_a_hint(place: str) -> None:
    call = RAISED[place]
    message, hint = call.args[0], keyword(call, "hint")
    assert ast.unparse(message) not in ("''", '""')
    assert hint is not None
    assert ast.unparse(hint) not in ("''", '""')


@pytest.mark.parametrize("code", sorted({code_of(call) for call in RAISED.values()} - {""}))
def test_an_id_is_explained_with_every_message_that_has_it(code: str) -> None:
    found = explain(code)
    assert found is not None
    assert len(found["cases"]) >= sum(1 for call in RAISED.values() if code_of(call) == code)
    assert f"\n## {code}\n" in PAGE


def test_a_message_is_one_sentence_without_a_full_stop() -> None:
    texts = {place: call.args[0] for place, call in RAISED.items()}
    ends = {p: t.values[-1] if isinstance(t, ast.JoinedStr) and t.values else t for p, t in texts.items()}
    assert [p for p, end in ends.items() if isinstance(end, ast.Constant) and str(end.value).endswith(".")] == []
