"""Setting up credentials: what is needed and where to get it, trying it, and keeping it where the look-up finds it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deployforge_tasks.core.endpoints import GITHUB_WEB
from deployforge_tasks.core.errors import ConfigError, CredentialError
from deployforge_tasks.core.model import Credential, Found, Identity
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.operations.accounts import MISSING_CODE, account_job, looking

if TYPE_CHECKING:
    from deployforge_tasks.effects.keyring import Keyring
    from deployforge_tasks.project.load import Loaded
    from deployforge_tasks.project.secrets import Vault

KEYRING, ENV_FILE, PRINT = "keyring", "env-file", "print"
DEFAULT_FILE = ".env"


@dataclass(frozen=True)
class Need:
    """A credential of a platform that login may set up.

    `credential` has the variables that the project looks at; `found` tells where it is already ("" if nowhere).
    """

    platform: str
    title: str
    credential: Credential
    found: str = ""

    @property
    def variable(self) -> str:
        """The variable to set: the first one that is looked at."""
        return self.credential.env[0] if self.credential.env else ""


@dataclass(frozen=True)
class Tried:
    """What a platform said to a credential: who it is; `note` where it cannot tell."""

    identity: Identity | None = None
    note: str = ""


@dataclass(frozen=True)
class Kept:
    """Where a credential is kept now: `place` is ``keyring env-file print``, `where` tells people, `todo` what is left.

    `git` is the state of an env-file: ``ignored tracked open`` or ``no checkout``.
    """

    place: str
    where: str
    todo: tuple[str, ...] = ()
    git: str = ""


def needs(loaded: Loaded, platform: str, vault: Vault | None = None) -> list[Need]:
    """The credentials that a platform takes, the required ones first, with where each is already."""
    from deployforge_tasks.platforms.registry import platforms
    from deployforge_tasks.project.secrets import Vault

    kind, vault = platforms()[platform], vault or Vault(loaded)
    credentials = vault.credentials(platform, kind.credentials)
    given = vault.given(credentials)
    found = []
    for credential in sorted(credentials, key=lambda c: not c.required):
        known = given.get(credential.name)
        if known is None and (credential.required or credential.name in vault.kept(platform)):
            known = vault.stored(platform, credential)
        found.append(Need(platform, kind.title, credential, known.source if known else ""))
    return found


def lacking(loaded: Loaded) -> list[str]:
    """The enabled platforms that lack a required credential, in the order of ``deployforge.yml``."""
    from deployforge_tasks.project.secrets import Vault

    names, vault = [name for name, options in loaded.options.items() if options.enabled], Vault(loaded)
    return [n for n in names if any(need.credential.required and not need.found for need in needs(loaded, n, vault))]


def try_credentials(loaded: Loaded, platform: str, values: Mapping[str, str]) -> Tried:
    """Ask the platform who these credentials are. Nothing is stored, and nothing is published.

    Args:
        values: by the credential's name; others are looked up as always.

    Raises:
        CredentialError: the platform refuses them.
        NetworkError: it gives no usable answer.
    """
    from deployforge_tasks.project.secrets import ENTERED

    with looking(loaded, "login") as context:
        job = account_job(context, platform, {name: Found(value, ENTERED) for name, value in values.items()})
        try:
            identity = context.platforms[platform].whoami(job)
        except NotImplementedError:
            return Tried(note=f"{context.platforms[platform].title} has no way to try it: a preflight will")
        except CredentialError as error:
            if error.code == MISSING_CODE:
                return Tried(note=f"it can be tried only with the others: {error.message}")
            raise
        now = context.clock.now()
    if identity.expires and identity.expires <= now:
        raise CredentialError(
            f"{identity.who}: it expired on {identity.expires:%Y-%m-%d}", hint="make a new one", code="DF2034"
        )
    return Tried(identity)


def remember(loaded: Loaded, platform: str, trial: Tried) -> None:
    """Remember when a credential that was stored ends."""
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.project.remembered import Remembered

    expires = trial.identity.expires if trial.identity else None
    Remembered(loaded.root, loaded.profile).saw(platform, expires, Clock().now())


def keep_in_keyring(
    loaded: Loaded, platform: str, values: Mapping[str, str], *, shared: bool = False, keyring: Keyring | None = None
) -> Kept:
    """Store credentials in the system keyring, for this project or (`shared`) for all.

    Raises:
        CredentialError: there is no keyring, or it cannot be used, or it is switched off.
    """
    from deployforge_tasks.effects.keyring import SWITCH, is_wanted
    from deployforge_tasks.effects.keyring import Keyring as SystemKeyring
    from deployforge_tasks.project.remembered import Remembered
    from deployforge_tasks.project.secrets import SHARED, entry

    if not is_wanted(loaded.environ):
        raise CredentialError(
            "the system keyring is not asked here, so that nothing is put into it",
            hint=f"it is left alone in CI and with {SWITCH}=off; choose another place with --store",
            code="DF2033",
        )
    ring, memory = keyring or SystemKeyring(), Remembered(loaded.root, loaded.profile)
    owner = SHARED if shared else loaded.project.name
    for name, value in values.items():
        ring.set(entry(owner, platform, name), value)
        memory.stored(platform, name, there=True)
    entries = ", ".join(entry(owner, platform, name) for name in values)
    return Kept(KEYRING, f"the system keyring as {entries}")


def env_file_of(loaded: Loaded) -> Path:
    """The env-file that login writes: the one in use, else ``.env`` in the project's folder."""
    return loaded.env_file or loaded.root / DEFAULT_FILE


