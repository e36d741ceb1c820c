"""Git: read files at the head of a remote, put one commit on top of it, push it without ever forcing.

Every operation works in a fresh bare repository below the given folder and removes it afterwards: nothing that a killed
run leaves behind can be in the way of the next one, and no attribute or line-end setting touches a byte of a file.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from deployforge_tasks.core.errors import NetworkError, ProgramTimeoutError, PublishError
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.effects.files import remove_folder
from deployforge_tasks.effects.git_access import Access, GitEnvironment, environment, is_http
from deployforge_tasks.effects.git_errors import git_error
from deployforge_tasks.effects.process import Completed, Processes

_PREFIX = "git-"
#: Seconds for asking a remote what it has, and for fetching from it or pushing to it.
_LOOK_SECONDS = 60.0
_TRANSFER_SECONDS = 300.0
#: What a git server says first (https://git-scm.com/docs/http-protocol, https://git-scm.com/docs/protocol-v2).
_GREETING = re.compile(r"< (# service=git-upload-pack|version 2)$", re.MULTILINE)


@dataclass(frozen=True)
class Author:
    """Who a commit is by."""

    name: str
    email: str


def blob_id(data: bytes) -> str:
    """Git's own digest of a file's content (https://git-scm.com/book/en/v2/Git-Internals-Git-Objects)."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


class Checkout:
    """The newest commit of a remote's branch. `head` is None when the branch is not there yet (an empty repository)."""

    def __init__(self, folder: Path, url: str, processes: Processes, env: GitEnvironment) -> None:
        self.folder = folder
        self.url = url
        self.head: str | None = None
        self.branch = ""
        self._processes = processes
        self._env = env

    def fetch(self, branch: str | None, default: str) -> None:
        """Fetch a branch with its history; `branch` None means the remote's own main branch.

        Raises:
            NetworkError: no usable answer.
            CredentialError: the remote refuses us.
            PublishError: the remote, or its branch, is not there.
        """
        self._git("init", "--quiet", "--bare", ".")
        refs, main = _read_refs(self._list())
        self.branch = branch or main or default
        self.head = refs.get(f"refs/heads/{self.branch}")
        if self.head is None and refs and branch is None:
            raise PublishError(
                f"{self.url} has no main branch", hint="name the branch to publish to in `branch:`", code="DF4021"
            )
        if self.head is not None:
            self._remote(
                "fetch", "--quiet", "--no-tags", "--", self.url, f"+refs/heads/{self.branch}:refs/heads/fetched"
            )
            self.head = self._git("rev-parse", "--verify", "refs/heads/fetched").stdout.strip()

    def blob(self, path: str, at: str | None = None) -> str | None:
        """Git's id of a file at the head (or at another commit), None where there is no such file."""
        commit = at or self.head
        if commit is None:
            return None
        listing = self._git("ls-tree", "-z", commit, "--", path).stdout.rstrip("\0")
        if not listing:
            return None
        kind, _, rest = listing.partition(" ")[2].partition(" ")
        return rest.partition("\t")[0] if kind == "blob" else None

    def read(self, path: str, at: str | None = None) -> str | None:
        """The text of a file at the head (or at another commit), with plain line ends; None where it is not."""
        blob = self.blob(path, at)
        return None if blob is None else self._git("cat-file", "blob", blob).stdout

    def files(self) -> list[str]:
        """Every path at the head."""
        if self.head is None:
            return []
        return [p for p in self._git("ls-tree", "-r", "-z", "--name-only", self.head).stdout.split("\0") if p]

    def history(self, path: str, text: str | None = None) -> list[str]:
        """The commits that changed a file (only those which brought or removed `text`, if given), newest first."""
        if self.head is None:
            return []
        searched = [f"-S{text}"] if text else []
        return self._git("log", "--format=%H", *searched, self.head, "--", path).stdout.split()

    def when(self, commit: str) -> datetime:
        """The time at which a commit was made."""
        return datetime.fromisoformat(self._git("show", "--no-patch", "--format=%cI", commit).stdout.strip())

    def commit(self, files: Mapping[str, bytes | str | None], message: str, author: Author, when: datetime) -> str:
        """Make a commit on top of the head, exactly these bytes. Nothing is sent yet.

        A text is the id of a blob that the repository has already; None removes the file. The same files on the same
        head at the same time give the same commit.
        """
        index = {"GIT_INDEX_FILE": str(self.folder / "index.deployforge")}
        self._git("read-tree", self.head or "--empty", env=index)
        for path, data in files.items():
            if data is None:
                self._git("--git-dir=.", "--work-tree=.", "update-index", "--force-remove", "--", path, env=index)
            else:
                blob = self._store(data) if isinstance(data, bytes) else data
                self._git("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", env=index)
        tree = self._git("write-tree", env=index).stdout.strip()
        parent = ["-p", self.head] if self.head else []
        return self._git("commit-tree", tree, *parent, "-m", message, env=_signature(author, when)).stdout.strip()

    def push(self, commit: str, *, dry_run: bool = False) -> None:
        """Put the branch forward to the commit: one irreversible call, refused by the remote if somebody was faster.

        Args:
            dry_run: only ask the remote whether we may write.

        Raises:
            MovedError: the branch is no longer where we fetched it.
            CredentialError: we may not write.
            PublishError: the remote declines the commit.
            NetworkError: no usable answer; the push may or may not have been carried out.
        """
        options = ["--dry-run"] if dry_run else []
        self._remote("push", "--porcelain", *options, "--", self.url, f"{commit}:refs/heads/{self.branch}")

    def _list(self) -> str:
        """The remote's refs, from a server that really speaks git.

        Over http git takes any text for the refs of a simple file server, and a web page for an empty repository.
        """
        trace = self.folder / "trace.deployforge"
        listing = self._remote(
            "ls-remote", "--symref", "--", self.url, env={"GIT_TRACE_PACKET": str(trace)}, timeout=_LOOK_SECONDS
        )
        if is_http(self.url) and not _GREETING.search(trace.read_text("utf-8", "replace") if trace.exists() else ""):
            raise NetworkError(
                f"{redactor.text(self.url)} does not answer as a git server",
                hint="is the URL right, and is no proxy or login page in between?",
                url=redactor.text(self.url),
            )
        return listing.stdout

    def _store(self, data: bytes) -> str:
        content = self.folder / "content.deployforge"
        content.write_bytes(data)
        return self._git("hash-object", "-w", "--no-filters", "--", str(content)).stdout.strip()

    def _git(self, *arguments: str, env: Mapping[str, str] | None = None) -> Completed:
        return self._processes.run(["git", *arguments], cwd=self.folder, env={**self._env.plain, **(env or {})})

    def _remote(
        self, *arguments: str, env: Mapping[str, str] | None = None, timeout: float = _TRANSFER_SECONDS
    ) -> Completed:
        try:
            done = self._processes.run(
                ["git", *arguments],
                cwd=self.folder,
                env={**self._env.plain, **self._env.remote, **(env or {})},
                secrets=self._env.secrets,
                timeout=timeout,
                check=False,
            )
        except ProgramTimeoutError as error:
            raise NetworkError(
                f"{redactor.text(self.url)} did not answer within {timeout:.0f} seconds",
                hint="check the network and run again; what was pushed is looked up first",
                url=redactor.text(self.url),
            ) from error
        if done.returncode != 0:
            raise git_error(done, self.url)
        return done


@contextmanager
def checkout(
    processes: Processes,
    url: str,
    folder: Path,
    *,
    access: Access | None = None,
    branch: str | None = None,
    default: str = "main",
) -> Iterator[Checkout]:
    """Fetch the head of a remote's branch into a temporary repository below `folder`.

    Args:
        branch: None for the remote's own main branch.
        default: the branch to begin in an empty repository.
    """
    with private_folder(folder) as private:
        repository = private / "repository.git"
        repository.mkdir()
        with environment(url, access or Access(), private) as env:
            here = Checkout(repository, url, processes, env)
            here.fetch(branch, default)
            yield here


@contextmanager
def private_folder(folder: Path) -> Iterator[Path]:
    """A new folder below `folder`, removed at the end; what runs that were killed left there goes too."""
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    private = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=folder))
    try:
        yield private
    finally:
        remove_folder(private)


def _read_refs(listing: str) -> tuple[dict[str, str], str | None]:
    """The refs of ``ls-remote --symref`` and the name of the main branch."""
    refs: dict[str, str] = {}
    main = None
    for line in listing.splitlines():
        value, _, name = line.partition("\t")
        if value.startswith("ref: refs/heads/") and name == "HEAD":
            main = value.removeprefix("ref: refs/heads/")
        elif name:
            refs[name] = value
    return refs, main


def _signature(author: Author, when: datetime) -> dict[str, str]:
    stamp = f"{int(when.timestamp())} +0000"
    return {
        f"GIT_{role}_{part}": value
        for role in ("AUTHOR", "COMMITTER")
        for part, value in (("NAME", author.name), ("EMAIL", author.email), ("DATE", stamp))
    }


def _sweep(folder: Path) -> None:
    """Remove what runs that were killed left behind (an ssh key may be among it)."""
    import psutil

    leftovers: Sequence[Path] = list(folder.glob(f"{_PREFIX}*-*"))
    for path in leftovers:
        pid = path.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not psutil.pid_exists(int(pid)):
            remove_folder(path)
