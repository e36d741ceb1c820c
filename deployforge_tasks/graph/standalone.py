"""doit with the graph's own parts plugged in, for a folder without the ``[tool.doit]`` lines of a pyproject.toml.

A ``dodo.py`` of two lines is enough there: ``from deployforge_tasks.graph.standalone import main`` and ``main()``.
"""

from __future__ import annotations

import sys
from typing import Any, NoReturn

MODULE = "deployforge_tasks.graph"
#: What stands in pyproject.toml otherwise.
PARTS: dict[str, dict[str, str]] = {
    "COMMAND": {
        "run": f"{MODULE}.commands:Run",
        "list": f"{MODULE}.commands:List",
        "ignore": f"{MODULE}.commands:Ignore",
        "reset-dep": f"{MODULE}.commands:ResetDep",
    },
    "BACKEND": {"deployforge": f"{MODULE}.state:State"},
    "REPORTER": {"deployforge": f"{MODULE}.reporter:Reporter"},
}


def main() -> NoReturn:
    """Run doit with this process's arguments instead of the doit that loads the ``dodo.py``, and end."""
    from doit.doit_cmd import DoitMain

    from deployforge_tasks.graph.loader import Loader

    config: dict[str, Any] = {"GLOBAL": {"verbosity": 0}, **PARTS}
    sys.exit(int(DoitMain(Loader(), config_filenames=(), extra_config=config).run(sys.argv[1:]) or 0))
