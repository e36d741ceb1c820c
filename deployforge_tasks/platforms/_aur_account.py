"""Whose key it is at the AUR: the server greets the account, and lists the packages that it maintains.

Both only look, and are answered in the same way by every aurweb (``aurweb/git/serve.py``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Identity
from deployforge_tasks.effects.git_access import is_ssh
from deployforge_tasks.effects.git_errors import git_error
from deployforge_tasks.effects.git_ssh import say
from deployforge_tasks.platforms._aur_files import package_name
from deployforge_tasks.platforms._git_account import greeted, identity, refused
from deployforge_tasks.platforms.base import Job

if TYPE_CHECKING:
    from deployforge_tasks.platforms.aur import Aur, AurOptions


def whoami(platform: Aur, job: Job[AurOptions]) -> Identity:
    """The account that the key belongs to, and whether it maintains the package.

    Raises:
        CredentialError: the key is missing, or the server does not take it.
        NetworkError: no usable answer (the AUR is down for maintenance).
    """
    place = platform.place(job, write=True)
    if not is_ssh(place.url):
        return identity(platform, job, None)
    try:
        who = greeted(job, place)
        listing = say(job.processes, place.url, job.workdir / "git", place.access, ["list-repos"])
    except CredentialError as error:
        raise refused(job, place, error, "ssh_key") from error
    if listing.returncode != 0:
        raise git_error(listing, place.url)
    name = package_name(job)
    maintained = {line[1:] for line in listing.stdout.splitlines()}  # a mark stands before each name
    if name in maintained:
        return Identity(who, (f"maintain {name}",), note="ssh keys have no end")
    return Identity(who, note=f"{who} does not maintain {name}: if nobody does yet, the first push makes it")