def keep_in_env_file(loaded: Loaded, platform: str, values: Mapping[str, str]) -> Kept:
    """Write credentials into an env-file that only its owner can read.

    Raises:
        CredentialError: git has the file, so that everybody gets what stands in it.
        ConfigError: it cannot be written, or a value does not fit into it.
    """
    from deployforge_tasks.effects import env_file, gitignore
    from deployforge_tasks.effects.process import Processes

    file = env_file_of(loaded)
    state = gitignore.state(file, Processes())
    if state == gitignore.TRACKED:
        raise CredentialError(
            f"{file.name} is in git, so that a secret in it would be public",
            hint=f"take it out with `git rm --cached {file.name}`, or name another file with --env-file",
            code="DF2052",
        )
    variables = {need.credential.name: need.variable for need in needs(loaded, platform)}
    env_file.write(file, {_variable(variables, platform, name): value for name, value in values.items()})
    in_use = loaded.env_file is not None
    todo = () if in_use else (f"it is read with `--env-file {file.name}` or DEPLOYFORGE_ENV_FILE={file.name}",)
    return Kept(ENV_FILE, f"{file.name} ({', '.join(variables[name] for name in values)})", todo, state)


def ignore_env_file(loaded: Loaded) -> Path:
    """Keep the env-file out of git; the ``.gitignore`` that was changed."""
    from deployforge_tasks.effects.gitignore import ignore

    return ignore(env_file_of(loaded))


def ci_secrets(loaded: Loaded, platform: str, names: Sequence[str]) -> Kept:
    """How to give the credentials to a CI service; the values are never shown."""
    variables = [n.variable or n.credential.name.upper() for n in needs(loaded, platform) if n.credential.name in names]
    repo, todo = loaded.project.source.repo, list[str]()
    if (loaded.root / ".gitlab-ci.yml").exists():
        todo += [f"GitLab: Settings > CI/CD > Variables: add {v}, masked and protected" for v in variables]
    else:
        where = f" --repo {repo}" if repo else ""
        todo += [f"gh secret set {variable}{where}   (it asks for the value)" for variable in variables]
        if repo:
            todo.append(f"or on {GITHUB_WEB}/{repo}/settings/secrets/actions")
        todo += [f"in the workflow: env: {{{v}: ${{{{ secrets.{v} }}}}}}" for v in variables]
    return Kept(PRINT, "", tuple(todo))


def mask(need: Need, value: str) -> None:
    """Mask what was typed in, from now on."""
    if need.credential.secret:
        redactor.add(value)


def _variable(variables: Mapping[str, str], platform: str, name: str) -> str:
    variable = variables.get(name, "")
    if not variable:
        raise ConfigError(
            f"the {name} of {platform} has no variable",
            hint=f"name one: `credentials: {{{platform}: {{{name}: MY_VARIABLE}}}}`",
            code="DF2053",
        )
    return variable
