"""Uploading one file to PyPI: twine reads the package and makes the form, one request carries it.

twine's own `Repository.upload` tries again by itself after a server error and prints; here a failed upload is looked
up before anything is tried again. https://docs.pypi.org/api/upload/.
"""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import CredentialError, PreflightError, PublishError, StatusError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.http import Http

Form = list[tuple[str, Any]]


def read_form(path: Path) -> Form:
    """The fields that describe a wheel or source package, as indexes want them.

    Raises:
        PreflightError: its metadata is not valid.
    """
    from twine.exceptions import InvalidDistribution
    from twine.package import PackageFile

    try:
        fields = PackageFile.from_filename(str(path), None).metadata_dictionary()
    except InvalidDistribution as error:
        raise PreflightError(
            f"{path.name} is not a valid package: {error}",
            hint="look at licence (an SPDX expression), links and requires_python in deployforge.yml",
            code="DF3215",
        ) from error
    form: Form = [(":action", "file_upload"), ("protocol_version", "1")]
    for name, value in fields.items():
        form += [(name, text) for text in _texts(name, value)]
    return form


def _texts(name: str, value: Any) -> list[str]:
    if name == "project_urls":
        return [f"{label}, {url}" for label, url in value.items()]
    if name == "keywords":
        return [",".join(value)]
    return [value] if isinstance(value, str) else list(value)


def upload(http: Http, url: str, path: Path, *, username: str, password: str) -> None:
    """Upload one file.

    Raises:
        CredentialError: the index does not accept the credential for this project.
        PublishError: it never accepts this file.
        StatusError, NetworkError: it did not accept it now, or its answer was lost.
    """
    redactor.add(password, user=username)
    form = read_form(path)
    with path.open("rb") as file:
        content = {"content": (path.name, file, "application/octet-stream")}
        try:
            http.send("POST", url, data=form, files=content, auth=(username, password), allow_redirects=False)
        except StatusError as error:
            raise _explained(error, path.name) from error


def _explained(error: StatusError, name: str) -> Exception:
    says = _plain(error.body)
    if error.status in (401, 403):
        return CredentialError(
            f"the index refuses {name}: {says[:200]}",
            hint="the token must be valid and allowed to upload to this project",
            code="DF2003",
            url=error.url,
        )
    if "older than 14 days" in says:
        return PublishError(
            f"{name} came too late: the release is older than 14 days",
            hint="publish a new version (a post-release, for example) with all wheels",
            code="DF4210",
            url=error.url,
        )
    if "previously used by a file that has since been deleted" in says:
        return PublishError(
            f"{name} was deleted from the index, and its name is never free again",
            hint="raise the version",
            code="DF4211",
            url=error.url,
        )
    error.message = f"the index refuses {name} with status {error.status}: {says[:200] or 'no reason given'}"
    return error


def _plain(body: str) -> str:
    """What a page says; indexes put the reason into its title."""
    title = re.search(r"<title>(.*?)</title>", body, re.IGNORECASE | re.DOTALL)
    return " ".join(html.unescape(title[1] if title else body).split())
