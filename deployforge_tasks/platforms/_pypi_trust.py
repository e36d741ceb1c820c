"""PyPI's trusted publishing: https://docs.pypi.org/trusted-publishers/using-a-publisher/ (the manual way)."""

from __future__ import annotations

from collections.abc import Callable

from deployforge_tasks.core.endpoints import PYPI_INDEX
from deployforge_tasks.platforms._pypi_package import PypiOptions, index_url, package_name
from deployforge_tasks.platforms._trusted import trade
from deployforge_tasks.platforms._wheel import normalized
from deployforge_tasks.platforms.base import Job


def token(job: Job[PypiOptions], identity: Callable[[str], str]) -> str | None:
    """A token that uploads to the project for 15 minutes; None where the index does not trade.

    Raises:
        CredentialError: the project has no such publisher, or the job no identity.
    """
    index = index_url(job.options).rstrip("/")
    answer = job.http.json(f"{index}/_/oidc/audience", ok=(200, 404))
    if not isinstance(answer, dict) or not answer.get("audience"):
        return None
    jwt = identity(str(answer["audience"]))
    return trade(job, "PyPI", f"{index}/_/oidc/mint-token", _hint(job), absent="errors", json={"token": jwt})


def _hint(job: Job[PypiOptions]) -> str:
    page = f"{PYPI_INDEX}/manage/project/{normalized(package_name(job))}/settings/publishing/"
    return (
        f"add this repository, its workflow file and its environment as a trusted publisher at {page} "
        f"(a new project: at {PYPI_INDEX}/manage/account/publishing/), or set PYPI_TOKEN"
    )
