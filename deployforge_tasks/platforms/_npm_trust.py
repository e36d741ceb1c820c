"""npm's trusted publishing: https://docs.npmjs.com/trusted-publishers and ``lib/utils/oidc.js`` of npm/cli."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from deployforge_tasks.core.endpoints import NPM_WEB
from deployforge_tasks.platforms._npm_names import NpmOptions, escaped
from deployforge_tasks.platforms._trusted import trade
from deployforge_tasks.platforms.base import Job


def token(job: Job[NpmOptions], identity: Callable[[str], str], package: str) -> str | None:
    """A token that publishes this one package; None where the registry does not trade.

    Raises:
        CredentialError: the package is not there yet or has no such publisher, or the job has no identity.
    """
    registry = job.options.registry.rstrip("/")
    jwt = identity(f"npm:{urlsplit(registry).netloc}")
    url = f"{registry}/-/npm/v1/oidc/token/exchange/package/{escaped(package)}"
    hint = (
        f"add this repository and its workflow file as a trusted publisher at {NPM_WEB}/package/{package}/access, "
        "with `npm publish` allowed; npm wants the package there first, so publish its first version with NPM_TOKEN"
    )
    headers = {"Authorization": f"Bearer {jwt}"}
    return trade(job, f"npm ({package})", url, hint, absent="OIDC", headers=headers)
