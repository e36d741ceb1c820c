"""What goes into a Chocolatey package: the template's names, and the manifest read back for the checks."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.core.model import Artifact
from deployforge_tasks.effects.files import is_archive
from deployforge_tasks.platforms.base import Job


def zip_artifact(job: Job[Any]) -> Artifact:
    """The release file that the package downloads.

    Raises:
        PreflightError: there is none, or Chocolatey cannot unpack it.
    """
    if not job.artifacts:
        raise PreflightError(
            "there is no release file for windows/amd64",
            hint="add windows/amd64 to `artifacts.targets`, or disable chocolatey",
            code="DF3200",
        )
    artifact = job.artifacts[0]
    if is_archive(artifact.name) and not artifact.name.lower().endswith(".zip"):
        raise PreflightError(
            f"Chocolatey unpacks zip files, and {artifact.name} is none",
            hint="set `artifacts.ext.windows: zip`, or an empty extension for a bare executable",
            code="DF3201",
        )
    return artifact


def authors(job: Job[Any]) -> str:
    """Who made the program, without an e-mail address (rule CPMR0020)."""
    return job.project.author.name if job.project.author else job.project.name


def template_context(job: Job[Any], package_id: str, version: str) -> dict[str, Any]:
    """The names that the template uses."""
    artifact = zip_artifact(job)
    project, options = job.project, job.options
    repository = project.source_url
    description = job.description("chocolatey")
    return {
        "package_id": package_id,
        "version": version,
        "title": options.title or project.name,
        "authors": authors(job),
        "owners": authors(job),
        "description": description,
        "summary": project.summary or description[:200],
        "copyright": (project.author and project.author.copyright) or "",
        "tags": " ".join(k.replace(" ", "-") for k in project.keywords),
        "project_url": project.homepage or repository,
        "license_url": options.license_url or "",
        "icon_url": project.urls.icon or "",
        "docs_url": project.urls.docs or "",
        "bug_tracker_url": project.urls.issues or "",
        "project_source_url": repository,
        "package_source_url": options.package_source_url or repository,
        "release_notes": options.release_notes or project.urls.changelog or "",
        "require_license_acceptance": options.require_license_acceptance,
        "dependencies": [_dependency(text) for text in options.dependencies],
        "url64": artifact.url,
        "checksum64": artifact.sha256,
        "archive": is_archive(artifact.name),
        "executable": f"{job.binary}.exe",
    }


def _dependency(text: str) -> dict[str, str]:
    name, _, version = text.strip().partition(" ")
    return {"id": name, "version": version.strip()}


def nuspec_fields(text: str) -> dict[str, str]:
    """A manifest's fields by their names there (it may come from the user's own template)."""
    names = (
        "id", "version", "title", "authors", "owners", "description", "summary", "copyright", "tags", "projectUrl",
        "licenseUrl", "iconUrl", "requireLicenseAcceptance", "releaseNotes",
    )  # fmt: skip
    return {name: _element(text, name) for name in names}


def _element(text: str, name: str) -> str:
    match = re.search(rf"<{name}>(.*?)</{name}>", text, re.DOTALL)
    return unescape(match[1]) if match else ""
