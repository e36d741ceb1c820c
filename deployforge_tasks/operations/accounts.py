"""What looking at credentials needs: a run that nobody waits for long, also before there is a version."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployforge_tasks.core.model import Found
    from deployforge_tasks.graph.context import RunContext
    from deployforge_tasks.platforms.base import Job
    from deployforge_tasks.project.load import Loaded

_PATIENCE = 3.0
_TIMEOUT = 10.0
#: Stands for the version where there is none yet: no platform is asked about it.
_NO_VERSION = "0.0.0"
STAGE = "whoami"
#: The code of the error for a credential that is not set.
MISSING_CODE = "DF2001"


def endings(loaded: Loaded, platforms: Iterable[str]) -> list[str]:
    """What is worth saying about the ends of these platforms' credentials, without asking anybody.

    It is what `whoami` and `login` were told last; nothing is known of a credential that they never saw.
    """
    from deployforge_tasks.effects.clock import Clock
    from deployforge_tasks.project.remembered import Remembered

    return Remembered(loaded.root, loaded.profile).endings(platforms, Clock().now())


@contextmanager
def looking(loaded: Loaded, command: str) -> Iterator[RunContext]:
    """A run that asks platforms who we are; reads are tried for some seconds only.

    Raises:
        ConfigError: the ledger cannot be opened.
    """
    from deployforge_tasks.core.versions import Version
    from deployforge_tasks.graph.context import RunContext

    conditions = loaded.project.conditions
    quick = {
        "read_patience": min(conditions.read_patience, _PATIENCE),
        "timeout": min(conditions.timeout, _TIMEOUT),
    }
    project = loaded.project.model_copy(update={"conditions": conditions.model_copy(update=quick)})
    version = loaded.version or Version.parse(_NO_VERSION)
    context = RunContext(replace(loaded, project=project, version=version), command=command)
    try:
        context.open()
        yield context
    finally:
        context.close()


def account_job(context: RunContext, name: str, given: Mapping[str, Found] | None = None) -> Job[Any]:
    """A platform's job with the credentials that are found; those in `given` come first, and nothing is traded then."""
    from deployforge_tasks.graph.jobs import make_job
    from deployforge_tasks.platforms.base import Secrets

    job = make_job(context, name, STAGE)
    if given is None:
        return job
    vault = context.vault
    credentials = vault.credentials(name, context.platforms[name].credentials)
    secrets = Secrets(
        name,
        {**vault.given(credentials), **given},
        credentials,
        find=lambda credential, _: vault.stored(name, credential),
        sought=vault.kept(name),
    )
    return replace(job, secrets=secrets)
