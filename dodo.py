"""The way in. `python3 dodo.py rehearse` and `python3 dodo.py test` need nothing but Python; `doit` works as ever."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def install(*what: str) -> None:
    """Put the project into its own environment, once for each state of pyproject.toml."""
    wanted = hashlib.sha256((HERE / "pyproject.toml").read_bytes()).hexdigest()
    stamp = VENV / f"installed-{len(what)}"
    if not PYTHON.exists() or not stamp.exists() or stamp.read_text() != wanted:
        print("dodo.py: installing into .venv (once, about a minute)", file=sys.stderr, flush=True)
        subprocess.run([sys.executable, "-m", "venv", VENV], check=True)
        pip = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        subprocess.run([*pip, "--editable", f"{HERE}[sample]", *what], check=True)
        stamp.write_text(wanted)


if __name__ == "__main__":
    if sys.version_info < (3, 11):  # noqa: UP036 - an older python3 may well start this file
        sys.exit("dodo.py: Python 3.11 or newer is needed; run it with a newer python3")
    command, *rest = sys.argv[1:] or ["list"]
    install(*(["--group", f"{HERE / 'pyproject.toml'}:dev"] if command == "test" else []))
    module = {"test": ["pytest"], "rehearse": ["deployforge_tasks", "rehearse"]}.get(command, ["doit", command])
    environment = {**os.environ, "PATH": os.pathsep.join([str(PYTHON.parent), os.environ.get("PATH", "")])}
    sys.exit(subprocess.run([PYTHON, "-m", *module, *rest], cwd=HERE, env=environment, check=False).returncode)
else:  # loaded by a doit that pyproject.toml has not told of our parts
    from deployforge_tasks.graph.standalone import main

    main()
