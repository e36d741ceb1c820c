"""How git reaches a remote: credentials in its environment only, an ssh key in a private file while git runs.

Nothing of the user's own git configuration is used, nothing is ever asked, no secret stands in an argument or a URL.
"""

from __future__ import annotations

import base64
import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deployforge_tasks.core.redact import redactor

#: Transports that may be used; `ext::` and friends would run programs named in a URL.
PROTOCOLS = "file:http:https:ssh"
_CONFIG = (
    ("gc.auto", "0"),
    ("core.hooksPath", os.devnull),
    ("http.lowSpeedLimit", "1"),
    ("http.lowSpeedTime", "60"),
)


@dataclass(frozen=True)
class Access:
    """Credentials for a remote; which one is used depends on the URL.

    `token` is the password for http(s) (`user` goes with it: GitHub takes any name), `ssh_key` the text of an
    unencrypted private key, `host_key` the server's public key (``ssh-ed25519 AAAA…``), the only one accepted then.
    """

    token: str | None = None
    user: str = "x-access-token"
    ssh_key: str | None = None
    host_key: str | None = None


@dataclass(frozen=True)
class GitEnvironment:
    """What git gets: `plain` always; `remote` and `secrets` too when it talks to the remote."""

    plain: Mapping[str, str]
    remote: Mapping[str, str]
    secrets: Mapping[str, str]


def is_ssh(url: str) -> bool:
    """Whether git reaches the URL over ssh (``ssh://…`` or ``user@host:path``)."""
    scheme = urlsplit(url).scheme
    return scheme == "ssh" or (scheme == "" and ":" in url and "@" in url.partition(":")[0])


def is_http(url: str) -> bool:
    """Whether git reaches the URL over http or https."""
    return urlsplit(url).scheme in ("http", "https")


def holds_password(url: str) -> bool:
    """Whether a password or token is written into the URL itself."""
    return is_http(url) and "@" in urlsplit(url).netloc


def without_password(url: str) -> str:
    """The URL as people may see it."""
    if not holds_password(url):
        return url
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


@contextmanager
def environment(url: str, access: Access, folder: Path) -> Iterator[GitEnvironment]:
    """Git's environment for one remote; private files live in `folder` and are removed at the end."""
    home = folder / "home"
    home.mkdir(parents=True, exist_ok=True)
    plain = {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "XDG_CONFIG_HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_ALLOW_PROTOCOL": PROTOCOLS,
        "LC_ALL": "C",
        "GIT_CONFIG_COUNT": str(len(_CONFIG)),
    }
    for index, (key, value) in enumerate(_CONFIG):
        plain |= {f"GIT_CONFIG_KEY_{index}": key, f"GIT_CONFIG_VALUE_{index}": value}
    remote: dict[str, str] = {}
    secrets: dict[str, str] = {}
    if is_http(url) and access.token:
        index = len(_CONFIG)
        remote = {"GIT_CONFIG_COUNT": str(index + 1), f"GIT_CONFIG_KEY_{index}": f"http.{_origin(url)}.extraHeader"}
        secrets = {f"GIT_CONFIG_VALUE_{index}": _basic(access.user, access.token)}
    if not is_ssh(url):
        yield GitEnvironment(plain, remote, secrets)
        return
    with _ssh_command(access, folder) as command:
        yield GitEnvironment(plain, {"GIT_SSH_COMMAND": command}, secrets)


def _origin(url: str) -> str:
    """The part of a URL that a credential belongs to, so that it goes to no other host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}/"


def _basic(user: str, token: str) -> str:
    redactor.add(token, user=user)
    return "Authorization: Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


@contextmanager
def _ssh_command(access: Access, folder: Path) -> Iterator[str]:
    """The ssh command line; the key file exists only inside."""
    words = ["ssh", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes", "-o", "ConnectTimeout=20"]
    words += ["-o", "ServerAliveInterval=15", "-o", "ServerAliveCountMax=4"]
    key, hosts = folder / "ssh-key", folder / "known-hosts"
    if access.host_key:
        hosts.write_text(f"* {access.host_key.strip()}\n", "utf-8", newline="\n")
        words += ["-F", "none", "-o", f"UserKnownHostsFile={hosts}", "-o", "GlobalKnownHostsFile=none"]
    try:
        if access.ssh_key:
            write_private(key, access.ssh_key)
            words += ["-i", str(key), "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]
        yield shlex.join(words)
    finally:
        key.unlink(missing_ok=True)


def write_private(path: Path, key: str) -> None:
    """Write a private key so that nobody else can ever read it; ssh wants plain line ends and one at the end."""
    redactor.add(key)
    text = key.replace("\\n", "\n").replace("\r\n", "\n").strip() + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
