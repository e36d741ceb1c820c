"""The newest release as GitHub's API tells it."""

from __future__ import annotations

from typing import Any

from deployforge_tasks.core.errors import DeployForgeError
from deployforge_tasks.discovery.detectors.release_json import of
from deployforge_tasks.discovery.findings import Findings, Trouble
from deployforge_tasks.effects.http import Http


def newest(http: Http, api: str, repo: str, token: str | None = None) -> Findings:
    """Look at the newest release, a pre-release where there is nothing else.

    https://docs.github.com/rest/releases/releases: ``/releases/latest`` leaves pre-releases and drafts out.
    """
    headers = {"Accept": "application/vnd.github+json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    try:
        answer: Any = _json(http, f"{api}/repos/{repo}/releases/latest", headers)
        if answer is None:
            answer = _json(http, f"{api}/repos/{repo}/releases?per_page=1", headers)
    except DeployForgeError as error:
        return Findings(troubles=(Trouble("GitHub", f"could not be asked for the newest release: {error.message}"),))
    release = of(answer, "GitHub")
    if release is None:
        return Findings(troubles=(Trouble("GitHub", f"{repo} has no release with files yet"),))
    return Findings(releases=(release,))


def _json(http: Http, url: str, headers: dict[str, str]) -> Any:
    response = http.get(url, ok=(200, 404), headers=headers)
    return None if response.status_code == 404 else response.json()
