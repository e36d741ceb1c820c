"""Looking for a secret wherever it must not be: in what a command prints and leaves behind, and in argument lists."""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Self, cast
from urllib.parse import quote, quote_plus

_SHORTEST = 8


def forms(secret: str) -> set[bytes]:
    """The secret as text, and in every encoding that it may travel in."""
    raw = secret.encode()
    texts = {secret, quote(secret, safe=""), quote_plus(secret), json.dumps(secret)[1:-1], raw.hex(), raw.hex().upper()}
    texts |= {line.strip() for line in secret.splitlines() if len(line.strip()) >= 16}
    encoded = {part for offset in range(3) for part in _in_base64(raw, offset)}
    return {text.encode() for text in texts} | {part for part in encoded if len(part) >= _SHORTEST}


def _in_base64(raw: bytes, offset: int) -> Iterator[bytes]:
    """The part of a longer base64 text that is made from the secret alone, `offset` bytes behind a group's begin."""
    padded = b"\0" * offset + raw
    whole = len(padded) // 3 * 4
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(padded)[-(-offset * 8 // 6) : whole]


def found_in(data: bytes, secrets: Iterable[str]) -> list[str]:
    """The forms of the secrets that stand in the data."""
    return sorted({form.decode() for secret in secrets for form in forms(secret) if form in data})


def found_below(folders: Iterable[Path], secrets: Iterable[str]) -> list[str]:
    """``file: form`` for every file below the folders that holds a form of a secret."""
    wanted = tuple(secrets)
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    return [f"{path}: {form}" for path in files for form in found_in(str(path).encode() + path.read_bytes(), wanted)]


class Arguments:
    """Collects the argument lists of a process and everything it starts, as ``/proc`` shows them to all users.

    `environments` are those of what it starts, which only their owner can read.

    Args:
        process: one that was started with a list of words.
    """

    def __init__(self, process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> None:
        self.seen: set[bytes] = set()
        self.environments: set[bytes] = set()
        self._pid = process.pid
        # As it will be: right after the start `/proc` may still show nothing.
        self._own = "\0".join([*cast("list[str]", process.args), ""]).encode()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    @property
    def programs(self) -> set[str]:
        """Names of the programs that were seen."""
        return {Path(line.split(b"\0")[0].decode(errors="replace")).name for line in self.seen}

    def _watch(self) -> None:
        while not self._over.is_set():
            for pid in _family(self._pid):
                with contextlib.suppress(OSError):
                    line = Path(f"/proc/{pid}/cmdline").read_bytes()
                    self.seen.add(line)
                    # Until a child runs its program it is a copy of the process, environment and all; while memory is
                    # short, its line may be read in part, or not at all.
                    if line and not self._own.startswith(line):
                        self.environments.add(Path(f"/proc/{pid}/environ").read_bytes())
            self._over.wait(0.001)


def _family(pid: int) -> Iterator[int]:
    """A process and all its descendants (``/proc/<pid>/task/<tid>/children``, man 5 proc)."""
    yield pid
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))
