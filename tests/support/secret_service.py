"""A real Secret Service (gnome-keyring) on a message bus of its own, with an empty keyring that ends with the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MISSING = "gnome-keyring and dbus-run-session are not on this machine"
_UNLOCKED = "printf %s password | gnome-keyring-daemon --unlock --components=secrets --daemonize >/dev/null 2>&1"
_LOCKED = "gnome-keyring-daemon --start --components=secrets >/dev/null 2>&1"
#: The session ends when its input does.
_HOLD = 'echo "$DBUS_SESSION_BUS_ADDRESS"; exec cat >/dev/null'


def available() -> bool:
    return bool(shutil.which("gnome-keyring-daemon") and shutil.which("dbus-run-session"))


@contextmanager
def secret_service(home: Path, *, locked: bool = False) -> Iterator[dict[str, str]]:
    """The variables with which a program reaches it.

    Args:
        home: keeps the keyring; one that was used unlocked before can be opened locked.
        locked: nobody has typed the password, and nobody can be asked for it.
    """
    home.mkdir(parents=True, exist_ok=True)
    own = {"HOME": str(home), "XDG_DATA_HOME": str(home / "data"), "XDG_RUNTIME_DIR": str(home)}
    script = f"{_LOCKED if locked else _UNLOCKED}; {_HOLD}"
    session = subprocess.Popen(
        ["dbus-run-session", "--", "sh", "-c", script],
        env={"PATH": "/usr/bin:/bin", **own},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert session.stdin
    assert session.stdout
    try:
        address = session.stdout.readline().strip()
        backend = "keyring.backends.SecretService.Keyring"
        yield {**own, "DBUS_SESSION_BUS_ADDRESS": address, "PYTHON_KEYRING_BACKEND": backend}
    finally:
        session.stdin.close()
        session.wait(timeout=20)
        session.stdout.close()
