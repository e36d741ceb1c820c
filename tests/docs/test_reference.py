"""The reference says what the code says: nothing is missing from it, and nothing in it is out of date."""

from __future__ import annotations

import importlib.util
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import click
import pytest

from deployforge_tasks.cli.explain import explain, ids
from deployforge_tasks.cli.root import root
from deployforge_tasks.platforms.registry import platforms

REFERENCE = Path(__file__).parents[2] / "docs" / "reference"


def _generator() -> Any:
    spec = importlib.util.spec_from_file_location("generate", REFERENCE / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    """What the generator would write now, in the words of a terminal of 100 columns."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("COLUMNS", "100")
        made: dict[str, str] = _generator().pages()
        return made


def _section(page: str, title: str) -> str:
    """The text below a heading."""
    return page.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_the_files_are_what_the_code_says(pages: dict[str, str]) -> None:
    stale = [name for name, text in pages.items() if (REFERENCE / name).read_text("utf-8") != text]

    assert not stale, "run `python docs/reference/generate.py`"


def test_every_page_is_a_generated_one(pages: dict[str, str]) -> None:
    assert {path.name for path in REFERENCE.iterdir() if path.is_file()} == {*pages, "generate.py"}


@pytest.mark.parametrize("name", sorted(platforms()))
def test_every_option_and_credential_of_a_platform_is_documented(name: str, pages: dict[str, str]) -> None:
    page, platform = pages["platforms.md"], platforms()[name]
    text = _section(page, "Every platform") + _section(page, name)
    options = {field.alias or key for key, field in platform.options.model_fields.items()}
    variables = {variable for credential in platform.credentials for variable in credential.env}

    assert {word for word in (*options, *variables) if f"`{word}`" not in text} == set()


@pytest.mark.parametrize("name", sorted(platforms()))
def test_every_own_option_of_a_platform_says_what_it_does(name: str, pages: dict[str, str]) -> None:
    rows = re.findall(r"^\| `(\w+)` \|.*\|(.*)\|$", _section(pages["platforms.md"], name), re.MULTILINE)

    assert [option for option, text in rows if not text.strip()] == []


def test_every_command_is_documented(pages: dict[str, str]) -> None:
    def walk(command: click.Command, path: str) -> list[str]:
        if not isinstance(command, click.Group):
            return [path]
        context = click.Context(command)
        inner = {name: command.get_command(context, name) for name in command.list_commands(context)}
        return [path, *(p for name, c in inner.items() if c for p in walk(c, f"{path} {name}"))]

    commands = walk(root, "deployforge")

    assert [path for path in commands if f"\n## {path}\n" not in pages["command-line.md"]] == []


@pytest.mark.parametrize("code", ids())
def test_every_error_id_is_documented_and_has_one_exit_code(code: str, pages: dict[str, str]) -> None:
    assert _section(pages["errors.md"], code).count("Exit code ") == 1


#: Ids that several parts raise for the same reason.
SAME_MEANING = {
    "DF2003": "a registry refuses to publish with this token",
    "DF2010": "a server refuses the credential",
    "DF2021": "only the publisher's login can tell",
    "DF3110": "a file differs from the frozen one",
    "DF3530": "a token does not let anybody in",
    "DF4510": "no clear answer",
    "DF5021": "the installed program does not run",
    "DF5510": "the place offers another version than the one to roll back",
}


def test_an_error_id_has_one_meaning() -> None:
    package = Path(explain.__code__.co_filename).parents[1]
    raised = defaultdict(set)
    for file in package.rglob("*.py"):
        for code in re.findall(r'code="(DF\d{4})"', file.read_text("utf-8")):
            raised[code].add(file.name)

    assert {code: files for code, files in raised.items() if len(files) > 1 and code not in SAME_MEANING} == {}
