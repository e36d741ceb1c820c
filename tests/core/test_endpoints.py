"""Addresses on the network are product data, kept in one file."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from deployforge_tasks.core import endpoints

HERE = Path(endpoints.__file__)
PACKAGE = HERE.parents[1]
#: What stand-ins say is what the real registries say, their own addresses included.
STAND_INS = PACKAGE / "rehearsal" / "stand_ins"
#: The name of a language, which nobody asks for.
NAMESPACES = ("https://json-schema.org/",)


def texts(file: Path) -> Iterator[str]:
    """The texts of a module, without those that only stand there (docstrings)."""
    tree = ast.parse(file.read_text("utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in alone:
            yield node.value


def test_no_other_file_names_a_server() -> None:
    files = [f for f in PACKAGE.rglob("*.py") if f != HERE and STAND_INS not in f.parents]
    found = [(f.name, t) for f in files for t in texts(f) if re.search(r"(https|ssh)://[\w-]+\.", t)]
    assert [(name, text) for name, text in found if not text.startswith(NAMESPACES)] == []


def test_every_address_is_used() -> None:
    used = " ".join(f.read_text("utf-8") for f in PACKAGE.rglob("*.py") if f != HERE)
    assert [name for name in vars(endpoints) if name.isupper() and not re.search(rf"\b{name}\b", used)] == []
