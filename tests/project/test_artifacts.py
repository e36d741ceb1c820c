"""Release files: from each source, compared, unpacked, tried and kept."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ArtifactError, DeployForgeError, NetworkError
from deployforge_tasks.core.events import Bus, Log
from deployforge_tasks.core.targets import Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Clock
from deployforge_tasks.effects.files import Entry, digest, tar_bytes, write_atomic, zip_bytes
from deployforge_tasks.effects.http import Http
from deployforge_tasks.effects.process import Processes
from deployforge_tasks.platforms.base import Options
from deployforge_tasks.project.artifacts import ArtifactStore
from deployforge_tasks.project.schema import Project
from deployforge_tasks.rehearsal.server import Reply, Request, route
from tests.support.hello import EXAMPLE, executable, release_files
from tests.support.jobs import IMPATIENT
from tests.support.running import Bare, running

LINUX, WINDOWS = Target("linux", "amd64"), Target("windows", "amd64")
LINUX_FILE, WINDOWS_FILE = "hello-forge-1.0.0-linux-amd64.tar.gz", "hello-forge-1.0.0-windows-amd64.zip"
PROJECT: dict[str, Any] = {
    "name": "hello-forge",
    "description": "A program",
    "source": {"repo": "hello-makers/hello-forge"},
    "binary": {"name": "hello-forge"},
}
BUILD = {"command": ["{python}", str(EXAMPLE / "build.py"), "{target}", "{version}", "{output}"], "inputs": ["in/*"]}


class Host(Bare):
    """A release's host: GitHub's release by tag, and plain files with ranges."""

    name = "host"

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.files: dict[str, bytes] = {}
        self.told: dict[str, str | None] = {}
        self.token: str | None = None
        self.prerelease = False
        self.cut: set[str] = set()
        self.after_cut = b""

    def add(self, path: Path, *, told: bool = True) -> None:
        self.files[path.name] = path.read_bytes()
        self.told[path.name] = f"sha256:{digest(path)}" if told else None

    @route("GET", "/repos/hello-makers/hello-forge/releases/tags/v1.0.0")
    def release(self, request: Request) -> Reply:
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(404, {"message": "Not Found"})
        assets = [
            {
                "name": name,
                "state": "uploaded",
                "digest": self.told.get(name),
                "url": f"{request.base}/assets/{name}",
                "browser_download_url": f"{request.base}/files/{name}",
            }
            for name in self.files
        ]
        return Reply(200, {"tag_name": "v1.0.0", "prerelease": self.prerelease, "assets": assets})

    @route("GET", "/assets/(?P<name>[^/]+)")
    def private(self, request: Request, name: str) -> Reply:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return Reply(404, {"message": "Not Found"})
        return self.file(request, name)

    @route("GET", "/(?:files|.+/download/v1.0.0)/(?P<name>[^/]+)")
    def file(self, request: Request, name: str) -> Reply:
        data = self.files.get(name)
        if data is None:
            return Reply(404, {"message": "Not Found"})
        tag = f'"{hashlib.sha256(data).hexdigest()}"'
        if name in self.cut:  # promise all, send half
            self.cut.remove(name)
            if self.after_cut:
                self.files[name] = self.after_cut
            headers = {"Content-Length": str(len(data)), "Connection": "close", "ETag": tag}
            return Reply(200, data[: len(data) // 2], headers)
        start = request.headers.get("Range", "").removeprefix("bytes=").rstrip("-")
        unchanged = request.headers.get("If-Range", tag) == tag
        if start and unchanged:
            return Reply(206, data[int(start) :], {"Content-Range": f"bytes {start}-{len(data) - 1}/{len(data)}"})
        return Reply(200, data)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    with running(Host(tmp_path / "host")) as host:
        yield host


class GitHubOptions(Options):
    api: str
    web: str


Stores = Callable[..., ArtifactStore]


@pytest.fixture
def store(tmp_path: Path, host: Host) -> Stores:
    def make(
        artifacts: Mapping[str, Any], *, work: str = "work", environ: Mapping[str, str] | None = None, **project: Any
    ) -> ArtifactStore:
        clock, log = Clock(), Log(Bus())
        return ArtifactStore(
            Project.model_validate(
                {**PROJECT, "artifacts": {"targets": [str(LINUX), str(WINDOWS)], **artifacts}, **project}
            ),
            Version.parse("1.0.0"),
            tmp_path,
            tmp_path / work,
            http=Http(clock, patience=IMPATIENT, timeout=5, loopback_only=True),
            processes=Processes(),
            environ=environ or {},
            clock=clock,
            log=log,
            options={"github": GitHubOptions(api=host.url, web=host.url)},
        )

    return make


@pytest.fixture
def released(tmp_path: Path, host: Host) -> Path:
    """The release files, on the host and in the folder that is returned."""
    for artifact in release_files(tmp_path / "dist", "1.0.0", [str(LINUX), str(WINDOWS)]):
        host.add(artifact.path)
    return tmp_path / "dist"


def refused(store: ArtifactStore, frozen: Mapping[str, str] | None = None, target: Target = LINUX) -> DeployForgeError:
    with pytest.raises(DeployForgeError) as caught:
        store.obtain(target, frozen or {})
    assert caught.value.hint
    return caught.value


# --- names


def test_a_release_url_is_that_of_the_hub(store: Stores, host: Host) -> None:
    url = store({}).release_url(LINUX_FILE)
    assert url == f"{host.url}/hello-makers/hello-forge/releases/download/v1.0.0/{LINUX_FILE}"


def test_the_url_of_a_file_that_is_here_follows_the_options(store: Stores, released: Path) -> None:
    store({}).obtain(LINUX, {})
    moved = store({}, source={"repo": "hello-makers/moved"})

    assert moved.get(LINUX).url == moved.release_url(LINUX_FILE)


def test_names_can_use_other_words_and_no_extension(store: Stores) -> None:
    named = store(
        {
            "asset": "hello_{os}_{arch}.{ext}",
            "ext": {"default": "", "windows": "exe"},
            "words": {"amd64": "x86_64", "linux": "Linux"},
        }
    )
    assert [named.asset_name(t) for t in named.targets] == ["hello_Linux_x86_64", "hello_windows_x86_64.exe"]


# --- a GitHub release


def test_a_release_is_fetched_unpacked_and_remembered(store: Stores, released: Path) -> None:
    made = store({}).obtain(LINUX, {})
    assert (made.name, made.sha256) == (LINUX_FILE, digest(released / LINUX_FILE))
    assert made.executable.name == "hello-forge"
    assert store({}).get(LINUX) == made


def test_a_fetched_release_file_is_not_asked_for_again(store: Stores, host: Host, released: Path) -> None:
    first = store({}).obtain(LINUX, {})
    host.journal.clear()
    assert store({}).obtain(LINUX, {LINUX_FILE: first.sha256}) == first
    assert host.journal == []


def test_a_changed_copy_on_disk_is_fetched_anew(store: Stores, released: Path) -> None:
    first = store({}).obtain(LINUX, {})
    first.path.write_bytes(b"changed")
    assert store({}).obtain(LINUX, {}).sha256 == first.sha256 == digest(first.path)


def test_a_private_release_needs_its_token(store: Stores, host: Host, released: Path) -> None:
    host.token = "github_pat_0123456789"
    assert refused(store({})).code == "DF3103"
    assert store({}, environ={"GITHUB_TOKEN": host.token}).obtain(LINUX, {}).name == LINUX_FILE
    named = {"credentials": {"github": {"token": "MINE"}}}
    assert store({}, work="other", environ={"MINE": host.token}, **named).obtain(LINUX, {}).name == LINUX_FILE


def test_a_download_that_breaks_off_is_resumed(store: Stores, host: Host, tmp_path: Path) -> None:
    path = pack(tmp_path, program(), Entry("data", os.urandom(4 << 20)))
    host.add(path)
    host.cut.add(LINUX_FILE)
    assert store({}).obtain(LINUX, {}).sha256 == digest(path)
    assert [status for _, asked, status in host.journal if asked.endswith(LINUX_FILE)] == [200, 206]


def test_a_file_that_changes_in_mid_download_is_never_pieced_together(
    store: Stores, host: Host, tmp_path: Path
) -> None:
    host.add(pack(tmp_path, program(), Entry("data", os.urandom(4 << 20))), told=False)
    other = pack(tmp_path / "other", program(), Entry("data", os.urandom(4 << 20)))
    host.cut.add(LINUX_FILE)
    host.after_cut = other.read_bytes()
    made = store({}).obtain(LINUX, {})
    assert made.sha256 == digest(other)
    assert not list(made.path.parent.glob("*.part*"))


def test_a_missing_file_of_a_release_is_named_with_the_nearest(store: Stores, released: Path) -> None:
    error = refused(store({"asset": "hello-forge-{version}-{os}-{arch}.tgz"}))
    assert (error.code, LINUX_FILE in error.hint) == ("DF3102", True)


def test_a_prerelease_can_be_refused(store: Stores, host: Host, released: Path) -> None:
    host.prerelease = True
    assert refused(store({"prerelease": "refused"})).code == "DF3104"
    assert store({}).obtain(LINUX, {}).name == LINUX_FILE


# --- digests


def test_a_file_that_differs_from_the_frozen_one_is_refused_with_both_digests(store: Stores, released: Path) -> None:
    error = refused(store({}), {LINUX_FILE: "0" * 64})
    assert error.code == "DF3110"
    assert digest(released / LINUX_FILE) in error.message
    assert "0" * 64 in error.message


def test_a_file_that_differs_from_the_hosts_digest_is_refused_and_not_kept(
    store: Stores, host: Host, released: Path
) -> None:
    good = host.told[LINUX_FILE]
    host.told[LINUX_FILE] = "sha256:" + "1" * 64
    assert refused(store({})).code == "DF3111"
    host.told[LINUX_FILE] = good
    assert store({}).obtain(LINUX, {}).sha256


def test_a_file_of_checksums_is_looked_at_when_the_host_tells_nothing(
    store: Stores, host: Host, released: Path
) -> None:
    host.told[LINUX_FILE] = None
    host.files["checksums.txt"] = f"{'2' * 64} *{LINUX_FILE}\n".encode()
    assert "checksums.txt says" in refused(store({})).message


def test_checksums_that_are_asked_for_must_be_there(store: Stores, host: Host, released: Path) -> None:
    host.told[LINUX_FILE] = None
    assert refused(store({"checksums": {"from": "host"}})).code == "DF3112"
    assert refused(store({"checksums": {"from": "file"}})).code == "DF3113"


# --- URLs and folders


def test_urls_are_patterns(store: Stores, host: Host, released: Path) -> None:
    urls = store({"from": "urls", "urls": {"default": host.url + "/files/{asset}"}})
    assert urls.obtain(WINDOWS, {}).url == urls.release_url(WINDOWS_FILE) == f"{host.url}/files/{WINDOWS_FILE}"


def test_another_url_is_tried_when_the_first_has_nothing(store: Stores, host: Host, released: Path) -> None:
    source = {"from": "urls", "urls": {"default": host.url + "/nowhere"}}
    with pytest.raises(NetworkError):
        store(source).obtain(LINUX, {})
    made = store({**source, "fallback": [host.url + "/gone", host.url + "/files/{asset}"]}).obtain(LINUX, {})
    assert made.sha256 == digest(released / LINUX_FILE)


def test_a_folder_is_searched_with_its_subfolders(store: Stores, released: Path) -> None:
    (released / "linux").mkdir()
    (released / LINUX_FILE).rename(released / "linux" / LINUX_FILE)
    folder = store({"from": "directory"})
    assert folder.obtain(LINUX, {}).name == LINUX_FILE
    assert folder.inputs(LINUX) == [released / "linux" / LINUX_FILE]


def test_our_own_work_folder_is_no_place_for_release_files(store: Stores, released: Path) -> None:
    for _ in range(2):
        assert (
            store({"from": "directory", "directory": "."}, work=".deployforge/work").obtain(LINUX, {}).name
            == LINUX_FILE
        )
        (released / LINUX_FILE).touch()


def test_a_missing_file_of_a_folder_is_named_with_the_nearest(store: Stores, released: Path) -> None:
    error = refused(store({"from": "directory", "asset": "hello-forge_{version}_{os}_{arch}.{ext}"}))
    assert (error.code, error.hint) == ("DF3105", f"did you mean `{LINUX_FILE}`?")


# --- builds


def test_a_build_is_packed_reproducibly(store: Stores, tmp_path: Path) -> None:
    made = [store({"from": "build", "build": BUILD}, work=work).obtain(WINDOWS, {}) for work in ("one", "two")]
    assert made[0].name == WINDOWS_FILE
    assert made[0].sha256 == made[1].sha256 == digest(release_files(tmp_path / "x", "1.0.0", [str(WINDOWS)])[0].path)


def test_a_build_is_made_again_only_when_its_inputs_changed(store: Stores, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = tmp_path / "in" / "a"
    source.write_text("1")
    log = tmp_path / "log"
    program = executable(LINUX, "1.0.0")
    script = f"import shutil,sys; shutil.copy({str(program)!r}, sys.argv[1]); open({str(log)!r}, 'a').write('x')"
    built = store({"from": "build", "build": {"command": ["{python}", "-c", script, "{output}"], "inputs": ["in/*"]}})
    for _ in range(2):
        built.obtain(LINUX, {})
    assert log.read_text() == "x"
    source.write_text("2")
    built.obtain(LINUX, {})
    assert log.read_text() == "xx"


def test_a_build_that_comes_out_different_gives_way_to_the_published_one(
    store: Stores, host: Host, released: Path
) -> None:
    write_atomic(
        released / "x" / LINUX_FILE,
        tar_bytes([Entry("hello-forge", executable(LINUX, "1.0.0"), 0o755), Entry("more", b"")]),
    )
    host.add(released / "x" / LINUX_FILE)
    known = digest(released / "x" / LINUX_FILE)
    assert store({"from": "build", "build": BUILD}).obtain(LINUX, {LINUX_FILE: known}).sha256 == known


def test_a_build_that_comes_out_different_is_refused_when_nothing_is_published(store: Stores) -> None:
    assert refused(store({"from": "build", "build": BUILD}), {LINUX_FILE: "3" * 64}).code == "DF3110"


def test_a_build_that_writes_nothing_is_an_error(store: Stores) -> None:
    assert refused(store({"from": "build", "build": {"command": [sys.executable, "-c", ""]}})).code == "DF3107"


def test_a_build_may_be_one_text(store: Stores) -> None:
    command = f'"{sys.executable}" "{EXAMPLE / "build.py"}" {{target}} {{version}} {{output}}'.replace("\\", "/")
    if sys.platform == "win32":
        pytest.skip("quotes mean something else there")
    assert store({"from": "build", "build": {"command": command}}).obtain(LINUX, {}).name == LINUX_FILE


# --- the program inside


def pack(folder: Path, *entries: Entry, name: str = LINUX_FILE) -> Path:
    path = folder / "dist" / name
    write_atomic(path, zip_bytes(entries) if name.endswith(".zip") else tar_bytes(entries))
    return path


def program(version: str = "1.0.0", target: Target = LINUX, name: str = "hello-forge") -> Entry:
    return Entry(name, executable(target, version), 0o755)


def test_the_program_lies_where_the_pattern_says(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program(name="hello-linux/bin/hello"), Entry("hello-linux/README", b"r"))
    made = store({"from": "directory", "binary_path": {"default": "hello-{os}/bin/hello"}}).obtain(LINUX, {})
    assert made.executable.read_bytes() == executable(LINUX, "1.0.0").read_bytes()


def test_a_missing_program_is_told_with_what_is_there(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program(name="other"))
    error = refused(store({"from": "directory"}))
    assert (error.code, "it holds other" in error.message) == ("DF3114", True)


def test_an_archive_that_leaves_its_folder_is_refused(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program(), Entry("../evil", b"e"))
    assert refused(store({"from": "directory"})).code == "DF3122"
    assert not list(tmp_path.rglob("evil"))


def test_a_program_for_another_target_is_refused(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program(target=Target("linux", "arm64")))
    error = refused(store({"from": "directory"}))
    assert (error.code, "is built for linux/arm64" in error.message) == ("DF3115", True)


def test_a_page_instead_of_a_program_is_refused(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, Entry("hello-forge", b"<html>404</html>", 0o755))
    assert refused(store({"from": "directory"})).code == "DF3115"


@pytest.mark.skipif(sys.platform != "linux", reason="the program of linux/amd64 runs on Linux")
def test_a_program_that_says_another_version_is_refused(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program("9.9.9"))
    error = refused(store({"from": "directory"}))
    assert (error.code, "hello-forge 9.9.9" in error.message) == ("DF3117", True)


@pytest.mark.parametrize("inside", [True, False])
def test_a_runtime_file_comes_from_the_release_file_or_the_project(store: Stores, tmp_path: Path, inside: bool) -> None:
    write_atomic(tmp_path / "configs" / "default.yaml", "project")
    pack(tmp_path, program(), *([Entry("configs/default.yaml", b"release")] if inside else []))
    binary = {"name": "hello-forge", "runtime_files": [{"src": "configs/default.yaml"}]}
    made = store({"from": "directory"}, binary=binary).obtain(LINUX, {})
    assert [f.read_text() for f in made.runtime_files] == ["release" if inside else "project"]


def test_a_required_runtime_file_that_is_nowhere_is_an_error(store: Stores, tmp_path: Path) -> None:
    pack(tmp_path, program())
    files = [{"src": "a.yaml", "required": False}, {"src": "b.yaml"}]
    error = refused(store({"from": "directory"}, binary={"name": "hello-forge", "runtime_files": files}))
    assert (error.code, "b.yaml" in error.message) == ("DF3116", True)


def test_a_bare_executable_is_a_release_file_too(store: Stores, tmp_path: Path) -> None:
    (tmp_path / "dist").mkdir()
    shutil.copyfile(executable(LINUX, "1.0.0"), tmp_path / "dist" / "hello-linux")
    made = store({"from": "directory", "asset": "hello-{os}", "ext": {"default": ""}}).obtain(LINUX, {})
    assert made.executable.name == "hello-forge"
    assert made.sha256 == hashlib.sha256(made.executable.read_bytes()).hexdigest()


def test_what_was_never_obtained_is_an_error_that_names_the_task(store: Stores) -> None:
    with pytest.raises(ArtifactError) as caught:
        store({}).get(LINUX)
    assert caught.value.hint == "run `doit fetch:linux-amd64`"
