"""npm packages: what is in them, the starter that runs the program, and what is checked before publishing."""

from __future__ import annotations

import functools
import http.server
import json
import shutil
import subprocess
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.effects.files import Entry, tar_bytes, zip_bytes
from deployforge_tasks.platforms._npm_names import NpmOptions
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.npm import Npm
from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from deployforge_tasks.rehearsal.stand_ins.npm import Npm as Registry
from tests.support.jobs import make_job, packaged, publish
from tests.support.running import running

NPM = Npm()
MAIN = "hello-forge"
needs_npm = pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not on this machine")
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Registry]:
    with running(Registry(tmp_path / "registry")) as registry:
        yield registry


# --- packages -----------------------------------------------------------------------------------------------------


def read(job: Job[Any], name: str, member: str) -> tuple[str, int]:
    assert job.package is not None
    with tarfile.open(job.workdir / str(job.package.piece(name).path)) as tar:
        info = tar.getmember(f"package/{member}")
        file = tar.extractfile(info)
        assert file is not None
        return file.read().decode("utf-8", "replace"), info.mode


@pytest.fixture
def offline(tmp_path: Path) -> Job[Any]:
    options = {"registry": "http://127.0.0.1:9"}
    return packaged(NPM, make_job(NPM, tmp_path, options=options, targets=("linux/amd64/musl", "windows/arm64")))


def test_a_target_package_names_its_computer_and_carries_an_executable(offline: Job[Any]) -> None:
    name = f"{MAIN}-linux-x64-musl"
    manifest = json.loads(read(offline, name, "package.json")[0])
    assert (manifest["os"], manifest["cpu"], manifest["libc"]) == (["linux"], ["x64"], ["musl"])
    assert read(offline, name, "bin/hello-forge")[1] == 0o755


def test_the_main_package_pins_its_parts_exactly_and_has_no_scripts(offline: Job[Any]) -> None:
    manifest = json.loads(read(offline, MAIN, "package.json")[0])
    assert manifest["optionalDependencies"] == {f"{MAIN}-linux-x64-musl": "1.0.0", f"{MAIN}-win32-arm64": "1.0.0"}
    assert manifest["repository"]["url"] == "git+https://github.com/hello-makers/hello-forge.git"
    assert "scripts" not in manifest


