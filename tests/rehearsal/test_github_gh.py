"""The GitHub stand-in under GitHub's own command line: if `gh` can release with it, it is enough of a GitHub."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API
from deployforge_tasks.rehearsal.stand_ins.github import GitHub
from tests.support.running import running

GH = shutil.which("gh", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", "")]))
REPO = "github.localhost/hello-makers/hello-forge"

pytestmark = pytest.mark.skipif(GH is None, reason="gh is not on this machine")


class OwnHost(GitHub):
    """The stand-in at the addresses of github.com's layout, where the API has a host of its own.

    ``github.localhost`` is the one host that `gh` speaks plain HTTP with; it is reached as a forward proxy.
    """

    def answer(self, request: Request) -> Reply:
        if request.path == "/graphql":  # `gh` asks there for drafts, which it has no REST call for
            return Reply(200, {"data": {"repository": {"release": None}}})
        if "//api." in request.base and not request.path.startswith(("/api/", "/storage/")):
            request = replace(request, path=API + request.path)
        return super().answer(request)


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[OwnHost]:
    with running(OwnHost(tmp_path / "github")) as host:
        yield host


def gh(hub: OwnHost, folder: Path, *words: str) -> str:
    assert GH is not None
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "HTTP_PROXY": hub.url,
        "GH_HOST": "github.localhost",
        "GH_TOKEN": hub.token,
        "GH_CONFIG_DIR": str(folder / "gh"),
        "GH_NO_UPDATE_NOTIFIER": "1",
    }
    command = [GH, *words] if words[0] == "api" else [GH, "release", *words, "-R", REPO]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_gh_creates_a_release_with_files_and_reads_it_back(hub: OwnHost, tmp_path: Path) -> None:
    (tmp_path / "hello.bin").write_bytes(b"\0hello\xff" * 1000)
    gh(hub, tmp_path, "create", "v1.0.0", "hello.bin", "--title", "One", "--notes", "First")
    (release,) = hub.repositories["hello-makers/hello-forge"].releases.values()
    assert (release.name, release.body, release.draft) == ("One", "First", False)
    seen = json.loads(gh(hub, tmp_path, "view", "v1.0.0", "--json", "tagName,isDraft,assets"))
    assert (seen["tagName"], seen["isDraft"]) == ("v1.0.0", False)
    assert [a["name"] for a in seen["assets"]] == ["hello.bin"]


def test_gh_adds_downloads_and_deletes_files(hub: OwnHost, tmp_path: Path) -> None:
    (tmp_path / "one.bin").write_bytes(b"1" * 5000)
    gh(hub, tmp_path, "create", "v1.0.0", "--notes", "First")
    gh(hub, tmp_path, "upload", "v1.0.0", "one.bin")
    gh(hub, tmp_path, "download", "v1.0.0", "--dir", "got")
    assert hashlib.sha256((tmp_path / "got" / "one.bin").read_bytes()).digest() == hashlib.sha256(b"1" * 5000).digest()
    gh(hub, tmp_path, "delete-asset", "v1.0.0", "one.bin", "--yes")
    (release,) = hub.repositories["hello-makers/hello-forge"].releases.values()
    assert release.assets == {}


def test_gh_edits_and_deletes_a_release(hub: OwnHost, tmp_path: Path) -> None:
    gh(hub, tmp_path, "create", "v1.0.0", "--notes", "First")
    gh(hub, tmp_path, "edit", "v1.0.0", "--prerelease", "--notes", "Second")
    (release,) = hub.repositories["hello-makers/hello-forge"].releases.values()
    assert (release.prerelease, release.body) == (True, "Second")
    gh(hub, tmp_path, "delete", "v1.0.0", "--yes")
    assert hub.repositories["hello-makers/hello-forge"].releases == {}


def test_gh_reads_whose_the_token_is_and_when_it_ends(hub: OwnHost, tmp_path: Path) -> None:
    said = gh(hub, tmp_path, "api", "user", "--include")
    assert '"login":"releaser"' in said.replace(" ", "")
    assert f"Github-Authentication-Token-Expiration: {hub.token_expiry:%Y-%m-%d}" in said
