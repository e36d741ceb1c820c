"""A test platform that knows who a credential is, or cannot tell, or refuses it, or never answers."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from deployforge_tasks.core.errors import NetworkError
from deployforge_tasks.core.model import Credential, Identity
from deployforge_tasks.effects.keyring import Keyring
from deployforge_tasks.platforms import registry
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.project.load import Loaded
from tests.graph.shelf import Shelf, ShelfOptions, write_project

GOOD = "shelf-token-good-3d1c"


class AccountOptions(ShelfOptions):
    says: str = "who"
    """``who``, ``nothing`` (it has no way), ``down``, ``broken`` or ``silence``."""
    days: float = 0
    """Days until the token ends; 0 for one that never does."""


class AccountShelf(Shelf):
    """Knows one good token."""

    options = AccountOptions
    credentials = (
        Credential(
            "token", ("SHELF_TOKEN", "SHELF_KEY"), "make one at the counter", url="https://shelf.example/tokens"
        ),
        Credential("extra", ("SHELF_EXTRA",), "for the upper shelf", required=False),
    )
    hush = threading.Event()

    def whoami(self, job: Job[Any]) -> Identity:
        token = job.secrets.get("token")
        match job.options.says:
            case "nothing":
                raise NotImplementedError
            case "down":
                raise NetworkError("the counter is closed", hint="come back")
            case "broken":
                raise ValueError(f"cannot read {token}")
            case "silence":
                self.hush.wait(30)
        if job.secrets.require("token") != GOOD:
            raise job.secrets.refused("token", f"{self.name} does not know the token", code="DF2002")
        end = self._end(job)
        return Identity("mk-bot", ("put", "take"), end, "a friendly one")

    def _end(self, job: Job[Any]) -> datetime | None:
        return job.clock.now() + timedelta(days=job.options.days) if job.options.days else None


class FreeShelf(Shelf):
    """Needs no credential."""

    name = "free"


@contextmanager
def account_shelves(*names: str) -> Iterator[None]:
    """Let these, and one that needs no credential, be the platforms that there are."""
    made: dict[str, Any] = {name: type(name.title(), (AccountShelf,), {"name": name})() for name in names}
    made["free"] = FreeShelf()
    with patch.object(registry, "platforms", lambda: registry.Platforms((), made.values())):
        yield


def load(folder: Path, platforms: Mapping[str, Mapping[str, Any]], env_file: Path | None = None, **more: Any) -> Loaded:
    """A project with these platforms; `more` is its environment."""
    write_project(folder, platforms)
    environ = {"DEPLOYFORGE_KEYRING": "off", **more}
    return registry.load(folder / "deployforge.yml", environ=environ, env_file=env_file)


class Drawer(Keyring):
    """A keyring in memory."""

    def __init__(self, **entries: str) -> None:
        super().__init__()
        self.entries = dict(entries)

    def get(self, entry: str) -> str | None:
        return self.entries.get(entry)

    def set(self, entry: str, secret: str) -> None:
        self.entries[entry] = secret

    def delete(self, entry: str) -> bool:
        return self.entries.pop(entry, None) is not None
