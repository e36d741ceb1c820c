"""Make ``.doit.db.example``: the state that doit keeps of a release that failed on one platform.

``python docs/examples/make_state_example.py`` really releases the sample to registries on this machine, with a token
for crates.io that has expired, and keeps the state database that this leaves; ``--show`` tells what it holds. So that
the file does not change with the machine that makes it, the project's folder is written as /home/you/hello-forge, and
times of files as one time.
"""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

from loopback import PROFILE, ROOT, prepare, registries_for_the_sample

EXAMPLE = ROOT / ".doit.db.example"
FOLDER = "/home/you/hello-forge"
#: How doit notes a file: time of change, size and digest.
FILE_TIME = re.compile(r"\[\d+\.\d+, (\d+), ")


def main() -> int:
    """Make the example, or show it."""
    if sys.argv[1:] == ["--show"]:
        show()
        return 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "hello-forge"
        with registries_for_the_sample(Path(name) / "registries") as registries:
            prepare(folder, registries)
            code = half_failed_release(folder)
        if code != 5:
            print(f"the release ended with {code}, not with 5 (a check before publishing failed)", file=sys.stderr)
            return 1
        keep(folder / ".doit.db", str(folder))
    show()
    return 0


def half_failed_release(folder: Path) -> int:
    """Release with an expired token for crates.io; returns doit's exit code."""
    words = [sys.executable, "-m", "doit", "-n", "8", "deploy", f"profile={PROFILE}", "env_file=.env"]
    environ = {**os.environ, "DEPLOYFORGE_REHEARSAL_CRATES_TOKEN": "expired"}
    return subprocess.run(words, cwd=folder, env=environ, check=False).returncode


def keep(made: Path, folder: str) -> None:
    """Write the rows of a state database into the example, in the order of their names."""
    EXAMPLE.unlink(missing_ok=True)
    with closing(sqlite3.connect(made)) as source, closing(sqlite3.connect(EXAMPLE)) as target:
        (table,) = source.execute("select sql from sqlite_master where name = 'task_state'").fetchone()
        target.execute(table)
        for scope, task, data in source.execute("select scope, task, data from task_state order by scope, task"):
            text = FILE_TIME.sub(r"[1767225600.0, \1, ", data.replace(folder, FOLDER))
            target.execute("insert into task_state values (?, ?, ?)", (scope, task, text))
        target.commit()
        target.execute("vacuum")


def show() -> None:
    """Print which tasks of each platform are done, as the example has it."""
    with closing(sqlite3.connect(EXAMPLE)) as database:
        rows = database.execute("select scope, task from task_state order by task").fetchall()
    done: dict[str, list[str]] = {}
    for _, task in rows:
        stage, _, name = task.partition(":")
        done.setdefault(name, []).append(stage)
    print(*sorted({scope for scope, _ in rows}))
    for name, stages in sorted(done.items()):
        print(f"  {name:<15}  {' '.join(stages)}")


if __name__ == "__main__":
    sys.exit(main())
