"""GitHub's JSON documents, as its published OpenAPI description requires them (npm ``@octokit/openapi``)."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

API = "/api/v3"
UPLOADS = "/api/uploads"
DOCS = "https://docs.github.com/rest"

# fmt: off
_REPOSITORY_LINKS = (
    "archive", "assignees", "blobs", "branches", "collaborators", "comments", "commits", "compare", "contents",
    "contributors", "deployments", "downloads", "events", "forks", "git_commits", "git_refs", "git_tags", "hooks",
    "issue_comment", "issue_events", "issues", "keys", "labels", "languages", "merges", "milestones", "notifications",
    "pulls", "releases", "stargazers", "statuses", "subscribers", "subscription", "tags", "teams", "trees",
)
_USER_LINKS = (
    "events", "followers", "following", "gists", "organizations", "received_events", "repos", "starred",
    "subscriptions",
)
# fmt: on


@dataclass
class Asset:
    """A file of a release; without data it is what a broken upload left (``starter``)."""

    id: int
    name: str
    content_type: str
    data: bytes | None
    tells_digest: bool = True
    downloads: int = 0


@dataclass
class Release:
    """A release or a draft."""

    id: int
    tag: str
    name: str
    body: str
    draft: bool
    prerelease: bool
    commitish: str
    immutable: bool = False
    assets: dict[int, Asset] = field(default_factory=dict)
    published_at: str | None = None


@dataclass
class Repository:
    """A repository: its tags and releases. `latest` is the id of the release marked as the latest."""

    id: int
    full_name: str
    private: bool = False
    archived: bool = False
    immutable_releases: bool = False
    tags: dict[str, str] = field(default_factory=dict)
    releases: dict[int, Release] = field(default_factory=dict)
    latest: int | None = None

    def published(self, tag: str) -> Release | None:
        return next((r for r in self.releases.values() if r.tag == tag and not r.draft), None)

    def newest(self) -> int | None:
        """The release that is the latest when nobody says so: the last one made that is no pre-release."""
        ids = [r.id for r in self.releases.values() if not r.draft and not r.prerelease]
        return max(ids, default=None)


class Moments:
    """Times that only move forward, one second a step: documents read the same in every run."""

    def __init__(self) -> None:
        self._seconds = itertools.count()

    def next(self) -> str:
        minutes, seconds = divmod(next(self._seconds), 60)
        return f"2026-01-01T{minutes // 60 % 24:02}:{minutes % 60:02}:{seconds:02}Z"


CREATED = "2026-01-01T00:00:00Z"


def node_id(kind: str, number: int) -> str:
    return f"{kind}_{number:08x}"


def user(base: str, login: str) -> dict[str, Any]:
    """A person."""
    api = f"{base}{API}/users/{login}"
    number = int(hashlib.sha256(login.encode()).hexdigest()[:6], 16)
    return {
        "login": login,
        "id": number,
        "node_id": node_id("U", number),
        "avatar_url": f"{base}/avatars/{number}",
        "gravatar_id": "",
        "url": api,
        "html_url": f"{base}/{login}",
        **{f"{link}_url": f"{api}/{link}" for link in _USER_LINKS},
        "type": "User",
        "site_admin": False,
    }


def account(base: str, login: str) -> dict[str, Any]:
    """The answer to ``GET /user``."""
    empty = dict.fromkeys(("name", "company", "blog", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    return {**user(base, login), **empty, **counts, "created_at": CREATED, "updated_at": CREATED}


def repository(base: str, repo: Repository, permissions: dict[str, bool] | None) -> dict[str, Any]:
    """A repository; `permissions` only for someone who is logged in."""
    api = f"{base}{API}/repos/{repo.full_name}"
    web = f"{base}/{repo.full_name}"
    owner, name = repo.full_name.split("/")
    flags = ("fork", "has_issues", "has_projects", "has_wiki", "has_pages", "has_discussions", "disabled")
    counts = ("forks", "stargazers", "watchers", "open_issues", "network", "subscribers")
    return {
        "id": repo.id,
        "node_id": node_id("R", repo.id),
        "name": name,
        "full_name": repo.full_name,
        "owner": user(base, owner),
        "private": repo.private,
        "archived": repo.archived,
        "html_url": web,
        "url": api,
        **{f"{link}_url": f"{api}/{link}" for link in _REPOSITORY_LINKS},
        "clone_url": f"{web}.git",
        "git_url": f"{web}.git",
        "ssh_url": f"git@{base.partition('//')[2]}:{repo.full_name}.git",
        "svn_url": web,
        **dict.fromkeys(("description", "homepage", "language", "mirror_url", "license")),
        **dict.fromkeys(flags, False),
        **{f"{what}_count": 0 for what in counts},
        **dict.fromkeys(("forks", "watchers", "open_issues", "size"), 0),
        "default_branch": "main",
        **dict.fromkeys(("created_at", "updated_at", "pushed_at"), CREATED),
        **({"permissions": permissions} if permissions is not None else {}),
    }


def shown_tag(release: Release) -> str:
    """A draft's addresses carry an invented tag: the real one does not lead to it yet."""
    return f"untagged-{release.id:020x}" if release.draft else release.tag


