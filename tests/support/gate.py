"""A gate on a server: a shell script that comes to it waits until the test lets it go on, or sends it away."""

from __future__ import annotations

import os
import select
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_LINES = """
echo >> {visits}
if [ "$(wc -l < {visits})" -eq {nth} ]; then
  echo > {came}
  read -r word < {answer}
  [ "$word" = go ] || exit 1
fi
"""


@dataclass(frozen=True)
class Gate:
    """Holds one visitor only; `lines` is what the script has to run.

    Args:
        nth: which visitor is held (0: none, they are only counted).
    """

    folder: Path
    nth: int
    came: int
    answer: int

    @property
    def lines(self) -> str:
        names = {name: shlex.quote(str(self.folder / name)) for name in ("visits", "came", "answer")}
        return _LINES.format(nth=self.nth, **names)

    @property
    def visits(self) -> int:
        """How many have come so far."""
        file = self.folder / "visits"
        return len(file.read_bytes()) if file.exists() else 0

    def wait(self, seconds: float = 60.0) -> bool:
        """Whether the visitor came in that time."""
        return bool(select.select([self.came], [], [], seconds)[0])

    def let_go_on(self) -> None:
        os.write(self.answer, b"go\n")

    def send_away(self) -> None:
        """The script ends with an error."""
        os.write(self.answer, b"stop\n")


@contextmanager
def gate(folder: Path, nth: int = 0) -> Iterator[Gate]:
    """A gate whose files are in a new folder."""
    folder.mkdir(parents=True)
    pipes = [folder / "came", folder / "answer"]
    for pipe in pipes:
        os.mkfifo(pipe)
    came, answer = (os.open(pipe, os.O_RDWR) for pipe in pipes)  # both ends: nobody waits for the other to open it
    try:
        yield Gate(folder, nth, came, answer)
    finally:
        os.close(came)
        os.close(answer)
