"""A process that writes a run as a deploy does.

``python -m tests.dashboard.writer <ledger> <project> <events> [seconds between them]``.
Every event but the first and the last has a number of its own in its data.
"""

from __future__ import annotations

import sys
import time

from deployforge_tasks.core.events import Event
from deployforge_tasks.ledger.store import Ledger


def write(url: str, project: str, count: int, pause: float) -> None:
    ledger = Ledger.open(url)
    run = ledger.start_run(project, "", "1.0.0", "deployforge deploy")
    journal = ledger.listener(run)
    journal(Event("run_started", data={"project": project, "version": "1.0.0", "run": run, "platforms": ["npm"]}))
    for number in range(count):
        journal(Event("log", "npm", "publish", {"level": "info", "text": f"line {number}"}))
        journal(Event("receipt", "npm", "publish", {"piece": f"piece {number}", "at": time.time()}))
        time.sleep(pause)
    journal(Event("run_finished", data={"outcome": "ok", "exit_code": 0}))
    ledger.finish_run(run, "ok", 0)
    ledger.close()


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]) if len(sys.argv) > 4 else 0.0)
