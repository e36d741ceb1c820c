"""A real sshd on loopback that serves git repositories as the AUR does: one key, one forced command, no shell."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deployforge_tasks.rehearsal.stand_ins.git import AUR_RULES

_SERVE = """#!/bin/sh
set -- $SSH_ORIGINAL_COMMAND
case "$1" in git-upload-pack | git-receive-pack) ;; *) echo "Interactive shell is disabled." >&2; exit 1 ;; esac
name=$(printf %s "$2" | tr -d "'/" | tr -cd 'a-z0-9.+_-')
repository="{root}/$name"
if [ ! -d "$repository" ]; then
  git init -q --bare -b master "$repository"
  cp "{hook}" "$repository/hooks/pre-receive"
  chmod +x "$repository/hooks/pre-receive"
fi
exec "$1" "$repository"
"""


@dataclass(frozen=True)
class GitOverSsh:
    """A running server: its base URL, the client's private key (text) and the server's public host key."""

    url: str
    private_key: str
    host_key: str
    root: Path


def available() -> bool:
    """Whether a real sshd can be started here."""
    return bool(shutil.which("ssh-keygen") and _sshd())


@contextmanager
def git_over_ssh(folder: Path) -> Iterator[GitOverSsh]:
    """Start sshd on a free port of this machine; it is stopped by its own handle."""
    folder.mkdir(parents=True)
    for name in ("host", "client"):
        command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(folder / name)]
        subprocess.run(command, check=True)
    root = folder / "repositories"
    root.mkdir()
    serve = folder / "serve.sh"
    serve.write_text(_SERVE.format(root=root, hook=AUR_RULES), "utf-8")
    serve.chmod(0o755)
    key = (folder / "client.pub").read_text("utf-8")
    (folder / "authorized_keys").write_text(f'command="{serve}",restrict {key}', "utf-8")
    port = _free_port()
    (folder / "sshd_config").write_text(_config(folder, port), "utf-8")
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    sshd = subprocess.Popen([str(_sshd()), "-D", "-f", str(folder / "sshd_config"), "-E", str(folder / "log")])
    try:
        _wait(sshd, port, folder / "log")
        user = os.environ.get("USER") or os.environ.get("LOGNAME") or "root"
        host_key = " ".join((folder / "host.pub").read_text("utf-8").split()[:2])
        private = (folder / "client").read_text("utf-8")
        yield GitOverSsh(f"ssh://{user}@127.0.0.1:{port}", private, host_key, root)
    finally:
        sshd.terminate()
        sshd.wait(10)


def _sshd() -> str | None:
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def _config(folder: Path, port: int) -> str:
    lines = {
        "ListenAddress": f"127.0.0.1:{port}",
        "HostKey": folder / "host",
        "PidFile": folder / "pid",
        "AuthorizedKeysFile": folder / "authorized_keys",
        "StrictModes": "no",
        "UsePAM": "no",
        "PasswordAuthentication": "no",
        "KbdInteractiveAuthentication": "no",
    }
    return "".join(f"{key} {value}\n" for key, value in lines.items())


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(sshd: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert sshd.poll() is None, log.read_text("utf-8") if log.exists() else "sshd ended at once"
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError("sshd does not answer")