def release(base: str, repo: Repository, item: Release) -> dict[str, Any]:
    api = f"{base}{API}/repos/{repo.full_name}"
    own = f"{api}/releases/{item.id}"
    archives = None if item.draft else api
    return {
        "url": own,
        "assets_url": f"{own}/assets",
        "upload_url": f"{base}{UPLOADS}/repos/{repo.full_name}/releases/{item.id}/assets{{?name,label}}",
        "html_url": f"{base}/{repo.full_name}/releases/tag/{shown_tag(item)}",
        "id": item.id,
        "author": user(base, repo.full_name.split("/")[0]),
        "node_id": node_id("RE", item.id),
        "tag_name": item.tag,
        "target_commitish": item.commitish,
        "name": item.name,
        "body": item.body,
        "draft": item.draft,
        "prerelease": item.prerelease,
        "immutable": item.immutable,
        "created_at": CREATED,
        "updated_at": CREATED,
        "published_at": item.published_at,
        # Like the real one, it embeds no more than the first page of files.
        "assets": [asset(base, repo, item, a) for a in itertools.islice(item.assets.values(), 30)],
        "tarball_url": archives and f"{archives}/tarball/{item.tag}",
        "zipball_url": archives and f"{archives}/zipball/{item.tag}",
    }


def asset(base: str, repo: Repository, item: Release, one: Asset) -> dict[str, Any]:
    uploaded = one.data is not None
    told = one.data is not None and one.tells_digest
    return {
        "url": f"{base}{API}/repos/{repo.full_name}/releases/assets/{one.id}",
        "id": one.id,
        "node_id": node_id("RA", one.id),
        "name": one.name,
        "label": "",
        "uploader": user(base, repo.full_name.split("/")[0]),
        "content_type": one.content_type,
        "state": "uploaded" if uploaded else "starter",
        "size": len(one.data or b""),
        "digest": f"sha256:{hashlib.sha256(one.data or b'').hexdigest()}" if told else None,
        "download_count": one.downloads,
        "created_at": CREATED,
        "updated_at": CREATED,
        "browser_download_url": f"{base}/{repo.full_name}/releases/download/{shown_tag(item)}/{one.name}",
    }


def git_ref(base: str, repo: Repository, tag: str, sha: str) -> dict[str, Any]:
    api = f"{base}{API}/repos/{repo.full_name}/git"
    return {
        "ref": f"refs/tags/{tag}",
        "node_id": node_id("REF", repo.id),
        "url": f"{api}/refs/tags/{tag}",
        "object": {"type": "commit", "sha": sha, "url": f"{api}/commits/{sha}"},
    }


def error(status: int, message: str) -> dict[str, Any]:
    return {"message": message, "documentation_url": DOCS, "status": str(status)}


def invalid(resource: str, code: str, name: str, message: str = "Validation Failed") -> dict[str, Any]:
    """The body of a 422."""
    return {
        "message": message,
        "errors": [{"resource": resource, "code": code, "field": name}],
        "documentation_url": DOCS,
    }


def page(items: Iterator[Any], query: dict[str, str]) -> list[Any]:
    """One page of a list (``per_page`` 30 by default, 100 at most)."""
    size = min(int(query.get("per_page", "30")), 100)
    start = (max(int(query.get("page", "1")), 1) - 1) * size
    return list(itertools.islice(items, start, start + size))
