"""Chocolatey: against the stand-in and a real NuGet v2 server, with the real NuGet client installing what we made."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.endpoints import CHOCOLATEY_FEED, CHOCOLATEY_WEB
from deployforge_tasks.core.errors import DeployForgeError, NetworkError, StatusError, VerifyError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.chocolatey import Chocolatey
from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins.nuget import KEY, Nuget
from tests.support.files import serving
from tests.support.jobs import Recorder, make_job, packaged, publish
from tests.support.minchoc import minchoc
from tests.support.running import running

CHOCOLATEY = Chocolatey()
DETAILS = {"author": {"name": "Hello Makers"}, "urls": {"issues": "https://hello.example/issues"}}


@dataclass
class Feed:
    """A running feed and how to reach it."""

    url: str
    gives_digests: bool

    @property
    def options(self) -> dict[str, Any]:
        return {"feed": f"{self.url}/api/v2", "push": f"{self.url}/api/v2/package/"}


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Nuget]:
    with running(Nuget(tmp_path / "feed")) as nuget:
        yield nuget


@pytest.fixture(params=["stand-in", "minchoc"])
def feed(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Feed]:
    if request.param == "stand-in":
        yield Feed(request.getfixturevalue("stand_in").url, gives_digests=True)
        return
    if find_spec("minchoc") is None:
        pytest.skip("minchoc is not on this machine")
    with minchoc(tmp_path / "minchoc", KEY) as url:
        yield Feed(url, gives_digests=False)


def job_for(feed: Feed | Nuget, folder: Path, **more: Any) -> Job[Any]:
    options = feed.options if isinstance(feed, Feed) else feed.overlay({})["chocolatey"]
    project = {**DETAILS, **more.pop("project", {})}
    return make_job(
        CHOCOLATEY,
        folder,
        options={**options, **more.pop("options", {})},
        project=project,
        secrets=more.pop("secrets", {"key": KEY}),
        **more,
    )


def errors(findings: list[Finding]) -> list[str]:
    return [f.id for f in findings if f.level is Level.ERROR]


def test_a_version_that_was_never_pushed_is_absent(feed: Feed, tmp_path: Path) -> None:
    assert CHOCOLATEY.presence(job_for(feed, tmp_path)).state is State.ABSENT


def test_a_published_version_is_the_same_on_the_next_look(feed: Feed, tmp_path: Path) -> None:
    job = publish(CHOCOLATEY, job_for(feed, tmp_path))
    look = CHOCOLATEY.presence(job)
    assert (look.state, look.by) == (State.SAME, "digest" if feed.gives_digests else "receipt")


def test_the_version_is_recognised_by_name_on_another_machine(feed: Feed, tmp_path: Path) -> None:
    publish(CHOCOLATEY, job_for(feed, tmp_path))
    look = CHOCOLATEY.presence(job_for(feed, tmp_path / "elsewhere"))
    assert (look.state, look.by) == (State.SAME, "name")


def test_pushing_a_version_a_second_time_is_refused_by_the_feed(feed: Feed, tmp_path: Path) -> None:
    job = publish(CHOCOLATEY, job_for(feed, tmp_path))
    with pytest.raises(StatusError) as refused:
        CHOCOLATEY.publish(job, CHOCOLATEY.pieces(job))
    assert refused.value.status in (400, 409)


def test_a_page_with_status_200_is_no_acceptance(tmp_path: Path) -> None:
    class OutagePage(Nuget):
        def answer(self, request: Request) -> Reply:
            return Reply(200, "<html>Back soon</html>") if request.method == "PUT" else super().answer(request)

    seen = Recorder()
    nuget = OutagePage(tmp_path / "feed")
    nuget.start()
    try:
        with pytest.raises(NetworkError, match="no acceptance"):
            publish(CHOCOLATEY, job_for(nuget, tmp_path, recorder=seen))
    finally:
        nuget.stop()
    assert seen.receipts == []


def test_a_wrong_key_is_refused_and_leaves_no_receipt(stand_in: Nuget, tmp_path: Path) -> None:
    seen = Recorder()
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path, secrets={"key": "wrong-key"}, recorder=seen))
    with pytest.raises(StatusError, match="403"):
        CHOCOLATEY.publish(job, CHOCOLATEY.pieces(job))
    assert (len(seen.intents), seen.receipts, stand_in.publications()) == (1, [], [])


@pytest.mark.skipif(shutil.which("nuget") is None, reason="nuget is not on this machine")
def test_the_nuget_client_installs_the_published_package(feed: Feed, tmp_path: Path) -> None:
    publish(CHOCOLATEY, job_for(feed, tmp_path))
    done = subprocess.run(
        ["nuget", "install", "hello-forge", "-Version", "1.0.0", "-NonInteractive", "-NoCache",
         "-Source", f"{feed.url}/api/v2/", "-OutputDirectory", str(tmp_path / "installed")],
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    script = tmp_path / "installed" / "hello-forge.1.0.0" / "tools" / "chocolateyinstall.ps1"
    assert "Install-ChocolateyZipPackage" in script.read_text()


@pytest.mark.skipif(shutil.which("nuget") is None, reason="nuget is not on this machine")
def test_what_the_nuget_client_pushes_is_found(feed: Feed, tmp_path: Path) -> None:
    job = packaged(CHOCOLATEY, job_for(feed, tmp_path))
    file = job.workdir / "hello-forge.1.0.0.nupkg"
    done = subprocess.run(
        ["nuget", "push", file.name, KEY, "-Source", feed.url, "-NonInteractive"],
        cwd=file.parent, env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert CHOCOLATEY.presence(job).state is State.SAME


def test_two_packagings_give_the_same_bytes(tmp_path: Path, stand_in: Nuget) -> None:
    first = CHOCOLATEY.package(job_for(stand_in, tmp_path))
    second = CHOCOLATEY.package(job_for(stand_in, tmp_path / "again"))
    assert first.digests == second.digests


def test_the_package_downloads_the_release_file_with_its_digest(tmp_path: Path, stand_in: Nuget) -> None:
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path, release_url="http://127.0.0.1:9/it's"))
    with zipfile.ZipFile(job.workdir / "hello-forge.1.0.0.nupkg") as archive:
        script = archive.read("tools/chocolateyinstall.ps1").decode()
    assert "url64bit       = 'http://127.0.0.1:9/it''s/hello-forge-1.0.0-windows-amd64.zip'" in script
    assert f"checksum64     = '{job.artifacts[0].sha256}'" in script


@pytest.mark.parametrize("bare", [False, True])
def test_the_install_script_is_valid_powershell(tmp_path: Path, stand_in: Nuget, bare: bool) -> None:
    parser = pytest.importorskip("tree_sitter", reason="tree-sitter is not on this machine")
    powershell = pytest.importorskip("tree_sitter_powershell", reason="tree-sitter-powershell is not on this machine")
    job = job_for(stand_in, tmp_path, release_url="http://127.0.0.1:9/it's")
    if bare:
        artifact = replace(job.artifacts[0], name="hello-forge.exe", url="http://127.0.0.1:9/hello-forge.exe")
        job = replace(job, load_artifacts=lambda: [artifact])
    CHOCOLATEY.render(job)
    script = (job.workdir / "rendered" / "tools" / "chocolateyinstall.ps1").read_bytes()
    tree = parser.Parser(parser.Language(powershell.language())).parse(script)
    assert not tree.root_node.has_error, script.decode()
    assert (b"Get-ChocolateyWebFile" in script) is bare


def test_a_pre_release_is_written_as_the_protocols_version_two_knows_it(tmp_path: Path, stand_in: Nuget) -> None:
    job = job_for(stand_in, tmp_path, version="1.2.0-rc.1")
    assert CHOCOLATEY.pieces(job) == ["hello-forge.1.2.0-rc1.nupkg"]


@pytest.mark.parametrize(
    ("status", "state"),
    [("Submitted", State.PENDING), ("Approved", State.SAME), ("Exempted", State.SAME)],
)
def test_the_moderation_status_decides(tmp_path: Path, stand_in: Nuget, status: str, state: State) -> None:
    job = publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    stand_in.versions["hello-forge", "1.0.0"].status = status
    assert CHOCOLATEY.presence(job).state is state


def test_a_version_in_moderation_says_where_it_waits(tmp_path: Path, stand_in: Nuget) -> None:
    stand_in.moderated = True
    job = publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    stand_in.versions["hello-forge", "1.0.0"].submitted = "Waiting"
    assert CHOCOLATEY.presence(job).reason == "in moderation: Waiting"


def test_a_version_that_we_pushed_and_the_feed_does_not_show_is_rejected(tmp_path: Path, stand_in: Nuget) -> None:
    job = publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    stand_in.versions["hello-forge", "1.0.0"].status = "Rejected"
    with_receipt = replace(job_for(stand_in, tmp_path / "later"), receipts=lambda: job.digests)
    look = CHOCOLATEY.presence(with_receipt)
    assert (look.state, look.by) == (State.REJECTED, "receipt")


def test_an_unlisted_version_is_withdrawn(tmp_path: Path, stand_in: Nuget) -> None:
    job = publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    stand_in.versions["hello-forge", "1.0.0"].published = "1900-01-01T00:00:00"
    assert CHOCOLATEY.presence(job).state is State.WITHDRAWN


def test_a_package_with_other_content_is_different(tmp_path: Path, stand_in: Nuget) -> None:
    publish(CHOCOLATEY, job_for(stand_in, tmp_path, project={"summary": "Another text"}))
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path / "ours"))
    assert CHOCOLATEY.presence(job).state is State.DIFFERENT


def test_a_status_that_nobody_knows_is_an_error_and_never_absent(tmp_path: Path, stand_in: Nuget) -> None:
    job = publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    stand_in.versions["hello-forge", "1.0.0"].status = "Teleported"
    with pytest.raises(NetworkError, match="Teleported"):
        CHOCOLATEY.presence(job)


def test_the_sample_passes_preflight(tmp_path: Path, stand_in: Nuget) -> None:
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path))
    assert CHOCOLATEY.preflight(job) == []


def test_preflight_refuses_a_second_submission_while_one_waits(tmp_path: Path, stand_in: Nuget) -> None:
    stand_in.moderated = True
    publish(CHOCOLATEY, job_for(stand_in, tmp_path))
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path, version="1.0.1", previous="1.0.0"))
    assert errors(CHOCOLATEY.preflight(job)) == ["CHOCO-103"]


@pytest.mark.parametrize(
    ("project", "finding"),
    [
        ({"description": "Too short"}, "CHOCO-0032"),
        ({"description": "A description that is long enough\n\n#Heading"}, "CHOCO-0030"),
        ({"description": "Write to somebody@example.com if it does not work"}, "CHOCO-0020"),
        ({"description": "A text with a $version$ that nobody has replaced"}, "CHOCO-0019"),
        ({"keywords": []}, "CHOCO-0023"),
        ({"keywords": ["one,two"]}, "CHOCO-0014"),
        ({"homepage": None, "source": {}}, "CHOCO-0009"),
        ({"urls": {"icon": "https://raw.githubusercontent.com/a/b/icon.png"}}, "CHOCO-0076"),
    ],
)
def test_preflight_finds_what_the_validator_would_refuse(
    tmp_path: Path, stand_in: Nuget, project: dict[str, Any], finding: str
) -> None:
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path, project=project))
    assert errors(CHOCOLATEY.preflight(job)) == [finding]


def test_preflight_wants_a_key(tmp_path: Path, stand_in: Nuget) -> None:
    job = packaged(CHOCOLATEY, job_for(stand_in, tmp_path, secrets={}))
    assert errors(CHOCOLATEY.preflight(job)) == ["CHOCO-100"]


def test_a_release_file_that_chocolatey_cannot_unpack_is_refused(tmp_path: Path, stand_in: Nuget) -> None:
    job = job_for(stand_in, tmp_path)
    artifact = replace(job.artifacts[0], name="hello-forge.tar.gz")
    with pytest.raises(DeployForgeError, match="unpacks zip files"):
        CHOCOLATEY.package(replace(job, load_artifacts=lambda: [artifact]))


def test_verify_downloads_what_the_published_script_names(feed: Feed, tmp_path: Path) -> None:
    with serving(tmp_path / "artifacts" / "1.0.0") as files:
        job = publish(CHOCOLATEY, job_for(feed, tmp_path, release_url=files))
        evidence = CHOCOLATEY.verify(job)
    assert (evidence.method, evidence.reason) == ("download", "choco runs on Windows only")


def test_verify_refuses_a_release_file_that_has_changed(stand_in: Nuget, tmp_path: Path) -> None:
    with serving(tmp_path / "artifacts" / "1.0.0") as files:
        job = publish(CHOCOLATEY, job_for(stand_in, tmp_path, release_url=files))
        job.artifacts[0].path.write_bytes(b"something else")
        with pytest.raises(VerifyError, match="the package wants"):
            CHOCOLATEY.verify(job)


def test_rollback_names_the_page_where_a_person_can_unlist_it(stand_in: Nuget, tmp_path: Path) -> None:
    job = job_for(stand_in, tmp_path)
    public = replace(job, options=job.options.model_copy(update={"feed": CHOCOLATEY_FEED}))
    assert CHOCOLATEY.rollback(public, None).manual[0].url == f"{CHOCOLATEY_WEB}/packages/hello-forge/1.0.0"
