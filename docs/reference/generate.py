"""Write the reference from the code: ``python docs/reference/generate.py``.

The pages beside this file hold nothing that a person wrote; `tests/docs/test_reference.py` compares them with the code.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
NOTE = "<!-- Written by docs/reference/generate.py; change the code instead. -->\n"
SCHEMA = "deployforge.schema.json"
MAN_PAGE = "deployforge.1"


def pages() -> dict[str, str]:
    """Every page by its file name."""
    made: dict[str, Callable[[], Iterator[str]]] = {
        "platforms.md": _platforms,
        "configuration.md": _configuration,
        "command-line.md": _command_line,
        "errors.md": _errors,
        "exit-codes.md": _exit_codes,
        "doit-tasks.md": _doit_tasks,
    }
    written = {name: NOTE + "\n".join(page()) + "\n" for name, page in made.items()}
    return {**written, SCHEMA: _schema(), MAN_PAGE: _man_page()}


def _schema() -> str:
    from deployforge_tasks.platforms.registry import json_schema

    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


def _man_page() -> str:
    from deployforge_tasks.cli.manpage import page

    return page()


# Markdown


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    yield "| " + " | ".join(head) + " |"
    yield "|" + "---|" * len(head)
    for row in rows:
        yield "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in row) + " |"
    yield ""


def _code(text: str) -> str:
    """Text as code, also when it holds back quotes itself."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def _default(value: Any, required: bool = False) -> str:
    if required:
        return "required"
    return "" if value in (None, "", [], {}) else _code(json.dumps(value, ensure_ascii=False))


def _sentence(text: str) -> str:
    """A docstring's text for Markdown: one line, single back quotes."""
    return " ".join(text.replace("``", "`").split())


# Platforms


def _platforms() -> Iterator[str]:
    from deployforge_tasks.cli.commands.platforms import trait_words
    from deployforge_tasks.operations.platforms import describe
    from deployforge_tasks.platforms.registry import platforms

    yield "# Platforms\n"
    yield "What `deployforge platforms show NAME` tells, on one page. Options that every platform has come first.\n"
    shared = _shared_options()
    yield "## Every platform\n"
    yield from _table(("option", "type", "default", "what it does"), shared)
    for name, platform in platforms().items():
        info = describe(name)
        yield f"## {name}\n"
        yield f"{info.title}. {_summary(platform)}\n"
        yield from _facts(info, trait_words)
        if info.credentials:
            yield from _table(
                ("credential", "environment", "where to get it"), list(map(_credential, info.credentials))
            )
        rows = [row for row in map(_option, info.options) if row not in shared]
        if rows:
            yield from _table(("option", "type", "default", "what it does"), rows)
        yield f"Rollback: {_rollback(platform)}\n"


def _credential(credential: Any) -> tuple[str, str, str]:
    name = _code(credential.name) + ("" if credential.required else " (optional)")
    return name, ", ".join(map(_code, credential.env)), _sentence(credential.help)


def _option(option: Any) -> tuple[str, str, str, str]:
    return (
        _code(option.name),
        option.type,
        _default(option.default, option.required),
        _sentence(option.description),
    )


def _shared_options() -> list[tuple[str, str, str, str]]:
    """The options that every platform has with the same meaning."""
    from deployforge_tasks.operations.platforms import known

    first, *others = ([_option(option) for option in info.options] for info in known())
    return [row for row in first if all(row in other for other in others)]


def _summary(platform: Any) -> str:
    """What the class says of itself, else its module."""
    import sys

    own = type(platform).__dict__.get("__doc__") or sys.modules[type(platform).__module__].__doc__ or ""
    return _sentence(own.partition("\n\n")[0])


def _facts(info: Any, trait_words: Callable[[Any], list[str]]) -> Iterator[str]:
    facts = [("traits", ", ".join(trait_words(info.traits))), ("targets", ", ".join(info.targets) or "any")]
    facts += [("published after", ", ".join(info.needs))] if info.needs else []
    facts += [("also called", ", ".join(info.aliases))] if info.aliases else []
    for name, text in facts:
        yield f"- {name}: {text}"
    yield ""


def _rollback(platform: Any) -> str:
    import inspect

    own = inspect.getdoc(platform.rollback)
    base = "Take users back to `to`, as far as the platform allows"
    if own and not own.startswith(base):
        return _sentence(own.partition("\n\n")[0])
    automatic = platform.traits.reversible
    return (
        "`deployforge rollback` takes users back by itself; what it cannot do, it names."
        if automatic
        else "the platform lets nobody take users back without a person; `deployforge rollback` names the steps."
    )


# Configuration


def _configuration() -> Iterator[str]:
    from deployforge_tasks.project.schema import Project

    schema = Project.model_json_schema(by_alias=True)
    definitions = schema.get("$defs", {})
    yield "# deployforge.yml\n"
    yield "Every key. The options below `platforms:` are in [platforms.md](platforms.md); editors take"
    yield "[deployforge.schema.json](deployforge.schema.json) for completion.\n"
    yield "`${version}` and `{version}` stand for the version, `${NAME}` and `${NAME:-default}` for an environment"
    yield "variable. `profiles: {staging: {…}}` overrides any part of the file with `--profile staging`. A time is a"
    yield "number of seconds, or text as in `90s`, `10m`, `1h30m`.\n"
    yield from _section("", "", schema, definitions)


