"""What a git server says over ssh to somebody who asks for no repository: forges greet the account behind the key."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from deployforge_tasks.effects.git import private_folder
from deployforge_tasks.effects.git_access import Access, environment
from deployforge_tasks.effects.git_errors import git_error
from deployforge_tasks.effects.process import Completed, Processes

_LOOK_SECONDS = 60.0
#: What ssh itself exits with when it could not reach the server or log in (ssh(1), EXIT STATUS).
_NOT_CONNECTED = 255


def say(processes: Processes, url: str, folder: Path, access: Access, command: Sequence[str] = ()) -> Completed:
    """Log in at the server of a repository and give it a command of its own, or none.

    Args:
        url: the repository, or the server (``ssh://user@host:port/…`` or ``user@host:path``).
        folder: where a private folder for the key is made and removed.
        command: one that only looks (``list-repos``).

    Raises:
        CredentialError: the server does not take the key, or is another one than expected.
        NetworkError: no usable answer.
    """
    with private_folder(folder) as private, environment(url, access, private) as env:
        words = [*shlex.split(env.remote["GIT_SSH_COMMAND"]), "-T", *_destination(url), *command]
        done = processes.run(words, env=env.plain, timeout=_LOOK_SECONDS, check=False)
    if done.returncode == _NOT_CONNECTED:
        raise git_error(done, url)
    return done


def _destination(url: str) -> list[str]:
    if "://" not in url:
        return ["--", url.partition(":")[0]]
    parts = urlsplit(url)
    host = f"{parts.username}@{parts.hostname}" if parts.username else str(parts.hostname)
    return [*(["-p", str(parts.port)] if parts.port else []), "--", host]
