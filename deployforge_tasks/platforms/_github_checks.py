"""What can be checked before anything goes to GitHub."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from deployforge_tasks.core.errors import CredentialError, DeployForgeError, StatusError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.platforms._expiry import expiry
from deployforge_tasks.platforms._github_account import access
from deployforge_tasks.platforms._github_api import Repository
from deployforge_tasks.platforms._github_release import (
    GitHubJob,
    files,
    is_path,
    notes,
    repo_name,
    repository,
    stored_name,
    tag_of,
)

#: Limits that GitHub's own refusals name: "size must be less than or equal to 2147483648", "file_count limited to
#: 1000 assets per release", "body is too long (maximum is 125000 characters)".
MAX_SIZE = 1 << 31
MAX_FILES = 1000
MAX_NOTES = 125_000


def findings(job: GitHubJob) -> list[Finding]:
    """Every finding of the preflight."""
    return [*_names(job), *_limits(job), *_access(job)]


def _names(job: GitHubJob) -> Iterator[Finding]:
    for name in (job.asset_name(target) for target in job.targets):
        if stored_name(name) != name:
            yield Finding(
                "GITHUB-001",
                Level.WARNING,
                f"GitHub will rename {name} to {stored_name(name)}",
                "choose a pattern in `artifacts.asset` with letters, digits and . - _ only",
            )
    for name, count in Counter(files(job)).items():
        if count > 1:
            yield Finding(
                "GITHUB-002",
                Level.ERROR,
                f"{count} files of the release are called {name}",
                "put {os} and {arch} into `artifacts.asset`",
            )


def _limits(job: GitHubJob) -> Iterator[Finding]:
    for piece in job.package.pieces if job.package else ():
        if piece.size > MAX_SIZE:
            yield Finding(
                "GITHUB-003",
                Level.ERROR,
                f"{piece.name} has {piece.size / (1 << 30):.1f} GiB, and GitHub takes 2 GiB a file",
                "make the file smaller, or split it",
            )
    if len(files(job)) > MAX_FILES:
        yield Finding(
            "GITHUB-004",
            Level.ERROR,
            f"the release has {len(files(job))} files, and GitHub takes {MAX_FILES}",
            "publish fewer targets here with `targets:`",
        )
    text = job.options.notes or ""
    if is_path(text) and not job.path(text.strip()).is_file():
        yield Finding(
            "GITHUB-013",
            Level.ERROR,
            f"the release notes {text.strip()} are not there",
            "write that file, or put the text itself into `notes`",
        )
    length = len(notes(job) or "")
    if length > MAX_NOTES:
        yield Finding(
            "GITHUB-005",
            Level.ERROR,
            f"the release notes have {length} characters, and GitHub takes {MAX_NOTES}",
            "shorten them, and link to the full change log",
        )


def _access(job: GitHubJob) -> Iterator[Finding]:
    if not job.secrets.get("token"):
        hint = "set it to a token with `contents: write`"
        yield Finding("GITHUB-006", Level.ERROR, f"{job.secrets.variables('token')} is not set", hint, credential=True)
        return
    hub = repository(job)
    try:
        seen = access(hub, job.secrets)
    except CredentialError as error:
        yield Finding.of_error("GITHUB-007", error)
        return
    yield from expiry("GITHUB-014", job, seen.told.expires)
    about = seen.about
    if about is None:
        yield Finding(
            "GITHUB-008",
            Level.ERROR,
            f"GitHub shows no repository {repo_name(job)} to this token",
            "check the name; for a private repository the token needs `contents: write` there",
        )
        return
    if about.get("archived"):
        yield Finding(
            "GITHUB-009", Level.ERROR, f"{repo_name(job)} is archived", "unarchive it in the repository's settings"
        )
    if not seen.may_write:
        yield Finding(
            "GITHUB-010",
            Level.ERROR,
            f"the token may not write to {repo_name(job)}",
            "give it `contents: write` for this repository",
            credential=True,
        )
    yield from _tag(job, hub, str(about.get("default_branch", "")))


def _tag(job: GitHubJob, hub: Repository, default_branch: str) -> Iterator[Finding]:
    try:
        present = hub.has_tag(tag_of(job))
    except DeployForgeError as error:
        # An empty repository answers 409 here: there is nothing yet that a tag could stand on.
        if isinstance(error, StatusError) and error.status == 409:
            yield Finding(
                "GITHUB-011", Level.ERROR, f"{repo_name(job)} is empty", "push the source code before you release it"
            )
            return
        raise
    if not present:
        branch = job.options.commit or job.project.source.branch or default_branch
        yield Finding(
            "GITHUB-012",
            Level.NOTE,
            f"there is no tag {tag_of(job)} yet; GitHub will make it on {branch}",
            "push the tag first if it belongs on another commit",
        )
