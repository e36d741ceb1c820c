"""A real sshd that serves git repositories as the AUR does: one key, one forced command, no shell."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.rehearsal.real_servers.process import RealServer, find
from deployforge_tasks.rehearsal.stand_ins.git import AUR_RULES, GitStandIn

#: What the AUR's own program does with what ssh asks for (aurweb ``aurweb/git/serve.py``).
_SERVE = """#!/bin/sh
set -- $SSH_ORIGINAL_COMMAND
case "$1" in
  git-upload-pack | git-receive-pack) ;;
  list-repos)
    for r in "{root}"/*.git; do [ ! -e "$r/refs/heads/master" ] || echo " $(basename "$r" .git)"; done
    exit 0 ;;
  "") echo "Welcome to AUR, rehearsal! Interactive shell is disabled." >&2; exit 1 ;;
  *) echo "$1: invalid command: $1" >&2; exit 1 ;;
esac
name=$(printf %s "$2" | tr -d "'/" | tr -cd 'a-z0-9.+_-')
repository="{root}/$name"
if [ ! -d "$repository" ]; then
  git init -q --bare -b master "$repository"
  cp "{hook}" "$repository/hooks/pre-receive"
  chmod +x "$repository/hooks/pre-receive"
fi
exec "$1" "$repository"
"""


class AurOverSsh(RealServer, GitStandIn):
    """The AUR, over ssh."""

    name: ClassVar[str] = "aur_over_ssh"
    serves: ClassVar[tuple[str, ...]] = ("aur",)
    program = "sshd"
    title = "sshd with git"
    places = ("/usr/sbin", "/usr/local/sbin")

    @classmethod
    def available(cls) -> bool:
        return os.name == "posix" and super().available() and bool(find("ssh-keygen") and find("ssh"))

    @property
    def url(self) -> str:
        user = os.environ.get("USER") or os.environ.get("LOGNAME") or "root"
        return f"ssh://{user}@127.0.0.1:{self._port}"

    @property
    def repositories(self) -> Path:
        return self.root / "aur"

    @property
    def host_key(self) -> str:
        """The server's public key, as clients are told of it."""
        return " ".join((self.root / "host.pub").read_text("utf-8").split()[:2])

    def start(self) -> None:
        self.repositories.mkdir(parents=True, exist_ok=True)
        for name in ("host", "client"):
            command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.root / name)]
            subprocess.run(command, check=True)
        serve = self.root / "serve.sh"
        serve.write_text(_SERVE.format(root=self.repositories, hook=AUR_RULES), "utf-8")
        serve.chmod(0o755)
        key = (self.root / "client.pub").read_text("utf-8")
        (self.root / "authorized_keys").write_text(f'command="{serve}",restrict {key}', "utf-8")
        (self.root / "sshd_config").write_text(self._config(), "utf-8")
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            Path("/run/sshd").mkdir(parents=True, exist_ok=True)
        self.run(["-D", "-e", "-f", str(self.root / "sshd_config")])

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {"aur": {"server": self.url, "host_key": self.host_key}}

    def secrets(self) -> dict[str, dict[str, str]]:
        return {"aur": {"ssh_key": (self.root / "client").read_text("utf-8")}}

    def _config(self) -> str:
        lines = {
            "ListenAddress": f"127.0.0.1:{self.new_port()}",
            "HostKey": self.root / "host",
            "PidFile": self.root / "pid",
            "AuthorizedKeysFile": self.root / "authorized_keys",
            "StrictModes": "no",
            "UsePAM": "no",
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
        }
        return "".join(f"{key} {value}\n" for key, value in lines.items())
