"""What a GitHub release of a project looks like: its options, tag, files and texts."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any, Literal

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._github_api import Asset, Release, Repository
from deployforge_tasks.platforms.base import Job, Options

#: The publication itself: the step from a draft to a release that everybody sees.
RELEASE = "release"


class GitHubOptions(Options):
    """Options of the platform `github`."""

    repo: str | None = None
    """``owner/name``; by default `source.repo`."""
    tag: str | None = None
    """Pattern of the tag (`{version}`, `{name}`); by default `source.tag`."""
    commit: str | None = None
    """Branch or commit on which GitHub makes the tag, if there is none yet; by default `source.branch`."""
    title: str | None = None
    """Title of the release (`{version}`, `{name}`, `{tag}`); by default the tag."""
    notes: str | None = None
    """The release notes: a text, or the path of a file that holds them."""
    generate_notes: bool = False
    """Let GitHub write the notes from the merged pull requests (behind `notes`)."""
    prerelease: bool | None = None
    """By default, versions with a pre-release part are pre-releases."""
    draft: bool = False
    """Leave the complete release as a draft, for a person to publish."""
    make_latest: bool | Literal["auto"] = "auto"
    """Mark it as the latest release; `auto`: when no higher version is, and never a pre-release."""
    checksums: str | None = "checksums.txt"
    """Name of a file with the SHA-256 of every release file, added to the release; null for none."""
    overwrite_assets: Literal["never"] = "never"
    """Published files are never replaced; said here because other tools do."""
    api: str = endpoints.GITHUB_API
    """Base URL of the REST API."""
    uploads: str = endpoints.GITHUB_UPLOADS
    """Base URL for uploads."""
    web: str = endpoints.GITHUB_WEB
    """Base URL for people and downloads."""


GitHubJob = Job[GitHubOptions]


def repository(job: GitHubJob) -> Repository:
    """The repository that the release belongs to."""
    options = job.options
    return Repository(
        job.http, api=options.api, uploads=options.uploads, repo=repo_name(job), token=job.secrets.get("token")
    )


def repo_name(job: GitHubJob) -> str:
    """``owner/name``.

    Raises:
        ConfigError: it is nowhere to be found, or is no such name.
    """
    name = job.options.repo or job.project.source.repo
    if not name:
        raise ConfigError("github does not know the repository", hint="set `source.repo: owner/name`", code="DF1340")
    if not re.fullmatch(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", name):
        raise ConfigError(f"`{name}` is no repository", hint="write it as owner/name", code="DF1341")
    return name


def tag_of(job: GitHubJob, version: Version | None = None) -> str:
    """The tag of a version (this job's own by default)."""
    return _filled(_tag_pattern(job), job, version or job.version)


def version_of(job: GitHubJob, tag: str) -> Version | None:
    """The version that a tag stands for, or None when it does not follow the pattern."""
    before, _, after = _filled(_tag_pattern(job), job, None).partition("{version}")
    if not (tag.startswith(before) and tag.endswith(after)):
        return None
    try:
        return Version.parse(tag[len(before) : len(tag) - len(after)])
    except ValueError:
        return None


def _tag_pattern(job: GitHubJob) -> str:
    return job.options.tag or job.project.source.tag


def _filled(pattern: str, job: GitHubJob, version: Version | None) -> str:
    text = pattern.replace("{name}", job.project.name)
    return text if version is None else text.replace("{version}", str(version))


def files(job: GitHubJob) -> list[str]:
    """Names of the release's files in uploading order, as GitHub will show them."""
    names = [stored_name(job.asset_name(target)) for target in job.targets]
    return [*names, stored_name(job.options.checksums)] if job.options.checksums else names


def stored_name(name: str) -> str:
    """What GitHub makes of a file's name: letters, digits and ``-_+@`` stay, anything else becomes one dot."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    if plain.startswith("."):
        plain = f"default{plain}"
    return re.sub(r"[^A-Za-z0-9_+@-]+", ".", plain).strip(".")


def fingerprint(digests: Mapping[str, str], names: Sequence[str]) -> str:
    """One digest for the whole release: the SHA-256 of its files' names and digests; "" if one is not known."""
    if not all(digests.get(name) for name in names):
        return ""
    return hashlib.sha256("".join(f"{digests[n]}  {n}\n" for n in names).encode()).hexdigest()


def is_prerelease(job: GitHubJob) -> bool:
    wanted = job.options.prerelease
    return job.version.is_prerelease if wanted is None else wanted


def notes(job: GitHubJob) -> str | None:
    """The release notes, or None when the project says nothing."""
    text = job.options.notes
    if text and is_path(text) and job.path(text.strip()).is_file():
        text = job.path(text.strip()).read_text("utf-8")
    return _filled(text, job, job.version).replace("{tag}", tag_of(job)) if text else text


def is_path(text: str) -> bool:
    """Whether notes look like the path of a file: one word with an extension."""
    return re.fullmatch(r"\S{1,250}\.(md|markdown|txt|rst)", text.strip(), re.IGNORECASE) is not None


def draft_fields(job: GitHubJob) -> dict[str, Any]:
    """The body of the request that makes the draft."""
    tag = tag_of(job)
    title = _filled(job.options.title or tag, job, job.version).replace("{tag}", tag)
    fields = {"tag_name": tag, "name": title, "draft": True, "prerelease": is_prerelease(job)}
    commit = job.options.commit or job.project.source.branch
    text = notes(job)
    return {
        **fields,
        **({"target_commitish": commit} if commit else {}),
        **({"body": text} if text is not None else {}),
        **({"generate_release_notes": True} if job.options.generate_notes else {}),
    }


def publication_fields(job: GitHubJob, latest: str | None) -> dict[str, Any]:
    """The body of the request that publishes the draft.

    Args:
        latest: tag of the release that is marked as the latest now.
    """
    return {
        "tag_name": tag_of(job),
        "draft": False,
        "prerelease": is_prerelease(job),
        "make_latest": make_latest(job, latest),
    }


def make_latest(job: GitHubJob, latest: str | None) -> str:
    """GitHub's word for whether this becomes the latest release: never a pre-release, never backwards.

    ``legacy`` leaves it to GitHub (date and version) when the present one's tag is no version of this project.
    """
    if is_prerelease(job):
        return "false"
    if job.options.make_latest != "auto":
        return "true" if job.options.make_latest else "false"
    if latest is None:
        return "true"
    version = version_of(job, latest)
    if version is None:
        return "legacy"
    return "true" if job.version >= version else "false"


def is_leftover(assets: Mapping[str, Asset], job: GitHubJob) -> bool:
    """Whether a second draft of the same tag holds nothing but what we would upload ourselves."""
    return set(assets) <= set(files(job))


def first(releases: Sequence[Release]) -> Release | None:
    return releases[0] if releases else None
