from __future__ import annotations

import os
import platform as machine
import pwd
import shutil
import subprocess
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import CredentialError, PublishError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import Entry, digest, tar_bytes, write_atomic
from deployforge_tasks.platforms._aur_files import srcinfo
from deployforge_tasks.platforms.aur import Aur
from deployforge_tasks.platforms.base import Job
from tests.support import sshd
from tests.support.git_places import LINUX, GitCase, aur_over_http, aur_over_ssh
from tests.support.jobs import packaged, publish

AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0
needs_makepkg = pytest.mark.skipif(
    not all(shutil.which(tool) for tool in ("makepkg", "pacman", "fakeroot", "bsdtar"))
    or (AS_ROOT and shutil.which("setpriv") is None),
    reason="makepkg, pacman, fakeroot and bsdtar are not on this machine",
)


@pytest.fixture
def http(tmp_path: Path) -> Iterator[GitCase]:
    with aur_over_http(tmp_path) as case:
        yield case


@pytest.fixture(
    params=[
        "http",
        pytest.param("ssh", marks=pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")),
    ]
)
def aur(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitCase]:
    """The stand-in over http, and a real sshd."""
    with aur_over_http(tmp_path) if request.param == "http" else aur_over_ssh(tmp_path) as case:
        yield case


def folder_of(job: Job[Any]) -> Path:
    return job.workdir / "package"


def as_builder(folder: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    """Run a program as an ordinary user who owns the folder: makepkg refuses root."""
    command = list(argv)
    if AS_ROOT:
        subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
        command = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *argv]
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "LANG": "C.UTF-8"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that an ordinary user can reach (pytest's own cannot be entered by others)."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="deployforge-aur-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@needs_makepkg
@pytest.mark.parametrize(
    ("version", "options", "project"),
    [
        ("1.0.0", {}, {}),
        ("1.0.0-rc.1", {"epoch": 2, "pkgrel": 3, "depends": ["glibc", "zlib>=1.2"], "provides": []}, {}),
        ("1.2.3", {"license": "MIT OR Apache-2.0"}, {"description": 'It\'s a "quoted" $(touch x) `y` thing'}),
        ("1.2.3", {"conflicts": ["other"]}, {"homepage": None, "source": {}}),
    ],
)
def test_our_srcinfo_is_the_one_that_makepkg_prints(
    http: GitCase, open_folder: Path, version: str, options: dict[str, Any], project: dict[str, Any]
) -> None:
    job = packaged(http.platform, http.job(version, options=options, project=project))
    build = open_folder / "build"
    shutil.copytree(folder_of(job), build)
    done = as_builder(build, "makepkg", "--printsrcinfo")
    assert done.returncode == 0, done.stderr
    assert done.stdout == (folder_of(job) / ".SRCINFO").read_text("utf-8")


@needs_makepkg
@pytest.mark.skipif(machine.machine() not in ("x86_64", "aarch64"), reason="no release file for this machine")
@pytest.mark.parametrize("layout", ["plain", "runtime files", "bare"])
def test_makepkg_builds_what_was_published_and_pacman_installs_it(
    http: GitCase, open_folder: Path, layout: str
) -> None:
    job = in_layout(http, layout)
    publish(http.platform, job)
    build, root = open_folder / "build", open_folder / "root"
    url = http.platform.place(job, write=False).url
    subprocess.run(["git", "clone", "-q", url, str(build)], check=True)
    done = as_builder(build, "makepkg", "--force", "--nodeps", "--noconfirm")
    assert done.returncode == 0, done.stdout + done.stderr
    (package,) = build.glob("*.pkg.tar*")
    (root / "var/lib/pacman").mkdir(parents=True)
    install = ["fakeroot", "--", "pacman", "-U", "--noconfirm", "--root", str(root)]
    subprocess.run([*install, "--dbpath", str(root / "var/lib/pacman"), str(package)], check=True, capture_output=True)
    program = root / "usr/bin/hello-forge"
    if program.is_symlink():
        program = root / str(program.readlink()).lstrip("/")
        assert (program.parent / "default.yaml").read_text() == "a: 1\n"
    assert subprocess.check_output([program, "--version"], text=True) == "hello-forge 1.0.0\n"


def in_layout(case: GitCase, layout: str) -> Job[Any]:
    """A job whose release files are laid out in another way."""
    job = case.job()
    if layout == "plain":
        return job
    changed = []
    for original in job.artifacts:
        path = case.releases / f"hello-forge-{original.target.slug}{'' if layout == 'bare' else '.tar.gz'}"
        if layout == "bare":
            path.write_bytes(original.executable.read_bytes())
        else:
            program = Entry("hello 1/hello-forge", original.executable, 0o755)
            write_atomic(path, tar_bytes([program, Entry("hello 1/default.yaml", b"a: 1\n")]))
        files = () if layout == "bare" else (Path("default.yaml"),)
        url = f"{case.release_url}/{path.name}"
        changed.append(replace(original, name=path.name, path=path, url=url, sha256=digest(path), runtime_files=files))
    return replace(job, load_artifacts=lambda: changed)


@needs_makepkg
@pytest.mark.skipif(machine.machine() not in ("x86_64", "aarch64"), reason="no release file for this machine")
def test_verifying_as_an_ordinary_user_builds_and_installs_with_archs_tools(http: GitCase, open_folder: Path) -> None:
    publish(http.platform, http.job())
    job = replace(http.job(), workdir=open_folder / "work")
    warm = http.platform.verify(job)  # as we are; loads every module, so that the child needs none of our files
    method, client, said = in_child(open_folder, lambda: http.platform.verify(job)) if AS_ROOT else told(warm)
    assert (method, said) == ("install", "hello-forge 1.0.0")
    assert client.startswith("makepkg")


def told(evidence: Evidence) -> list[str]:
    return [evidence.method, evidence.client, evidence.said or evidence.reason]


def in_child(folder: Path, verify: Callable[[], Evidence]) -> list[str]:
    """Verify in a child process that is no longer root."""
    subprocess.run(["chown", "-R", "nobody", str(folder)], check=True)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the child uses none of our threads
        child = os.fork()
    if child == 0:
        try:
            os.setgid(pwd.getpwnam("nobody").pw_gid)
            os.setuid(pwd.getpwnam("nobody").pw_uid)
            os.environ["HOME"] = str(folder)
            os.chdir(folder)
            answer = told(verify())
        except Exception as error:
            answer = ["failed", type(error).__name__, str(error)]
        os.write(writer, "|".join(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return text.split("|")


def test_a_package_is_made_by_its_first_push(aur: GitCase) -> None:
    assert aur.platform.presence(aur.job()).state is State.ABSENT
    job = publish(aur.platform, aur.job())
    presence = aur.platform.presence(job)
    assert (presence.state, presence.by) == (State.SAME, "digest")
    assert aur.platform.presence(aur.job()).state is State.SAME
    assert str(presence.looks[0].status).startswith("master at ")


def test_the_next_version_is_one_more_commit(aur: GitCase) -> None:
    publish(aur.platform, aur.job("1.0.0-rc.1"))
    publish(aur.platform, aur.job("1.0.0"))
    assert aur.platform.presence(aur.job("1.0.0")).state is State.SAME
    assert aur.platform.presence(aur.job("1.0.0-rc.1")).state is State.SAME
    with aur.platform.open(aur.job()) as repository:
        assert len(repository.history(".SRCINFO")) == 2


def test_an_older_version_is_refused(aur: GitCase) -> None:
    publish(aur.platform, aur.job("1.0.0"))
    job = packaged(aur.platform, aur.job("1.0.0-rc.1"))
    assert aur.platform.presence(job).state is State.ABSENT
    with pytest.raises(PublishError, match="newer"):
        aur.platform.publish(job, aur.platform.pieces(job))


def test_a_push_with_another_credential_is_refused_and_publishes_nothing(aur: GitCase, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    wrong = {"ssh_key": (tmp_path / "other").read_text(), "token": "surely-wrong-token"}
    job = packaged(aur.platform, aur.job(secrets=wrong))
    with pytest.raises(CredentialError):
        aur.platform.publish(job, aur.platform.pieces(job))
    assert "AUR-004" in [f.id for f in aur.platform.preflight(job)]
    assert aur.platform.presence(aur.job()).state is State.ABSENT


def test_its_own_credential_passes_the_preflight_and_publishes_nothing(aur: GitCase) -> None:
    job = packaged(aur.platform, aur.job())
    assert aur.platform.preflight(job) == []
    assert aur.platform.presence(job).state is State.ABSENT


def test_a_rollback_publishes_the_earlier_files_with_a_higher_epoch(aur: GitCase) -> None:
    publish(aur.platform, aur.job("1.0.0"))
    job = publish(aur.platform, aur.job("1.1.0"))
    rollback = aur.platform.rollback(job, Version.parse("1.0.0"))
    assert "1:1.0.0" in rollback.done[0]
    assert "epoch: 1" in rollback.manual[0].text
    with aur.platform.open(aur.job()) as repository:
        fields = srcinfo(repository.read(".SRCINFO") or "")
        assert (fields["pkgver"], fields["epoch"]) == (["1.0.0"], ["1"])
        assert "\npkgrel=1\nepoch=1\n" in (repository.read("PKGBUILD") or "")
    assert aur.platform.presence(aur.job("1.1.0")).state is State.WITHDRAWN
    assert aur.platform.rollback(job, Version.parse("1.0.0")).done


def test_after_a_rollback_the_next_version_needs_the_epoch(http: GitCase) -> None:
    publish(http.platform, http.job("1.0.0"))
    http.platform.rollback(publish(http.platform, http.job("1.1.0")), Version.parse("1.0.0"))
    next_one = packaged(http.platform, http.job("1.2.0"))
    assert [f.id for f in http.platform.preflight(next_one)] == ["AUR-028"]
    ready = publish(http.platform, http.job("1.2.0", options={"epoch": 1}))
    assert http.platform.preflight(ready) == []


def test_the_first_version_can_only_be_deleted_by_request(http: GitCase) -> None:
    rollback = http.platform.rollback(publish(http.platform, http.job()), None)
    assert rollback.done == ()
    assert "deletion" in rollback.manual[0].text


def test_a_second_file_that_was_spoilt_is_written_again(http: GitCase) -> None:
    job = publish(http.platform, http.job())
    platform: Any = http.platform
    with platform.open(job, write=True) as repository:
        files = {"PKGBUILD": b"# empty\n"}
        repository.push(repository.commit(files, "spoil", platform.author(job), job.clock.now()))
    presence = http.platform.presence(job)
    assert (presence.state, presence.missing) == (State.DIFFERENT, ("hello-forge-bin",))
    http.platform.publish(job, presence.missing)
    assert http.platform.presence(job).state is State.SAME


def test_the_stand_in_refuses_what_the_aur_refuses(http: GitCase) -> None:
    job = packaged(http.platform, http.job())
    with http.platform.open(job, write=True) as repository:
        platform: Any = http.platform
        commit = repository.commit({"PKGBUILD": b"x"}, "m", platform.author(job), job.clock.now())
        with pytest.raises(PublishError, match=r"missing \.SRCINFO"):
            repository.push(commit)


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
def test_what_is_no_private_key_is_told_with_where_it_was_found(tmp_path: Path) -> None:
    with aur_over_ssh(tmp_path) as case:
        job = case.job(secrets={"ssh_key": "ssh-ed25519 AAAA the public half"})
        (found,) = [f.message for f in case.platform.preflight(packaged(case.platform, job)) if f.id == "AUR-027"]
    assert found == "what test has is no private key"


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
def test_a_server_with_another_host_key_is_not_talked_to(tmp_path: Path) -> None:
    with aur_over_ssh(tmp_path) as case:
        job = case.job(options={"host_key": endpoints.AUR_HOST_KEY})
        with pytest.raises(CredentialError, match="host key"):
            case.platform.presence(job)


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
def test_no_key_is_left_on_disk(tmp_path: Path) -> None:
    with aur_over_ssh(tmp_path) as case:
        job = publish(case.platform, case.job())
        lines = case.secrets["ssh_key"].splitlines()
        held = [p for p in job.workdir.rglob("*") if p.is_file() and lines[1].encode() in p.read_bytes()]
        assert held == []


def test_the_aurs_own_host_key_is_expected_when_no_server_is_named(http: GitCase) -> None:
    platform: Any = http.platform
    place = platform.place(http.job(options={"server": None}, secrets={"ssh_key": "k" * 8}), write=True)
    assert place.url == "ssh://aur@aur.archlinux.org/hello-forge-bin.git"
    assert place.access.host_key == endpoints.AUR_HOST_KEY
    reading = platform.place(http.job(options={"server": None}, secrets={}), write=False)
    assert reading.url == "https://aur.archlinux.org/hello-forge-bin.git"


def test_it_is_verified_by_downloading_as_root_or_without_makepkg(
    http: GitCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deployforge_tasks.platforms._aur_verify.which", lambda tool: None)
    evidence = http.platform.verify(publish(http.platform, http.job()))
    assert (evidence.method, evidence.reason) == ("download", "makepkg is not on this machine")


@pytest.mark.parametrize(
    ("options", "targets", "expected"),
    [
        ({"package": "Hello Forge-bin"}, LINUX, "AUR-020"),
        ({}, ("darwin/arm64",), "AUR-022"),
        ({"branch": "main"}, LINUX, "AUR-023"),
        ({"package": "hello-forge"}, LINUX, "AUR-025"),
    ],
)
def test_what_the_aur_would_refuse_is_found_before_publishing(
    http: GitCase, options: dict[str, Any], targets: tuple[str, ...], expected: str
) -> None:
    job = http.job(options=options, targets=targets)
    assert expected in {f.id for f in http.platform.preflight(job)}


@pytest.mark.parametrize(
    ("version", "pkgver"), [("1.0.0", "1.0.0"), ("1.0.0-rc.1", "1.0.0rc.1"), ("1.0.0-beta-2", "1.0.0beta_2")]
)
def test_a_pkgver_is_understood_as_the_version_it_was_made_from(version: str, pkgver: str) -> None:
    assert Aur().spelled(Version.parse(version)) == pkgver
    assert Aur().parsed(pkgver) == Version.parse(version)
