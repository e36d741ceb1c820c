"""Git repositories over smart HTTP, served by git's own CGI program: a tap, a bucket, and an AUR.

Below ``/github/`` a repository must have been created, anybody may read it, and writing wants the token. Below
``/aur/`` a repository begins with its first push, and a push must keep the AUR's rules.
Protocol: https://git-scm.com/docs/git-http-backend; the AUR's rules: aurweb ``aurweb/git/update.py``.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from deployforge_tasks.core.model import Publication
from deployforge_tasks.platforms.aur import Aur
from deployforge_tasks.platforms.homebrew import Homebrew
from deployforge_tasks.platforms.scoop import Scoop
from deployforge_tasks.rehearsal.server import Reply, Request, StandIn, route

TOKEN = "rehearsal-git-token"  # noqa: S105 - good for nothing but this stand-in
TAP, BUCKET = "github/rehearsal/homebrew-tap.git", "github/rehearsal/scoop-bucket.git"
_SERVICES = r"(?P<service>info/refs|git-upload-pack|git-receive-pack)"
#: The hook that refuses what the AUR refuses.
AUR_RULES = Path(__file__).with_name("aur-pre-receive.sh")


class GitStandIn(StandIn):
    """Bare repositories below `root`."""

    name = "git"
    serves: ClassVar[tuple[str, ...]] = ("homebrew", "scoop", "aur")

    def start(self) -> None:
        for path in (TAP, BUCKET) if shutil.which("git") else ():  # without git the platforms say that it is missing
            self.create(path, "main")
        super().start()

    def overlay(self, platforms: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
        return {
            "homebrew": {"remote": f"{self.url}/{TAP}"},
            "scoop": {"remote": f"{self.url}/{BUCKET}"},
            "aur": {"server": f"{self.url}/aur"},
        }

    def secrets(self) -> dict[str, dict[str, str]]:
        return {name: {"token": TOKEN} for name in self.serves}

    def usage(self) -> dict[str, str]:
        aur = next((p.name for p in self.publications() if p.platform == "aur"), "")
        remotes = {"homebrew": f"{self.url}/{TAP}", "scoop": f"{self.url}/{BUCKET}"}
        return {
            p: f"git clone {u}" for p, u in {**remotes, "aur": f"{self.url}/aur/{aur}.git" if aur else ""}.items() if u
        }

    def publications(self) -> list[Publication]:
        with self.lock:
            return list(self._publications())

    def create(self, path: str, branch: str) -> Path:
        """A new bare repository (nothing happens when it is there)."""
        folder = self.root / path
        if not folder.exists():
            folder.mkdir(parents=True)
            _git(folder, "init", "--quiet", "--bare", f"--initial-branch={branch}", ".")
            _git(folder, "config", "receive.denyNonFastForwards", "true")
            _git(folder, "config", "receive.denyDeletes", "true")
        return folder

    @route("GET", rf"/(?P<path>github/[\w.-]+/[\w.-]+\.git)/{_SERVICES}")
    @route("POST", rf"/(?P<path>github/[\w.-]+/[\w.-]+\.git)/{_SERVICES}")
    def github(self, request: Request, path: str, service: str) -> Reply:
        if not (self.root / path).is_dir():
            return Reply(404, "Repository not found.")
        return self._serve(request, path, service)

    @route("GET", rf"/(?P<path>aur/[a-z0-9][a-z0-9.+_-]*\.git)/{_SERVICES}")
    @route("POST", rf"/(?P<path>aur/[a-z0-9][a-z0-9.+_-]*\.git)/{_SERVICES}")
    def aur(self, request: Request, path: str, service: str) -> Reply:
        install_aur_rules(self.create(path, "master"))
        return self._serve(request, path, service)

    def _serve(self, request: Request, path: str, service: str) -> Reply:
        given = request.headers.get("Authorization")
        writing = "git-receive-pack" in (service, request.query.get("service"))
        if (given is not None or writing) and not _is_token(given):
            return Reply(401, "Bad credentials", {"WWW-Authenticate": 'Basic realm="rehearsal"'})
        return _http_backend(self.root, request, f"/{path}/{service}", user="rehearsal" if given else "")

    def _publications(self) -> Iterator[Publication]:
        for repository in sorted(self.root.glob("*/**/*.git")):
            kind = repository.relative_to(self.root).parts[0]
            for path in _git(repository, "ls-tree", "-r", "--name-only", "HEAD", check=False).split():
                platform = _platform_of(kind, path)
                text = _git(repository, "show", f"HEAD:{path}")
                version = platform.version_in(text) if platform else None
                if platform and version:
                    name = repository.stem if kind == "aur" else Path(path).stem
                    commits = _git(repository, "log", "--format=%H", f"-S{platform.version_line(version)}", "--", path)
                    extra = {"commits": str(len(commits.split()))}
                    blob = _git(repository, "rev-parse", f"HEAD:{path}").strip()
                    yield Publication(platform.name, name, version, blob, extra)


def install_aur_rules(repository: Path) -> None:
    """Let a bare repository refuse what the AUR refuses."""
    hook = repository / "hooks" / "pre-receive"
    if not hook.exists():
        hook.parent.mkdir(exist_ok=True)
        shutil.copyfile(AUR_RULES, hook)
        hook.chmod(0o755)


def _platform_of(kind: str, path: str) -> Aur | Homebrew | Scoop | None:
    if kind == "aur":
        return Aur() if path == ".SRCINFO" else None
    if path.endswith(".rb"):
        return Homebrew()
    return Scoop() if path.endswith(".json") else None


def _is_token(header: str | None) -> bool:
    kind, _, value = (header or "").partition(" ")
    try:
        return kind == "Basic" and base64.b64decode(value).decode().partition(":")[2] == TOKEN
    except ValueError:
        return False


def _http_backend(root: Path, request: Request, path: str, *, user: str) -> Reply:
    """One request through `git http-backend` (CGI, RFC 3875)."""
    environment = {
        **_environment(),
        "GIT_PROJECT_ROOT": str(root),
        "GIT_HTTP_EXPORT_ALL": "1",
        "GIT_PROTOCOL": request.headers.get("Git-Protocol", ""),
        "REQUEST_METHOD": request.method,
        "PATH_INFO": path,
        "QUERY_STRING": request.raw_path.partition("?")[2],
        "CONTENT_TYPE": request.headers.get("Content-Type", ""),
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_CONTENT_ENCODING": request.headers.get("Content-Encoding", ""),
        "REMOTE_ADDR": "127.0.0.1",
        **({"REMOTE_USER": user} if user else {}),
    }
    done = subprocess.run(
        ["git", "http-backend"], input=request.body, env=environment, capture_output=True, check=False
    )
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    headers = dict(line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line)
    status = re.match(r"\d+", headers.pop("Status", "200"))
    headers.pop("Content-Length", None)
    return Reply(int(status[0]) if status and headers else 500, body, headers)


def _environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TEMP", "TMP") if name in os.environ}
    return {**kept, "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "LC_ALL": "C"}


def _git(folder: Path, *arguments: str, check: bool = True) -> str:
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=_environment(), capture_output=True, check=check, encoding="utf-8"
    )
    return done.stdout if done.returncode == 0 else ""
