"""The files beside deployforge.yml: dodo.py, what git ignores, and doit's settings in pyproject.toml."""

from __future__ import annotations

import tomllib

from deployforge_tasks.discovery.findings import Trouble

IGNORED = (".deployforge/", ".doit.db*")

DODO = '''"""Lets plain doit run the release (`doit list`, `doit deploy:npm`); `deployforge` does the same."""

from deployforge_tasks.graph.standalone import main

main()
'''

# The same lines as in this project's own pyproject.toml; a test holds them together.
DOIT_SETTINGS = """
# Plain `doit` runs the same graph as the `deployforge` command.
[tool.doit]
loader = "deployforge"
verbosity = 0

[tool.doit.plugins.loader]
deployforge = "deployforge_tasks.graph.loader:Loader"

[tool.doit.plugins.backend]
deployforge = "deployforge_tasks.graph.state:State"

[tool.doit.plugins.reporter]
deployforge = "deployforge_tasks.graph.reporter:Reporter"

[tool.doit.plugins.command]
run = "deployforge_tasks.graph.commands:Run"
list = "deployforge_tasks.graph.commands:List"
ignore = "deployforge_tasks.graph.commands:Ignore"
reset-dep = "deployforge_tasks.graph.commands:ResetDep"
"""


def gitignore(text: str) -> str:
    """The file with the lines that a release needs."""
    there = {line.strip().lstrip("/").rstrip("/") for line in text.splitlines()}
    missing = [line for line in IGNORED if line.rstrip("/") not in there]
    if not missing:
        return text
    start = f"{text.rstrip(chr(10))}\n\n" if text.strip() else ""
    return f"{start}# DeployForge: runs, packages, state\n" + "\n".join(missing) + "\n"


def dodo(text: str | None) -> tuple[str | None, Trouble | None]:
    """What ``dodo.py`` should be (None: leave it), and what is in the way of that."""
    if text is None:
        return DODO, None
    if "deployforge_tasks" in text:
        return None, None
    why = "is a task file of your own and stays; the `deployforge` command needs none"
    return None, Trouble("dodo.py", why)


def pyproject(text: str) -> tuple[str | None, Trouble | None]:
    """``pyproject.toml`` with doit's settings (None: nothing to add), and what is in the way of that."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        return None, Trouble("pyproject.toml", f"is no TOML: {error}")
    settings = data.get("tool", {}).get("doit")
    if settings is None:
        return text.rstrip("\n") + "\n" + DOIT_SETTINGS, None
    if settings.get("loader") == "deployforge":
        return None, None
    return None, Trouble("pyproject.toml", "has settings for doit already, which stay as they are")
