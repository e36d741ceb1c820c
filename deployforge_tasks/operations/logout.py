"""Removing what login stored, and saying what stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import CredentialError

if TYPE_CHECKING:
    from deployforge_tasks.effects.keyring import Keyring
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Removal:
    """What became of one platform's credentials: places that they were removed from, and places where some stay."""

    platform: str
    removed: tuple[str, ...] = ()
    stays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Logout:
    """The removals; `failure` says why the keyring could not be asked."""

    removals: tuple[Removal, ...]
    failure: CredentialError | None = None


def logout(loaded: Loaded, platforms: Sequence[str], *, shared: bool = False, keyring: Keyring | None = None) -> Logout:
    """Remove the stored credentials of platforms.

    Args:
        loaded: the project.
        platforms: their names.
        shared: also those that hold for all projects.
        keyring: the system's own, if not given.

    Raises:
        ConfigError: the env-file cannot be read or written.
    """
    from deployforge_tasks.effects.keyring import Keyring as SystemKeyring
    from deployforge_tasks.effects.keyring import is_wanted

    ring = (keyring or SystemKeyring()) if is_wanted(loaded.environ) else None
    failure: CredentialError | None = None
    found = []
    for platform in platforms:
        removed, stays = _from_files(loaded, platform)
        if ring is not None:
            try:
                gone, kept = _from_keyring(loaded, ring, platform, shared=shared)
                removed, stays = [*gone, *removed], [*kept, *stays]
            except CredentialError as error:
                ring, failure = None, error
        found.append(Removal(platform, tuple(removed), tuple(stays)))
    return Logout(tuple(found), failure)


def _from_keyring(loaded: Loaded, ring: Keyring, platform: str, *, shared: bool) -> tuple[list[str], list[str]]:
    """What was removed from the keyring, and what stays in it."""
    from deployforge_tasks.platforms.registry import platforms
    from deployforge_tasks.project.remembered import Remembered
    from deployforge_tasks.project.secrets import SHARED, entry

    memory = Remembered(loaded.root, loaded.profile)
    removed, stays = list[str](), list[str]()
    for credential in platforms()[platform].credentials:
        own, everywhere = (entry(o, platform, credential.name) for o in (loaded.project.name, SHARED))
        if ring.delete(own):
            removed.append(f"{credential.name} from the keyring")
        if shared and ring.delete(everywhere):
            removed.append(f"{credential.name} for all projects from the keyring")
        still_there = ring.get(everywhere) is not None
        if still_there:
            stays.append(f"{credential.name} for all projects in the keyring (--shared removes it)")
        memory.stored(platform, credential.name, there=still_there)
    return removed, stays


def _from_files(loaded: Loaded, platform: str) -> tuple[list[str], list[str]]:
    """What was removed from the env-file, and the variables that stay there or in the environment."""
    from deployforge_tasks.effects import env_file
    from deployforge_tasks.operations.login import env_file_of
    from deployforge_tasks.platforms.registry import platforms
    from deployforge_tasks.project.secrets import Vault

    vault, file = Vault(loaded), env_file_of(loaded)
    credentials = vault.credentials(platform, platforms()[platform].credentials)
    gone = env_file.remove(file, [name for credential in credentials for name in credential.env])
    stays = []
    for credential in credentials:
        for name in credential.env:
            if not loaded.environ.get(name) or (name in loaded.from_file and name in gone):
                continue
            where = f"in {file.name} (written by hand)" if name in loaded.from_file else "in the environment"
            stays.append(f"{name} {where}")
    return [f"{name} from {file.name}" for name in gone], stays
