"""Which environment variable holds a credential, and its value: for one platform at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from deployforge_tasks.core.model import Credential
from deployforge_tasks.project.schema import Project


def variables(project: Project, platform: str, credential: Credential) -> tuple[str, ...]:
    """The variables looked at for a credential, first one wins.

    ``credentials:`` names one by the credential's own name or by one of its usual variables
    (``{npm: {NODE_AUTH_TOKEN: MY_TOKEN}}``); then nothing else is looked at.
    """
    named = project.credentials.get(platform, {})
    for name in (credential.name, *credential.env):
        if name in named:
            return (named[name],)
    return credential.env


def secrets_for(
    project: Project, platform: str, credentials: Sequence[Credential], environ: Mapping[str, str]
) -> dict[str, str]:
    """The secrets of one platform that are set, by the credential's name.

    Args:
        project: names other variables than the usual ones.
        platform: the platform's name.
        credentials: what the platform needs.
        environ: the only place secrets are read from (`Loaded.environ`).
    """
    found: dict[str, str] = {}
    for credential in credentials:
        values = (environ.get(name, "") for name in variables(project, platform, credential))
        value = next(filter(None, values), "")
        if value:
            found[credential.name] = value
    return found
