"""AUR: a ``-bin`` package of the Arch User Repository, a git repository for each package, pushed over ssh.

Facts: https://wiki.archlinux.org/title/AUR_submission_guidelines, PKGBUILD(5), and the checks of aurweb's update hook
(``aurweb/git/update.py``). The first push makes the package; the branch is always ``master``; nothing is ever forced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date

from pydantic import Field

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.model import Credential, Evidence, Finding, Identity, RollbackPlan, Tool
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.git import Checkout
from deployforge_tasks.effects.git_access import Access, is_http, is_ssh
from deployforge_tasks.platforms._aur_account import whoami
from deployforge_tasks.platforms._aur_checks import check_epoch, check_package, taking_back
from deployforge_tasks.platforms._aur_downloads import series
from deployforge_tasks.platforms._aur_files import context, package_name, srcinfo
from deployforge_tasks.platforms._aur_verify import verify
from deployforge_tasks.platforms._counting import service
from deployforge_tasks.platforms._git import GitOptions, GitPlatform, Place
from deployforge_tasks.platforms._git_checks import check
from deployforge_tasks.platforms.base import Job

_PKGVER = re.compile(r"(\d+(?:\.\d+){1,3})([A-Za-z_].*)?")


class AurOptions(GitOptions):
    """Options of ``aur``."""

    package: str | None = None
    """Name of the package; the project's name with ``-bin`` by default."""
    maintainer: str | None = None
    """Who stands in the first line of the PKGBUILD; the project's author by default."""
    provides: list[str] | None = None
    """What the package stands in for; the program's name by default."""
    conflicts: list[str] | None = None
    """Packages that cannot be installed beside it; as `provides` by default."""
    depends: list[str] = Field(default_factory=list)
    """Packages that the program needs at run time."""
    license: str | None = None
    """SPDX expression; the project's licence by default."""
    pkgrel: int = Field(default=1, ge=1)
    """Release of the package; raise it to publish another package of the same version."""
    epoch: int = Field(default=0, ge=0)
    """Comes before the version in every comparison; has to be raised once after each rollback."""
    server: str | None = None
    """Base URL of the git repositories, where it is not the AUR itself (``ssh://…`` or ``http(s)://…``)."""
    counts: str | None = None
    """Base URL of the site that counts votes (default: the AUR's, for the AUR itself; none for another server)."""
    host_key: str | None = None
    """Public host key of that server (``ssh-ed25519 AAAA…``); the AUR's own is known."""


class Aur(GitPlatform[AurOptions]):
    """A binary package of the Arch User Repository."""

    name = "aur"
    title = "AUR"
    options = AurOptions
    ecosystem = "arch"
    counts = "No downloads: the AUR does not count them; it tells the accounts that voted for the package."
    credentials = (
        Credential(
            "ssh_key",
            ("AUR_SSH_KEY", "AUR_SSH_PRIVATE_KEY", "AUR_KEY"),
            help="put the public key of an unencrypted ssh key into your AUR account "
            f"({endpoints.AUR_WEB}/login, My Account), and the private one here",
        ),
        Credential(
            "token",
            ("AUR_HTTP_TOKEN",),
            help="the password for a `server` that is reached over http(s)",
            required=False,
        ),
    )

    def tools(self, options: AurOptions) -> Sequence[Tool]:
        ssh = Tool(
            "ssh", ("ssh", "-V"), "install the OpenSSH client", needed=is_ssh(options.server or endpoints.AUR_SSH)
        )
        makepkg = Tool("makepkg", ("makepkg", "--version"), "install pacman's makepkg", systems=("linux",))
        return (*super().tools(options), ssh, makepkg)

    def paths(self, job: Job[AurOptions]) -> list[str]:
        return ["PKGBUILD", ".SRCINFO"]

    def pieces(self, job: Job[AurOptions]) -> list[str]:
        return [package_name(job)]

    def place(self, job: Job[AurOptions], *, write: bool) -> Place:
        options = job.options
        server = options.server or (endpoints.AUR_SSH if write else endpoints.AUR_WEB)
        url = f"{server.rstrip('/')}/{package_name(job)}.git"
        if write and is_ssh(url):
            job.secrets.require("ssh_key")
        if write and is_http(url):
            job.secrets.require("token")
        host_key = options.host_key or (None if options.server else endpoints.AUR_HOST_KEY)
        access = Access(
            token=job.secrets.get("token"), user="aur", ssh_key=job.secrets.get("ssh_key"), host_key=host_key
        )
        return Place(url, access, default="master")

    def content(self, job: Job[AurOptions]) -> Mapping[str, bytes]:
        folder = job.render("aur", context(job))
        return {path: (folder / path).read_bytes() for path in self.paths(job)}

    def version_line(self, version: str) -> str:
        return f"pkgver = {version}"

    def version_in(self, text: str) -> str | None:
        return next(iter(srcinfo(text).get("pkgver", [])), None)

    def pins_in(self, text: str) -> dict[str, str]:
        fields = srcinfo(text)
        return {
            source.rpartition("::")[2]: sha256
            for key, sources in fields.items()
            if key.startswith("source")
            for source, sha256 in zip(sources, fields.get(key.replace("source", "sha256sums"), []), strict=False)
        }

    def spelled(self, version: Version) -> str:
        return version.arch

    def parsed(self, spelled: str) -> Version | None:
        match = _PKGVER.fullmatch(spelled)
        text = "-".join(part for part in match.groups() if part) if match else spelled
        return super().parsed(text.replace("_", "-"))

    def message(self, job: Job[AurOptions]) -> str:
        return f"{package_name(job)} {self.spelled(job.version)}-{job.options.pkgrel}"

    def preflight(self, job: Job[AurOptions]) -> list[Finding]:
        return [*check_package(self, job), *check(self, job)]

    def check_repository(self, job: Job[AurOptions], repository: Checkout) -> list[Finding]:
        return check_epoch(job, repository)

    def whoami(self, job: Job[AurOptions]) -> Identity:
        return whoami(self, job)

    def verify(self, job: Job[AurOptions]) -> Evidence:
        return verify(self, job)

    def rollback_plan(self, job: Job[AurOptions], to: Version | None) -> RollbackPlan:
        return taking_back(self, job, to)

    def downloads(self, job: Job[AurOptions], since: date | None) -> Sequence[Series]:
        options = job.options
        official = options.server is None
        base = service(options.counts, endpoints.AUR_WEB, official=official, registry=options.server or "the AUR")
        return series(job, base, package_name(job))

    def page(self, job: Job[AurOptions]) -> str:
        return "" if job.options.server else f"{endpoints.AUR_WEB}/packages/{package_name(job)}"
