"""What the parts of the GitHub stand-in share: repositories, tokens, and who may do what."""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import wraps
from pathlib import Path

from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route
from deployforge_tasks.rehearsal.stand_ins import _github_shapes as shapes
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API, Repository

REPO = rf"{API}/repos/(?P<owner>[^/]+)/(?P<name>[^/]+)"

RepositoryHandler = Callable[..., Reply]


def for_repository(*, write: bool = False) -> Callable[[RepositoryHandler], RepositoryHandler]:
    """Look up the repository of a route, and answer like GitHub to those who may not see or change it."""

    def mark(function: RepositoryHandler) -> RepositoryHandler:
        @wraps(function)
        def handler(self: Hub, request: Request, owner: str, name: str, **names: str) -> Reply:
            who = self.who(request)
            if who == "stranger":
                return Reply(401, shapes.error(401, "Bad credentials"))
            repo = self.repository(f"{owner}/{name}")
            if repo is None or (repo.private and who == "anybody"):
                return Reply(404, shapes.error(404, "Not Found"))
            if write and who == "anybody":
                return Reply(401, shapes.error(401, "Requires authentication"))
            if write and who == "reader":
                return Reply(403, shapes.error(403, "Resource not accessible by personal access token"))
            if write and repo.archived:
                return Reply(403, shapes.error(403, "Repository was archived so is read-only."))
            return function(self, request, repo, **names)

        return handler

    return mark


class Hub(StandIn):
    """Repositories, and the tokens of those who use them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.token = f"github_pat_{secrets.token_hex(16)}"
        self.reader_token = f"github_pat_{secrets.token_hex(16)}"
        self.classic_token = f"ghp_{secrets.token_hex(16)}"
        self.app_token = f"ghs_{secrets.token_hex(16)}"
        self.token_expiry = datetime.now(UTC) + timedelta(days=90)
        self.missing: set[str] = set()
        self.repositories: dict[str, Repository] = {}
        self.ids = itertools.count(1000)
        self.moments = shapes.Moments()

    def repository(self, full_name: str) -> Repository | None:
        """The repository; made when it is first asked for."""
        if full_name in self.missing:
            return None
        return self.repositories.setdefault(full_name, Repository(next(self.ids), full_name))

    def who(self, request: Request) -> str:
        """Whose token a request carries: owner, reader, app, anybody (none) or stranger (a wrong one)."""
        given = request.headers.get("Authorization", "").partition(" ")[2]
        owners = {self.token: "owner", self.classic_token: "owner"}
        known = {**owners, self.reader_token: "reader", self.app_token: "app", "": "anybody"}
        return known.get(given, "stranger")

    def answer(self, request: Request) -> Reply:
        """Like the real one, tell with every answer of the API what its token may do and when it ends."""
        reply = super().answer(request)
        if request.path.startswith(API) and self.who(request) in ("owner", "reader"):
            reply.headers["GitHub-Authentication-Token-Expiration"] = f"{self.token_expiry:%Y-%m-%d %H:%M:%S} UTC"
            if self.classic_token in request.headers.get("Authorization", ""):
                reply.headers["X-OAuth-Scopes"] = "repo, write:packages"
        return reply

    @route("GET", f"{API}/user")
    def user(self, request: Request) -> Reply:
        who = self.who(request)
        if who == "app":
            return Reply(403, shapes.error(403, "Resource not accessible by integration"))
        if who in ("anybody", "stranger"):
            message = "Requires authentication" if who == "anybody" else "Bad credentials"
            return Reply(401, shapes.error(401, message))
        return Reply(200, shapes.account(request.base, "releaser"))

    @route("GET", f"{API}/installation/repositories")
    def installation(self, request: Request) -> Reply:
        who = self.who(request)
        if who == "stranger":
            return Reply(401, shapes.error(401, "Bad credentials"))
        if who != "app":
            return Reply(403, shapes.error(403, "You must authenticate with an installation access token"))
        return Reply(200, {"total_count": 0, "repositories": []})
