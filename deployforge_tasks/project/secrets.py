"""Where credentials are found: environment, env-file, system keyring; for one platform at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Credential, Found
from deployforge_tasks.effects.keyring import Keyring, is_wanted
from deployforge_tasks.project.remembered import Remembered
from deployforge_tasks.project.schema import Project

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded

KEYRING = "keyring"
#: The source of what somebody gave to `login`: nothing keeps it yet.
ENTERED = "login"
#: Stands for the project in entries of the keyring that hold for all projects.
SHARED = "*"


def variables(project: Project, platform: str, credential: Credential) -> tuple[str, ...]:
    """The variables looked at for a credential, first one wins.

    ``credentials:`` names one or several by the credential's own name or by one of its usual variables
    (``{npm: {NODE_AUTH_TOKEN: MY_TOKEN}}``); then nothing else is looked at.
    """
    named = project.credentials.get(platform, {})
    for name in (credential.name, *credential.env):
        if name in named:
            return as_names(named[name])
    return credential.env


def as_names(named: str | Sequence[str]) -> tuple[str, ...]:
    """The variables that one line of ``credentials:`` names."""
    return (named,) if isinstance(named, str) else tuple(named)


def as_named(project: Project, platform: str, credentials: Sequence[Credential]) -> list[Credential]:
    """The credentials with the variables that the project looks at."""
    return [replace(c, env=variables(project, platform, c)) for c in credentials]


def in_environment(credential: Credential, environ: Mapping[str, str], from_file: frozenset[str]) -> list[str]:
    """The variables of a credential that are set, the one that counts first: the environment before the env-file."""
    return sorted((name for name in credential.env if environ.get(name)), key=lambda name: name in from_file)


def conflicts(
    credentials: Sequence[Credential], environ: Mapping[str, str], from_file: frozenset[str]
) -> Iterator[tuple[Credential, str, str]]:
    """Credentials that two variables give different values: with the variable that is used and the other one.

    What is neither a secret nor required may well be set twice: GitHub Actions sets the name of an account everywhere.
    """
    for credential in credentials:
        used, *others = in_environment(credential, environ, from_file) or [""]
        other = next((name for name in others if environ[name] != environ[used]), None)
        if other and (credential.secret or credential.required):
            yield credential, used, other


def entry(project: str, platform: str, credential: str) -> str:
    """The keyring's name for a credential; `project` may be `SHARED`."""
    return f"{project}/{platform}/{credential}"


class Vault:
    """The credentials of one project (thread-safe; each is looked up once).

    The keyring is slow to come up, and may ask a person to unlock it: it is asked for what the environment and the
    env-file lack and a platform needs, and never again after it failed.

    Args:
        loaded: the project and its environment.
        keyring: asked last, unless ``DEPLOYFORGE_KEYRING`` or a CI service says no.
        warn: hears why the keyring cannot be used.
    """

    def __init__(self, loaded: Loaded, keyring: Keyring | None = None, warn: Callable[[str], None] | None = None):
        self._loaded = loaded
        self._keyring = keyring or Keyring()
        self._warn = warn
        self._memory = Remembered(loaded.root, loaded.profile)
        self._lock = threading.Lock()
        self._asked: dict[str, Found | None] = {}
        self.failure: CredentialError | None = None
        """Why the keyring cannot be used."""

    def credentials(self, platform: str, credentials: Sequence[Credential]) -> list[Credential]:
        """The credentials with the variables that the project looks at."""
        return as_named(self._loaded.project, platform, credentials)

    def given(self, credentials: Sequence[Credential]) -> dict[str, Found]:
        """Those that the environment or the env-file has, by the credential's name."""
        return {c.name: found for c in credentials if (found := self._given(c)) is not None}

    def kept(self, platform: str) -> tuple[str, ...]:
        """The credentials that `login` put into the keyring."""
        return self._memory.kept(platform)

    def stored(self, platform: str, credential: Credential) -> Found | None:
        """A credential from the keyring: this project's own, or the one for all projects."""
        key = f"{platform}/{credential.name}"
        with self._lock:
            if key not in self._asked:
                self._asked[key] = self._ask(platform, credential)
            return self._asked[key]

    def _given(self, credential: Credential) -> Found | None:
        environ, from_file = self._loaded.environ, self._loaded.from_file
        name = next(iter(in_environment(credential, environ, from_file)), None)
        if name is None:
            return None
        file = self._loaded.env_file
        source = f"env-file {file.name if file else ''}" if name in from_file else f"env {name}"
        return Found(environ[name], source)

    def _ask(self, platform: str, credential: Credential) -> Found | None:
        if self.failure is not None or not is_wanted(self._loaded.environ):
            return None
        try:
            for owner in (self._loaded.project.name, SHARED):
                value = self._keyring.get(entry(owner, platform, credential.name))
                if value:
                    return Found(value, KEYRING)
        except CredentialError as error:
            self.failure = error
            if self._warn:
                self._warn(f"{error.message}; {error.hint}")
        return None
