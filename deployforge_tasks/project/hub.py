"""The release hub: the GitHub release that the release files come from, or that packages point at."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import ArtifactError, ConfigError, NetworkError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import Http
from deployforge_tasks.project.naming import Naming, fill
from deployforge_tasks.project.problems import did_you_mean
from deployforge_tasks.project.strict import Options

_SHA256 = re.compile(r"sha256:([0-9a-f]{64})")


@dataclass(frozen=True)
class Asset:
    """A file of a release: where to download it with which headers, and the digest that the host tells (hex)."""

    name: str
    url: str
    headers: Mapping[str, str]
    sha256: str | None


class Hub:
    """One release of a repository.

    Args:
        naming: names of the version.
        options: the platforms' options; those of ``github`` say where its API and its pages are.
        token: for private repositories.
    """

    def __init__(self, naming: Naming, options: Mapping[str, Options], http: Http, token: str | None = None) -> None:
        github = options.get("github")
        self._api = str(getattr(github, "api", None) or endpoints.GITHUB_API).rstrip("/")
        self._web = str(getattr(github, "web", None) or endpoints.GITHUB_WEB).rstrip("/")
        self._repo: str | None = getattr(github, "repo", None) or naming.project.source.repo
        pattern: str | None = getattr(github, "tag", None)
        names = {"version": str(naming.version), "name": naming.project.name}
        self.tag = fill(pattern, names, "platforms.github.tag") if pattern else naming.tag
        self._naming = naming
        self._http = http
        self._token = token
        if token:
            redactor.add(token)
        self._lock = threading.Lock()
        self._known: dict[str, Asset] | None = None

    @property
    def has_repo(self) -> bool:
        return bool(self._repo)

    @property
    def repo(self) -> str:
        """``owner/name``.

        Raises:
            ConfigError: nobody says which.
        """
        if not self._repo:
            raise ConfigError("no repository is named", hint="add `source: {repo: owner/name}`", code="DF1007")
        return self._repo

    def download_url(self, name: str) -> str:
        """Where users download a file of the release."""
        return f"{self._web}/{self.repo}/releases/download/{quote(self.tag, safe='')}/{quote(name)}"

    def find(self, name: str) -> Asset:
        """A file of the release.

        Raises:
            ArtifactError: there is no such release or file.
            NetworkError: the host gives no clear answer.
        """
        assets = self.assets()
        if name not in assets:
            raise ArtifactError(
                f"the release {self.tag} of {self.repo} has no file {name}",
                hint=f"correct `artifacts.asset`: {did_you_mean(name, assets) or 'the release has no files'}",
                code="DF3102",
            )
        return assets[name]

    def assets(self) -> dict[str, Asset]:
        """All files of the release by name (asked for once)."""
        with self._lock:
            if self._known is None:
                self._known = self._read()
            return self._known

    def _read(self) -> dict[str, Asset]:
        # https://docs.github.com/en/rest/releases/releases#get-a-release-by-tag-name
        url = f"{self._api}/repos/{self.repo}/releases/tags/{quote(self.tag, safe='')}"
        release = self._http.json(url, ok=(200, 404), headers=self._headers("application/vnd.github+json"))
        if release is None:
            hint = "publish it first, or let a profile take the files from a folder (`artifacts: {from: directory}`)"
            hint += "" if self._token else "; a private repository needs GITHUB_TOKEN"
            raise ArtifactError(f"{self.repo} has no release {self.tag}", hint=hint, code="DF3103")
        if not isinstance(release, dict) or not isinstance(release.get("assets"), list):
            raise NetworkError("the answer is no release", hint="is platforms.github.api right?", url=url)
        if release.get("prerelease") and self._naming.project.artifacts.prerelease == "refused":
            raise ArtifactError(
                f"{self.tag} is marked as a pre-release", hint="`artifacts.prerelease: allowed` takes it", code="DF3104"
            )
        found = [self._asset(asset) for asset in release["assets"] if asset.get("state", "uploaded") == "uploaded"]
        return {asset.name: asset for asset in found}

    def _asset(self, data: Mapping[str, Any]) -> Asset:
        digest = _SHA256.fullmatch(str(data.get("digest") or ""))
        sha256 = digest[1] if digest else None
        name = str(data["name"])
        if self._token:  # works for private repositories, too
            return Asset(name, str(data["url"]), self._headers("application/octet-stream"), sha256)
        return Asset(name, str(data["browser_download_url"]), {}, sha256)

    def _headers(self, accept: str) -> dict[str, str]:
        headers = {"Accept": accept, "X-GitHub-Api-Version": "2022-11-28"}
        return {**headers, "Authorization": f"Bearer {self._token}"} if self._token else headers
