"""Run a command and kill it (SIGKILL, no chance to tidy up) at the first line that matches a pattern.

``python docs/examples/kill_when.py PATTERN COMMAND [ARGUMENT…]``; ends with 0 when it was killed.
"""

from __future__ import annotations

import re
import subprocess
import sys


def main() -> int:
    """Copy the command's output until a line matches."""
    pattern, *command = sys.argv[1:]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8"
    ) as running:
        assert running.stdout is not None
        for line in running.stdout:
            print(line, end="", flush=True)
            if re.search(pattern, line):
                running.kill()
                print("killed", flush=True)
                return 0
    return 1


if __name__ == "__main__":
    sys.exit(main())
