"""One login: asking, trying and keeping, with a person or without one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import click

from deployforge_tasks.cli import login_questions as questions
from deployforge_tasks.cli.failures import error_lines
from deployforge_tasks.cli.usage import Misused, unknown
from deployforge_tasks.core.errors import CredentialError, DeployForgeError, NetworkError

if TYPE_CHECKING:
    from deployforge_tasks.cli.invocation import Invocation
    from deployforge_tasks.operations.login import Kept, Need, Tried
    from deployforge_tasks.project.load import Loaded

PLACES = ("keyring", "env-file", "print")


@dataclass(frozen=True)
class Options:
    """What the command line says about one login."""

    credential: str
    store: str
    shared: bool
    untested: bool


@dataclass(frozen=True)
class Outcome:
    """How one login ended: `kept` is None when nothing was stored."""

    platform: str
    values: tuple[str, ...] = ()
    trial: Tried | None = None
    kept: Kept | None = None


class Dialog:
    """Logs in to the platforms of one project, as the command line says."""

    def __init__(self, invocation: Invocation, loaded: Loaded, options: Options) -> None:
        self._invocation = invocation
        self._loaded = loaded
        self._options = options
        self._terminal = invocation.terminal

    def given(self, name: str, value: str) -> Outcome:
        """A login with a value that is there already: a person is only asked where to keep it.

        Raises:
            CredentialError: the platform refuses it; nothing was stored.
        """
        from deployforge_tasks.operations.login import mask, needs, try_credentials

        need = _chosen(needs(self._loaded, name), self._options.credential, name)
        mask(need, value)
        values = {need.credential.name: value}
        trial = None if self._options.untested else try_credentials(self._loaded, name, values)
        self._tell(trial)
        return self._keep(name, values, trial)

    def guided(self, name: str) -> Outcome:
        """Tell what is needed, ask for it, try it, ask again when it is refused, and keep it."""
        from deployforge_tasks.operations.login import needs

        wanted = needs(self._loaded, name)
        if self._options.credential:
            wanted = [_chosen(wanted, self._options.credential, name)]
        self._terminal.err(self._terminal.err_style(wanted[0].title if wanted else name, "bold"))
        questions.explain(self._invocation, wanted)
        while True:
            values = questions.ask(wanted)
            if not values:
                return Outcome(name)
            try:
                trial = self._try(name, values)
            except CredentialError as error:
                self._show(error)
                self._terminal.err("nothing was stored")
                if not click.confirm("try another one?", default=True, err=True):
                    return Outcome(name)
                continue
            self._tell_what_wins(wanted)
            return self._keep(name, values, trial)

    def _try(self, name: str, values: Mapping[str, str]) -> Tried | None:
        from deployforge_tasks.operations.login import try_credentials

        if self._options.untested:
            return None
        try:
            trial = try_credentials(self._loaded, name, values)
        except NetworkError as error:
            self._show(error)
            if click.confirm("it could not be tried; store it all the same?", default=False, err=True):
                return None
            raise
        self._tell(trial)
        return trial

    def _tell(self, trial: Tried | None) -> None:
        if trial is not None:
            symbol = "✓" if trial.identity else "?"
            self._invocation.note(f"{self._terminal.err_style(symbol, 'ok')} {said(trial)}")

    def _tell_what_wins(self, needs: list[Need]) -> None:
        """What stands in the environment comes before anything that is stored."""
        for need in needs:
            if need.found.startswith(("env ", "env-file ")):
                self._terminal.err(f"note: {need.found} comes first as long as it is set")

    def _keep(self, name: str, values: Mapping[str, str], trial: Tried | None) -> Outcome:
        """Keep the credentials; a person is asked for another place when one does not work."""
        from deployforge_tasks.operations import login

        chosen, asking = self._options.store, self._invocation.interactive
        store = chosen or (self._ask_place() if asking else login.KEYRING)
        while True:
            try:
                kept = self._put(name, values, store)
                break
            except DeployForgeError as error:
                if chosen or not asking:
                    raise
                self._show(error)
                store = questions.place(login.ENV_FILE, [place for place in PLACES if place != store])
        if kept.git == "open":
            kept = self._out_of_git(kept)
        if trial and kept.place != login.PRINT:
            login.remember(self._loaded, name, trial)
        return Outcome(name, tuple(values), trial, kept)

    def _put(self, name: str, values: Mapping[str, str], store: str) -> Kept:
        from deployforge_tasks.operations import login

        if store == login.KEYRING:
            return login.keep_in_keyring(self._loaded, name, values, shared=self._options.shared)
        if store == login.ENV_FILE:
            return login.keep_in_env_file(self._loaded, name, values)
        return login.ci_secrets(self._loaded, name, list(values))

    def _ask_place(self) -> str:
        from deployforge_tasks.effects.keyring import is_wanted

        choices = PLACES if is_wanted(self._loaded.environ) else PLACES[1:]
        return questions.place(choices[0], choices)

    def _out_of_git(self, kept: Kept) -> Kept:
        """Keep the env-file out of git, if the user agrees."""
        from deployforge_tasks.operations.login import env_file_of, ignore_env_file

        name = env_file_of(self._loaded).name
        question = f"git does not ignore {name}; add it to .gitignore?"
        if self._invocation.yes or (self._invocation.interactive and click.confirm(question, default=True, err=True)):
            ignore_env_file(self._loaded)
            return replace(kept, git="ignored")
        return replace(kept, todo=(*kept.todo, f"{name} is not ignored by git: add it to .gitignore"))

    def _show(self, error: DeployForgeError) -> None:
        for line in error_lines(self._invocation, error):
            self._terminal.err(line)


def said(trial: Tried) -> str:
    """What a platform said to a credential, on one line."""
    if trial.identity is None:
        return trial.note
    identity = trial.identity
    ends = f"ends {identity.expires:%Y-%m-%d}" if identity.expires else ""
    return " · ".join(filter(None, [identity.who, ", ".join(identity.may), ends, identity.note]))


def _chosen(needs: list[Need], wanted: str, platform: str) -> Need:
    """The credential that a single value is for: the one that is named, or the only secret that is required."""
    by_name = {need.credential.name: need for need in needs}
    if wanted and wanted not in by_name:
        raise unknown("credential", wanted, by_name)
    secret = [n for n in needs if n.credential.secret and n.credential.required] or needs
    if not wanted and len(secret) != 1:
        raise Misused(f"{platform} has {len(needs)} credentials", f"add --credential {'|'.join(by_name) or 'NAME'}")
    return by_name[wanted] if wanted else secret[0]
