"""What went wrong between git and a remote, read from what git printed (always in English: ``LC_ALL=C``).

Anything that is not known to be a refusal counts as "no usable answer": it says nothing about what the other side did.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, NetworkError, PublishError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.process import Completed


class MovedError(NetworkError):
    """Somebody else pushed in between: nothing was published, look again and apply the change again."""

    code = "DF4510"


def git_error(done: Completed, url: str) -> DeployForgeError:
    """The error for a git call that failed."""
    text = f"{done.stdout}\n{done.stderr}"
    place, said = redactor.text(url), _said(done)
    for pattern, make in _MEANINGS:
        if pattern.search(text):
            return make(place, said)
    return NetworkError(
        f"git got no usable answer from {place}: {said}",
        hint="check the network and run again; what was pushed is looked up first",
        url=place,
    )


def _wrong_host(place: str, _said: str) -> DeployForgeError:
    return CredentialError(
        f"the host key of {place} is not the expected one",
        hint="compare it with the one that the server's owner publishes, then set `host_key`",
        code="DF2012",
        url=place,
    )


def _maintenance(place: str, said: str) -> DeployForgeError:
    return NetworkError(f"{place} is down for maintenance: {said}", hint="run again later", url=place)


def _moved(place: str, _said: str) -> DeployForgeError:
    return MovedError(
        f"{place} moved on during the push", hint="run again; the change is made again on top of the new one", url=place
    )


def _declined(place: str, said: str) -> DeployForgeError:
    return PublishError(f"{place} declined the push: {said}", hint="the server says what it wants changed", url=place)


def _refused(place: str, said: str) -> DeployForgeError:
    return CredentialError(
        f"{place} refused the credential: {said}",
        hint="check that the token or key is right and may write to the repository",
        code="DF2010",
        url=place,
    )


def _not_there(place: str, _said: str) -> DeployForgeError:
    return PublishError(
        f"{place} is not there, or the credential may not see it",
        hint="create the repository, or correct its name",
        code="DF4020",
        url=place,
    )


#: What git's words mean; the first that matches counts.
_MEANINGS: tuple[tuple[re.Pattern[str], Callable[[str, str], DeployForgeError]], ...] = (
    (re.compile(r"Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED|host key is known"), _wrong_host),
    (re.compile(r"down due to maintenance", re.IGNORECASE), _maintenance),
    (
        re.compile(
            r"\[rejected\]|fetch first|non-fast-forward|cannot lock ref|failed to update ref|incorrect old value",
            re.IGNORECASE,
        ),
        _moved,
    ),
    (re.compile(r"\[remote rejected\]|hook declined"), _declined),
    (
        re.compile(
            r"Authentication failed|could not read (Username|Password)|Permission denied|returned error: 40[13]\b"
            r"|Permission to .+ denied|invalid format|Load key|access denied",
            re.IGNORECASE,
        ),
        _refused,
    ),
    (re.compile(r"repository .* not found|does not appear to be a git repository", re.IGNORECASE), _not_there),
)


def _said(done: Completed) -> str:
    lines = [line.strip() for line in (done.stderr + "\n" + done.stdout).splitlines()]
    telling = [line for line in lines if re.match(r"(remote|fatal|error|!)", line)] or [line for line in lines if line]
    return " / ".join(telling[:4])[:400] or f"exit code {done.returncode}"