@needs_node
def test_the_starter_explains_when_its_part_was_left_out(tmp_path: Path) -> None:
    job = packaged(NPM, make_job(NPM, tmp_path))
    starter = job.workdir / "rendered" / "main" / "bin" / "hello-forge.js"
    done = subprocess.run(["node", starter], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "--omit=optional" in done.stderr
    assert f"npm install {MAIN}@1.0.0" in done.stderr


@needs_node
def test_the_starter_names_the_systems_that_have_a_program(tmp_path: Path) -> None:
    job = packaged(NPM, make_job(NPM, tmp_path, targets=("windows/amd64",)))
    starter = job.workdir / "rendered" / "main" / "bin" / "hello-forge.js"
    done = subprocess.run(["node", starter], capture_output=True, text=True, check=False)
    assert "there is one for: win32-x64" in done.stderr


@needs_node
def test_the_starter_hands_over_arguments_exit_code_and_signals(tmp_path: Path) -> None:
    job = packaged(NPM, make_job(NPM, tmp_path, options={"strategy": "bundle"}, targets=("linux/amd64",)))
    root = job.workdir / "rendered" / "main"
    program = root / "vendor" / "linux-x64" / "hello-forge"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\n[ "$1" = die ] && kill -TERM $$\necho "$@"\nexit 7\n')
    program.chmod(0o755)
    starter = root / "bin" / "hello-forge.js"
    done = subprocess.run(["node", starter, "a b", "-c"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (7, "a b -c\n")
    assert subprocess.run(["node", starter, "die"], check=False).returncode == -15


def test_the_seeds_options_load(tmp_path: Path) -> None:
    options = {"scope": "@acme", "registry": "http://127.0.0.1:9/", "binary_wrapper": "./wrappers/node"}
    job = make_job(NPM, tmp_path, options=options, targets=("linux/amd64",))
    assert NPM.pieces(job) == ["@acme/hello-forge-linux-x64", "@acme/hello-forge"]
    assert [option for option, _, _ in job.options.advice()] == ["scope", "binary_wrapper"]


# --- the starter that downloads -----------------------------------------------------------------------------------


@pytest.fixture
def releases(tmp_path: Path) -> Iterator[str]:
    """URL of the folder with the release files."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    folder = tmp_path / "artifacts" / "1.0.0"
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as files:
        threading.Thread(target=files.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{files.server_address[1]}"
        files.shutdown()


def downloading(stand_in: Registry, releases: str, folder: Path, **kwargs: Any) -> Job[Any]:
    options = {"registry": stand_in.url, "strategy": "download"}
    return make_job(NPM, folder, options=options, secrets={"token": TOKEN}, release_url=releases, **kwargs)


@needs_npm
def test_the_program_is_downloaded_on_its_first_start_and_runs(
    stand_in: Registry, releases: str, tmp_path: Path
) -> None:
    job = publish(NPM, downloading(stand_in, releases, tmp_path))
    assert NPM.pieces(job) == [MAIN]
    assert "1.0.0" in NPM.verify(job).said


@needs_npm
def test_a_release_file_that_changed_is_refused_by_the_starter(
    stand_in: Registry, releases: str, tmp_path: Path
) -> None:
    job = publish(NPM, downloading(stand_in, releases, tmp_path))
    job = replace(job, load_artifacts=list)
    for file in (tmp_path / "artifacts" / "1.0.0").iterdir():
        file.write_bytes(b"something else")
    with pytest.raises(VerifyError, match="nothing was installed"):
        NPM.verify(job)


@needs_node
@pytest.mark.parametrize("ending", ["tar.gz", "zip", ""])
def test_the_starter_unpacks_each_kind_of_release_file(tmp_path: Path, ending: str) -> None:
    deep = f"{'long-folder-name/' * 8}hello-forge"
    entries = [Entry("README", b"read me"), Entry(deep, b"the program", 0o755)]
    data = {"tar.gz": tar_bytes(entries), "zip": zip_bytes(entries), "": b"the program"}[ending]
    file = tmp_path / "release"
    file.write_bytes(data)
    unpack = (
        Path(__file__).parents[2] / "templates" / "npm" / "download" / "{{cookiecutter.root}}" / "lib" / "unpack.js"
    )
    script = (
        "const [, unpack, file, ending] = process.argv;"
        "const data = require('node:fs').readFileSync(file);"
        "for (const [name, content] of require(unpack).members(`http://host/x.${ending}`, data, 'hello-forge'))"
        " console.log(name, content.toString());"
    )
    done = subprocess.run(["node", "-e", script, unpack, file, ending], capture_output=True, text=True, check=True)
    expected = f"README read me\n{deep} the program\n" if ending else "hello-forge the program\n"
    assert done.stdout == expected


def test_only_downloads_wait_for_the_release(tmp_path: Path) -> None:
    assert NPM.hubs(NpmOptions(strategy="download")) == ("github",)
    assert NPM.hubs(NpmOptions()) == ()


def test_a_release_file_that_the_starter_cannot_unpack_is_found_before(tmp_path: Path) -> None:
    job = make_job(NPM, tmp_path, options={"strategy": "download"}, targets=("linux/amd64",))
    findings = NPM.preflight(replace(job, asset_name=lambda target: f"hello-{target.slug}.tar.xz"))
    assert "NPM-010" in {f.id for f in findings}


# --- what is found before -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["Hello", "hello world", "x" * 215])
def test_names_that_npm_refuses_are_found_before(tmp_path: Path, name: str) -> None:
    job = make_job(NPM, tmp_path, options={"package": name, "registry": "http://127.0.0.1:9"})
    assert "NPM-001" in {f.id for f in NPM.preflight(job)}


def test_a_version_with_four_numbers_is_found_before(tmp_path: Path) -> None:
    job = make_job(NPM, tmp_path, version="1.0.0.1")
    assert "NPM-003" in {f.id for f in NPM.preflight(job) if f.level is Level.ERROR}