def _section(path: str, about: str, schema: Mapping[str, Any], definitions: Mapping[str, Any]) -> Iterator[str]:
    yield f"## {_code(path + ':') if path else 'Top level'}\n"
    if path and about:
        yield f"{_sentence(about)}\n"
    rows, inner = [], []
    for name, value in schema.get("properties", {}).items():
        required = name in schema.get("required", ())
        nested = _model(value, definitions)
        default = "" if nested else _default(value.get("default"), required)
        text = _sentence(value.get("description") or (nested[1].get("description", "") if nested else ""))
        rows.append((_code(name), _type(value, definitions), default, text))
        if kinds := _kinds(value, definitions):
            inner += [(f"{path}.{name}.{kind}", model["description"], model) for kind, model in kinds.items()]
        elif nested:
            inner.append((f"{path}.{name}".strip(".") + nested[0], nested[1].get("description", ""), nested[1]))
    yield from _table(("key", "type", "default", "what it does"), rows)
    for place, description, model in inner:
        yield from _section(place, description, model, definitions)


def _kinds(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The sections among which each named one chooses by its `kind`, by that."""
    named = value.get("additionalProperties")
    parts = named.get("anyOf", ()) if isinstance(named, dict) else ()
    models = [model[1] for part in parts if (model := _model(part, definitions))]
    return {m["properties"]["kind"]["const"]: m for m in models if "kind" in m["properties"]}


def _model(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]] | None:
    """The section that a key holds, with ``[]`` when it holds a list of them and ``.<name>`` when it names them."""
    if "$ref" in value:
        found = definitions[value["$ref"].rpartition("/")[2]]
        return ("", found) if "properties" in found else None
    if value.get("type") == "array" and (item := _model(value.get("items", {}), definitions)):
        return f"[]{item[0]}", item[1]
    if isinstance(value.get("additionalProperties"), dict) and (
        item := _model(value["additionalProperties"], definitions)
    ):
        return f".<name>{item[0]}", item[1]
    return next((found for part in value.get("anyOf", ()) if (found := _model(part, definitions))), None)


def _type(value: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    from deployforge_tasks.operations.platforms import type_words

    return type_words(dict(value), dict(definitions))


# The command line


def _command_line() -> Iterator[str]:

    from deployforge_tasks.cli.root import root

    yield "# The command line\n"
    yield "What `deployforge COMMAND -h` prints. Results go to stdout, progress and errors to stderr.\n"
    context = root.make_context("deployforge", [], resilient_parsing=True)
    yield from _command(root, context)


def _command(command: Any, context: Any) -> Iterator[str]:
    import click

    yield f"## {context.command_path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            assert inner is not None
            yield from _command(inner, click.Context(inner, info_name=name, parent=context))


# Errors and exit codes


def _errors() -> Iterator[str]:
    from deployforge_tasks.cli.explain import explain, ids

    yield "# Errors\n"
    yield "Every error has an id that stays the same; `deployforge help ID` explains it. `<name>` is filled in when it"
    yield "happens.\n"
    for code in ids():
        found = explain(code)
        if found is None:
            continue
        again = "worth trying again" if found["retryable"] else "trying again alone does not help"
        yield f"## {code}\n"
        yield f"{found['means']} Exit code {found['exit_code']}; {again}.\n"
        for message, hint in dict.fromkeys((case["message"], case["hint"]) for case in found["cases"]):
            yield f"- {_code(message)}  \n  hint: {_code(hint)}"
        if found["cases"]:
            yield ""


def _exit_codes() -> Iterator[str]:
    from deployforge_tasks.cli.exit_codes import EXIT_CODES

    yield "# Exit codes\n"
    yield from _table(("code", "meaning"), [(str(code), meaning) for code, meaning in EXIT_CODES.items()])
    yield "When several platforms failed in the same way, that way's code; when they failed in different ways, 1."
    yield "`--json` tells the outcome of each platform; scripts should read it. Plain `doit` ends with the same codes."


# doit


def _doit_tasks() -> Iterator[str]:
    from deployforge_tasks.graph.commands import Ignore, ResetDep
    from deployforge_tasks.graph.rehearse_task import DOC, NAME
    from deployforge_tasks.graph.stage import FROM_STAGES
    from deployforge_tasks.graph.tasks import GROUPS

    yield "# Tasks of doit\n"
    yield "`doit list` names the groups, `doit list --all` every task; `doit -n 8 deploy` runs the release, and"
    yield "`doit deploy:npm` a part.\n"
    members = {"build": "<os>-<arch>", "fetch": "<os>-<arch>"}
    rows = [(_code(f"{group}:{members.get(group, '<platform>')}"), text) for group, text in GROUPS.items()]
    rows.append((_code(NAME), DOC))
    yield from _table(("task", "what it does"), rows)
    yield "`build` is there when release files are built (`artifacts: {from: build}`), `fetch` otherwise; `gate` with"
    yield "`conditions: {gate: required}`.\n"
    yield "## On the command line\n"
    choices = (
        ("version=1.2.3", "the version (default: the project's)"),
        ("profile=staging", "the profile; also DEPLOYFORGE_PROFILE"),
        ("env_file=.env", "more environment variables; also DEPLOYFORGE_ENV_FILE"),
        ("to=1.2.2", "the version that `rollback` takes users back to"),
        ("from_stage=package", f"do this stage and what follows again: {', '.join(FROM_STAGES)}"),
        ("fail_fast=1", "after the failure of a required platform begin nothing new (also `--no-continue`)"),
        ("strict=1", "end with 9 when something waits, with 10 when a platform failed that is not required"),
    )
    yield from _table(("word", "meaning"), [(_code(word), text) for word, text in choices])
    yield "## Commands that are switched off\n"
    yield from _table(("command", "why"), [(_code(f"doit {kind.name}"), kind.why) for kind in (Ignore, ResetDep)])


def main() -> None:
    """Write every page; the help texts are as wide as on a terminal of 100 columns."""
    os.environ["COLUMNS"] = "100"
    for name, text in pages().items():
        (HERE / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
