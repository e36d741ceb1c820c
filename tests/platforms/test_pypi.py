"""PyPI, against our stand-in and a real pypiserver with the same tests, with pip and twine as clients."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from packaging.metadata import Metadata
from packaging.utils import parse_wheel_filename

from deployforge_tasks.core.errors import CredentialError, NetworkError, PublishError, StatusError, VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.redact import redactor
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.clock import Patience
from deployforge_tasks.platforms import _pypi_verify
from deployforge_tasks.platforms._pypi_package import PypiOptions, index_url, upload_url
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.pypi import Pypi
from deployforge_tasks.rehearsal.stand_ins.pypi import TOKEN, macaroon
from deployforge_tasks.rehearsal.stand_ins.pypi import Pypi as Registry
from tests.support.jobs import make_job, packaged, publish
from tests.support.registries import pypi_server
from tests.support.running import running

Place = tuple[dict[str, Any], str]
PYPI = Pypi()
LINUX = "hello_forge-1.0.0-py3-none-manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64.whl"
WINDOWS = "hello_forge-1.0.0-py3-none-win_amd64.whl"


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Registry]:
    with running(Registry(tmp_path / "registry")) as registry:
        yield registry


@pytest.fixture(params=["stand-in", "pypiserver", "pypiron"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """Somewhere to publish to: the options that point there, and a token."""
    with pypi_server(request.param, tmp_path / "servers") as made:
        yield made


def at(stand_in: Registry) -> dict[str, str]:
    return dict(stand_in.overlay({})["pypi"])


def job_at(place: Place, folder: Path, **kwargs: Any) -> Job[Any]:
    return job_for(place[0], folder, place[1], **kwargs)


def job_for(options: dict[str, Any], folder: Path, token: str = TOKEN, **kwargs: Any) -> Job[Any]:
    more = kwargs.pop("more", {})
    return make_job(PYPI, folder, options={**options, **more}, secrets={"token": token}, **kwargs)


# --- against all servers -----------------------------------------------------------------------------------------


def test_what_is_published_has_our_digests(place: Place, tmp_path: Path) -> None:
    assert PYPI.presence(job_at(place, tmp_path)).state is State.ABSENT
    job = publish(PYPI, job_at(place, tmp_path))
    presence = PYPI.presence(job)
    assert (presence.state, presence.by) == (State.SAME, "digest")


def test_a_version_that_cannot_exist_is_absent_beside_one_that_does(place: Place, tmp_path: Path) -> None:
    publish(PYPI, job_at(place, tmp_path))
    assert PYPI.presence(job_at(place, tmp_path, version="0.0.1")).state is State.ABSENT


def test_a_partial_upload_is_completed(place: Place, tmp_path: Path) -> None:
    job = packaged(PYPI, job_at(place, tmp_path))
    PYPI.publish(job, [WINDOWS])
    presence = PYPI.presence(job)
    assert presence.state is State.PARTIAL
    assert WINDOWS not in presence.missing
    PYPI.publish(job, presence.missing)
    assert PYPI.presence(job).state is State.SAME


def test_other_content_under_the_same_name_is_different_and_refused(place: Place, tmp_path: Path) -> None:
    publish(PYPI, job_at(place, tmp_path))
    other = packaged(PYPI, job_at(place, tmp_path, project={"description": "Another program"}))
    assert PYPI.presence(other).state is State.DIFFERENT
    with pytest.raises(StatusError) as caught:
        PYPI.publish(other, [LINUX])
    assert caught.value.status in (400, 409)  # pypiserver gives 400 to twine only


def test_pip_installs_it_and_the_program_runs(place: Place, tmp_path: Path) -> None:
    job = publish(PYPI, job_at(place, tmp_path))
    evidence = PYPI.verify(job)
    assert evidence.method == "install"
    assert evidence.client.startswith("pip ")
    assert "1.0.0" in evidence.said


def test_pip_installs_a_prerelease_under_pythons_own_spelling(place: Place, tmp_path: Path) -> None:
    job = publish(PYPI, job_at(place, tmp_path, version="1.1.0-rc.2", targets=("linux/amd64",)))
    assert PYPI.pieces(job)[0].startswith("hello_forge-1.1.0rc2-py3-none-")
    assert "1.1.0-rc.2" in PYPI.verify(job).said


def test_pips_own_settings_and_wheel_folders_do_not_help_a_verification(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = packaged(PYPI, job_at(place, tmp_path, targets=("linux/amd64",)))
    job = replace(job, patience=Patience(first=0.01, longest=0.05, total=0.2))
    monkeypatch.setenv("PIP_FIND_LINKS", str(job.workdir / "dist"))
    with pytest.raises(VerifyError, match="is not in the index"):
        PYPI.verify(job)


def test_twine_itself_uploads_our_files(place: Place, tmp_path: Path) -> None:
    job = packaged(PYPI, job_at(place, tmp_path, more={"sdist": True}))
    files = [str(job.workdir / "dist" / name) for name in PYPI.pieces(job)]
    twine = [sys.executable, "-m", "twine"]
    subprocess.run([*twine, "check", "--strict", *files], check=True, capture_output=True)
    account = ["--repository-url", place[0]["registry"], "-u", "__token__", "-p", place[1]]
    quiet = ["--non-interactive", "--disable-progress-bar"]
    subprocess.run([*twine, "upload", *quiet, *account, *files], check=True, capture_output=True)
    assert PYPI.presence(job).state is State.SAME


# --- what only the stand-in can do --------------------------------------------------------------------------------


def test_the_same_bytes_again_are_accepted(stand_in: Registry, tmp_path: Path) -> None:
    job = publish(PYPI, job_for(at(stand_in), tmp_path))
    PYPI.publish(job, [LINUX])
    assert len(stand_in.publications()) == len(PYPI.pieces(job))


def test_a_wrong_token_is_refused_and_never_shown(stand_in: Registry, tmp_path: Path) -> None:
    job = packaged(PYPI, job_for(at(stand_in), tmp_path, "pypi-wrong-canary"))
    with pytest.raises(CredentialError, match=r"refuses .*: 403 Invalid or non-existent authentication") as caught:
        PYPI.publish(job, PYPI.pieces(job))
    assert "canary" not in str(caught.value.as_json())
    assert "canary" not in redactor.text("token pypi-wrong-canary")
    assert stand_in.publications() == []


def test_a_yanked_release_is_withdrawn_with_its_reason(stand_in: Registry, tmp_path: Path) -> None:
    job = publish(PYPI, job_for(at(stand_in), tmp_path))
    stand_in.yank("hello-forge", "1.0.0", "it eats files")
    presence = PYPI.presence(job)
    assert presence.state is State.WITHDRAWN
    assert "it eats files" in presence.reason


def test_a_wheel_for_an_old_release_needs_a_new_version(stand_in: Registry, tmp_path: Path) -> None:
    job = packaged(PYPI, job_for(at(stand_in), tmp_path))
    PYPI.publish(job, [LINUX])
    stand_in.let_days_pass(15)
    with pytest.raises(PublishError, match="older than 14 days") as caught:
        PYPI.publish(job, [WINDOWS])
    assert "new version" in caught.value.hint


def test_a_deleted_file_name_is_spent(stand_in: Registry, tmp_path: Path) -> None:
    job = publish(PYPI, job_for(at(stand_in), tmp_path))
    stand_in.delete(WINDOWS)
    assert PYPI.presence(job).missing == (WINDOWS,)
    with pytest.raises(PublishError, match="never free again"):
        PYPI.publish(job, [WINDOWS])


def test_without_pip_the_wheels_are_downloaded_and_compared(
    stand_in: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = publish(PYPI, job_for(at(stand_in), tmp_path))
    monkeypatch.setattr(_pypi_verify, "_pip", lambda: None)
    evidence = PYPI.verify(job)
    assert (evidence.method, evidence.reason) == ("download", "pip is not on this machine")


def test_a_foreign_wheel_under_our_name_is_not_verified(stand_in: Registry, tmp_path: Path) -> None:
    publish(PYPI, job_for(at(stand_in), tmp_path, project={"description": "Somebody else's"}))
    with pytest.raises(VerifyError, match="is published with sha256"):
        PYPI.verify(packaged(PYPI, job_for(at(stand_in), tmp_path)))


def test_a_page_that_is_no_index_is_not_absent(stand_in: Registry, tmp_path: Path) -> None:
    job = job_for({**at(stand_in), "index": f"{stand_in.url}/files/00"}, tmp_path)
    assert PYPI.presence(job).state is State.ABSENT
    publish(PYPI, job_for(at(stand_in), tmp_path))
    stand_in.answer = lambda request: _page()  # type: ignore[method-assign]  # one test long
    with pytest.raises(NetworkError):
        PYPI.presence(job_for(at(stand_in), tmp_path))


def _page() -> Any:
    from deployforge_tasks.rehearsal.server import Reply

    return Reply(200, "<html><p>We are down for maintenance", {"Content-Type": "text/html"})


def test_a_rollback_is_a_manual_step_with_its_link(stand_in: Registry, tmp_path: Path) -> None:
    job = job_for({"registry": "https://upload.pypi.org/legacy/"}, tmp_path)
    rollback = PYPI.rollback(job, Version.parse("0.9.0"))
    assert rollback.done == ()
    assert rollback.manual[0].url == "https://pypi.org/manage/project/hello-forge/release/1.0.0/"


# --- packages -----------------------------------------------------------------------------------------------------


@pytest.fixture
def offline(tmp_path: Path) -> Job[Any]:
    more = {"sdist": True, "classifiers": ["Topic :: Utilities"]}
    return packaged(PYPI, job_for({"registry": "http://127.0.0.1:9/"}, tmp_path, more=more))


def wheel(job: Job[Any], name: str) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO((job.workdir / "dist" / name).read_bytes()))


def test_the_executable_lies_in_the_scripts_with_its_permissions(offline: Job[Any]) -> None:
    with wheel(offline, LINUX) as archive:
        info = archive.getinfo("hello_forge-1.0.0.data/scripts/hello-forge")
        assert info.external_attr >> 16 == 0o100755
    with wheel(offline, WINDOWS) as archive:
        assert "hello_forge-1.0.0.data/scripts/hello-forge.exe" in archive.namelist()


def test_file_names_and_tags_are_what_pip_expects(offline: Job[Any]) -> None:
    for name in PYPI.pieces(offline)[:-1]:
        project, version, _, tags = parse_wheel_filename(name)
        assert (project, str(version)) == ("hello-forge", "1.0.0")
        with wheel(offline, name) as archive:
            text = archive.read("hello_forge-1.0.0.dist-info/WHEEL").decode()
        assert {f"Tag: {tag}" for tag in tags} == {line for line in text.splitlines() if line.startswith("Tag:")}


def test_the_metadata_is_valid_and_complete(offline: Job[Any]) -> None:
    with wheel(offline, LINUX) as archive:
        metadata = Metadata.from_email(archive.read("hello_forge-1.0.0.dist-info/METADATA"))
    assert metadata.metadata_version == "2.4"
    assert metadata.license_expression == "Apache-2.0"
    assert metadata.author_email == '"Hello Makers" <hello@example.com>'
    assert metadata.description_content_type == "text/markdown"
    assert "hello-forge --version" in str(metadata.description)
    assert {"Topic :: Utilities", "Operating System :: POSIX :: Linux"} <= set(metadata.classifiers or ())


def test_the_record_names_every_file_with_its_digest(offline: Job[Any]) -> None:
    import base64

    with wheel(offline, LINUX) as archive:
        lines = archive.read("hello_forge-1.0.0.dist-info/RECORD").decode().splitlines()
        rows = {line.split(",")[0]: line.split(",")[1:] for line in lines}
        assert list(rows) == archive.namelist()
        for name, (digest, size) in list(rows.items())[:-1]:
            data = archive.read(name)
            expected = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert (digest, size) == (f"sha256={expected}", str(len(data)))


def test_the_source_package_says_honestly_that_there_is_nothing_to_build(offline: Job[Any], tmp_path: Path) -> None:
    with tarfile.open(offline.workdir / "dist" / "hello_forge-1.0.0.tar.gz") as tar:
        tar.extractall(tmp_path, filter="data")
    folder = tmp_path / "hello_forge-1.0.0"
    assert (folder / "PKG-INFO").read_text().startswith("Metadata-Version: 2.4\nName: hello-forge\n")
    build = "import only_wheels; only_wheels.build_wheel('.')"
    done = subprocess.run([sys.executable, "-c", build], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "there is one for: linux/amd64, linux/arm64, windows/amd64" in done.stderr


# --- options and preflight ----------------------------------------------------------------------------------------


def test_the_seeds_options_load_and_its_registry_is_called_no_upload_url(tmp_path: Path) -> None:
    options = {"wheel": True, "registry": "https://pypi.org", "binary_wrapper": "./wrappers/python"}
    job = job_for(options, tmp_path)
    assert upload_url(job.options) == "https://upload.pypi.org/legacy/"
    assert [option for option, _, _ in job.options.advice()] == ["registry", "binary_wrapper"]


@pytest.mark.parametrize(
    ("registry", "index"),
    [
        ("https://upload.pypi.org/legacy/", "https://pypi.org"),
        ("https://test.pypi.org/legacy/", "https://test.pypi.org"),
        ("http://127.0.0.1:9/", "http://127.0.0.1:9"),
    ],
)
def test_the_index_follows_from_the_upload_url(registry: str, index: str) -> None:
    assert index_url(PypiOptions(registry=registry)) == index


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"more": {"package": "-hello"}}, "PYPI-001"),
        ({"more": {"wheel": False}}, "PYPI-002"),
        ({"version": "1.0.0-rc.1.x"}, "PYPI-003"),
        ({"token": "ghp_something"}, "PYPI-004"),
        ({"project": {"summary": "x" * 600}}, "PYPI-009"),
    ],
)
def test_what_pypi_would_refuse_is_found_before(tmp_path: Path, change: dict[str, Any], finding: str) -> None:
    job = job_for({}, tmp_path, **{"token": macaroon("pypi.org"), **change})
    errors = {f.id: f for f in PYPI.preflight(job) if f.level is Level.ERROR}
    assert list(errors) == [finding]
    assert errors[finding].hint


def test_a_licence_that_is_no_spdx_expression_is_found_before(tmp_path: Path) -> None:
    project = {"license": {"spdx": "Free for all"}}
    job = job_for({}, tmp_path, macaroon("pypi.org"), project=project, targets=("linux/amd64",))
    job = packaged(PYPI, job)
    assert [f.id for f in PYPI.preflight(job)] == ["PYPI-007"]


def test_packaging_in_another_folder_gives_the_same_bytes(tmp_path: Path) -> None:
    more = {"sdist": True}
    first, second = (packaged(PYPI, job_for({}, tmp_path / folder, more=more)) for folder in "ab")
    assert first.digests == second.digests
