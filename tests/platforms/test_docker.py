"""Images: the same tests against Debian's docker-registry and against the stand-in."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError, StatusError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import Entry
from deployforge_tasks.platforms._oci import OCI_MANIFEST, Registry
from deployforge_tasks.platforms._oci_image import Layout, add_image, add_index, layer_of
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.docker import Docker
from deployforge_tasks.rehearsal.real_servers.docker import DockerRegistry
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.oci import OciStandIn
from tests.support.jobs import Recorder, make_job, packaged, presence, publish
from tests.support.running import running

PLATFORM = Docker()
IMAGES = ["makers/hello-forge:latest", "makers/hello-forge:${version}"]


@dataclass(frozen=True)
class Place:
    """A running registry."""

    url: str
    host: str
    secrets: dict[str, str]

    def registry(self, job: Job[Any]) -> Registry:
        return Registry(job.http, job.clock, self.url, self.secrets["username"], self.secrets["password"])


@pytest.fixture(scope="module")
def docker_registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's docker-registry with passwords, on loopback."""
    if not DockerRegistry.available():
        pytest.skip("docker-registry is not on this machine")
    with running(DockerRegistry(tmp_path_factory.mktemp("registry"))) as server:
        yield server.url


@pytest.fixture(params=["stand-in", "docker-registry"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    if request.param == "stand-in":
        stand_in = OciStandIn(tmp_path / "oci")
        stand_in.start()
        yield Place(stand_in.url, stand_in.url.removeprefix("http://"), stand_in.secrets()["docker"])
        stand_in.stop()
        return
    url = request.getfixturevalue("docker_registry")
    yield Place(url, url.removeprefix("http://"), DockerRegistry(tmp_path).secrets()["docker"])


@pytest.fixture
def name(tmp_path: Path) -> str:
    """A repository of this test alone: the real registry lives through all of them."""
    return "makers/" + "".join(c for c in tmp_path.name.lower() if c.isalnum())[:40]


def options(place: Place, name: str, **more: Any) -> dict[str, Any]:
    tags = more.pop("tags", ["latest", "${version}"])
    return {"endpoints": {"docker.io": place.url}, "images": [f"{name}:{t}" for t in tags], **more}


def job_for(place: Place, name: str, folder: Path, **more: Any) -> Job[Any]:
    chosen = options(place, name, **more.pop("options", {}))
    return make_job(PLATFORM, folder, options=chosen, secrets=more.pop("secrets", place.secrets), **more)


# --- pushing ------------------------------------------------------------------------------------------------------


def test_a_published_version_is_the_same_by_digest(place: Place, name: str, tmp_path: Path) -> None:
    recorder = Recorder()
    job = publish(PLATFORM, job_for(place, name, tmp_path, recorder=recorder))
    look = presence(PLATFORM, job)
    assert (look.state, look.by) == (State.SAME, "digest")
    assert [piece for piece, _ in recorder.receipts] == [f"docker.io/{name}:1.0.0", f"docker.io/{name}:latest"]


def test_a_fresh_machine_sees_it_without_packaging(place: Place, name: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(place, name, tmp_path / "a"))
    fresh = job_for(place, name, tmp_path / "b")
    assert presence(PLATFORM, fresh).state is State.SAME
    assert not (tmp_path / "b" / "artifacts").exists()


def test_a_version_nobody_published_is_absent(place: Place, name: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(place, name, tmp_path))
    look = presence(PLATFORM, job_for(place, name, tmp_path, version="9.9.9"))
    assert look.state is State.ABSENT


def test_another_image_under_the_version_tag_is_a_conflict(place: Place, name: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(place, name, tmp_path / "a", options={"cmd": ["--other"]}))
    ours = packaged(PLATFORM, job_for(place, name, tmp_path / "b"))
    assert presence(PLATFORM, ours).state is State.DIFFERENT


def test_a_development_tag_may_be_replaced(place: Place, name: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(place, name, tmp_path / "a", options={"cmd": ["--other"]}))
    ours = publish(PLATFORM, job_for(place, name, tmp_path / "b", options={"mutable": True}))
    assert presence(PLATFORM, ours).state is State.SAME


def test_a_missing_platform_is_partial_and_completed(place: Place, name: str, tmp_path: Path) -> None:
    publish(
        PLATFORM, job_for(place, name, tmp_path / "a", options={"platforms": ["linux/amd64"], "tags": ["{version}"]})
    )
    fresh = job_for(place, name, tmp_path / "b", options={"tags": ["{version}"]})
    assert presence(PLATFORM, fresh).missing == (f"docker.io/{name}:1.0.0",)
    assert presence(PLATFORM, publish(PLATFORM, fresh)).state is State.SAME


def test_latest_moves_forward(place: Place, name: str, tmp_path: Path) -> None:
    publish(PLATFORM, job_for(place, name, tmp_path, version="1.0.0"))
    newer = job_for(place, name, tmp_path, version="1.1.0")
    assert f"docker.io/{name}:latest" in presence(PLATFORM, newer).missing
    publish(PLATFORM, newer)
    assert presence(PLATFORM, newer).state is State.SAME


def test_latest_never_moves_backwards(place: Place, name: str, tmp_path: Path) -> None:
    newer = publish(PLATFORM, job_for(place, name, tmp_path, version="1.1.0"))
    older = publish(PLATFORM, job_for(place, name, tmp_path, version="1.0.1"))
    assert presence(PLATFORM, older).state is State.SAME
    assert presence(PLATFORM, newer).state is State.SAME


def test_a_second_run_after_a_stop_between_tags_moves_only_latest(place: Place, name: str, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(place, name, tmp_path))
    PLATFORM.publish(job, [f"docker.io/{name}:1.0.0"])
    look = presence(PLATFORM, job_for(place, name, tmp_path / "b"))
    assert look.state is State.PARTIAL
    assert look.missing == (f"docker.io/{name}:latest",)


def test_rolling_back_points_latest_at_the_earlier_version(place: Place, name: str, tmp_path: Path) -> None:
    first = publish(PLATFORM, job_for(place, name, tmp_path, version="1.0.0"))
    second = publish(PLATFORM, job_for(place, name, tmp_path, version="1.1.0"))
    rollback = PLATFORM.rollback(second, v("1.0.0"))
    assert rollback.done
    digest, _ = place.registry(first).find(name, "latest")
    assert digest == first.digests[f"docker.io/{name}:latest"]
    assert place.registry(first).find(name, "1.1.0")[0] == second.digests[f"docker.io/{name}:1.1.0"]


def test_a_wrong_password_is_refused_with_a_hint(place: Place, name: str, tmp_path: Path) -> None:
    job = packaged(PLATFORM, job_for(place, name, tmp_path, secrets={"username": "forge", "password": "wrong-word"}))
    errors = [f for f in PLATFORM.preflight(job) if f.level is Level.ERROR]
    assert [f.id for f in errors] == ["DOCKER-007"]
    with pytest.raises((CredentialError, StatusError)):
        PLATFORM.publish(job, PLATFORM.pieces(job))


def test_a_good_job_has_no_findings(place: Place, name: str, tmp_path: Path) -> None:
    assert PLATFORM.preflight(packaged(PLATFORM, job_for(place, name, tmp_path))) == []


def test_it_runs_after_a_pull_by_hand(place: Place, name: str, tmp_path: Path) -> None:
    job = publish(PLATFORM, job_for(place, name, tmp_path, options={"engine": "tcp://127.0.0.1:9"}))
    evidence = PLATFORM.verify(job)
    assert evidence.method == "download"
    assert "1.0.0" in evidence.said
    assert "no Docker Engine answers" in evidence.reason


def test_layers_of_a_base_go_below_ours(place: Place, name: str, tmp_path: Path) -> None:
    base = _push_base(place, job_for(place, name, tmp_path / "base"), f"{name}base")
    job = publish(PLATFORM, job_for(place, name, tmp_path, options={"base": base}))
    layout = Layout(job.workdir / "image")
    manifest = layout.read(layout.read(next(iter(job.digests.values())))["manifests"][0]["digest"])
    config = layout.read(manifest["config"]["digest"])
    assert len(manifest["layers"]) == len(config["rootfs"]["diff_ids"]) == len(config["history"]) == 2
    assert "BASE=yes" in config["config"]["Env"]
    assert presence(PLATFORM, job).state is State.SAME


def test_a_base_is_kept_when_its_tag_moves(place: Place, name: str, tmp_path: Path) -> None:
    base = _push_base(place, job_for(place, name, tmp_path / "base"), f"{name}base")
    job = job_for(place, name, tmp_path, options={"base": base})
    before = packaged(PLATFORM, job).digests
    _push_base(place, job_for(place, name, tmp_path / "base"), f"{name}base", text="other")
    assert packaged(PLATFORM, job).digests == before
    assert "DOCKER-004" in {f.id for f in PLATFORM.preflight(packaged(PLATFORM, job))}


def test_a_base_of_another_registry_is_copied(place: Place, name: str, tmp_path: Path) -> None:
    other = OciStandIn(tmp_path / "other")
    other.start()
    try:
        far = Place(other.url, other.url.removeprefix("http://"), other.secrets()["docker"])
        base = f"{far.host}/" + _push_base(far, job_for(far, name, tmp_path / "base"), "far/base")
        job = publish(PLATFORM, job_for(place, name, tmp_path, options={"base": base}))
        assert presence(PLATFORM, job).state is State.SAME
    finally:
        other.stop()


def test_a_base_that_no_rehearsal_can_fetch_is_replaced(tmp_path: Path) -> None:
    stand_in = OciStandIn(tmp_path / "oci")
    stand_in.start()
    try:
        overlay = stand_in.overlay({"docker": {"base": "gcr.io/distroless/static:nonroot"}})["docker"]
        options = {"images": IMAGES, "base": "gcr.io/distroless/static:nonroot", **overlay}
        job = publish(PLATFORM, make_job(PLATFORM, tmp_path, options=options, secrets=stand_in.secrets()["docker"]))
        assert presence(PLATFORM, job).state is State.SAME
        assert {p.name for p in stand_in.publications()} == {"makers/hello-forge:1.0.0", "makers/hello-forge:latest"}
    finally:
        stand_in.stop()


def test_a_404_without_the_registrys_own_words_is_not_absence(tmp_path: Path) -> None:
    class _ErrorPage(OciStandIn):
        def answer(self, request: Any) -> Reply:
            return Reply(404, "<html>nothing here</html>") if "manifests" in request.path else super().answer(request)

    stand_in = _ErrorPage(tmp_path / "oci")
    stand_in.start()
    try:
        here = Place(stand_in.url, "", stand_in.secrets()["docker"])
        with pytest.raises(NetworkError):
            presence(PLATFORM, job_for(here, "o/n", tmp_path))
    finally:
        stand_in.stop()


def test_a_damaged_manifest_is_an_error(tmp_path: Path) -> None:
    stand_in = OciStandIn(tmp_path / "oci")
    stand_in.start()
    try:
        here = Place(stand_in.url, "", stand_in.secrets()["docker"])
        job = publish(PLATFORM, job_for(here, "o/n", tmp_path))
        digest = job.digests["docker.io/o/n:1.0.0"]
        kind, raw = stand_in._manifests["o/n"][digest]
        stand_in._manifests["o/n"][digest] = (kind, raw + b" ")
        with pytest.raises(NetworkError):
            presence(PLATFORM, job)
    finally:
        stand_in.stop()


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not on this machine")
def test_skopeo_inspects_and_copies_every_platform(place: Place, name: str, tmp_path: Path) -> None:
    job = publish(PLATFORM, job_for(place, name, tmp_path))
    credentials = f"{place.secrets['username']}:{place.secrets['password']}"
    source = f"docker://{place.host}/{name}"
    inspect = ["skopeo", "inspect", "--tls-verify=false", "--creds", credentials, f"{source}:latest"]
    told = json.loads(subprocess.run(inspect, capture_output=True, text=True, check=True).stdout)
    assert told["Labels"]["org.opencontainers.image.version"] == "1.0.0"
    copy = [
        "skopeo", "copy", "--all", "--src-tls-verify=false", "--dest-tls-verify=false",
        "--src-creds", credentials, "--dest-creds", credentials, f"{source}:1.0.0", f"{source}copy:1.0.0",
    ]  # fmt: skip
    subprocess.run(copy, capture_output=True, check=True)
    assert place.registry(job).find(f"{name}copy", "1.0.0")[0] == job.digests[f"docker.io/{name}:1.0.0"]


def _push_base(place: Place, job: Job[Any], name: str, text: str = "base") -> str:
    """Push a two-platform base image; returns its name with its tag."""
    layout, registry = Layout(job.workdir / "base-image"), place.registry(job)
    layer = layer_of([Entry("etc/base-release", text.encode())])
    children = [
        add_image(layout, word, [layer], settings={"Env": ["BASE=yes"], "Cmd": ["sh"]}, annotations={})
        for word in ("linux/amd64", "linux/arm64")
    ]
    for child in children:
        manifest = layout.read(child["digest"])
        for blob in (manifest["config"], *manifest["layers"]):
            registry.upload_blob(name, blob["digest"], layout.blob(blob["digest"]))
        registry.put_manifest(name, child["digest"], OCI_MANIFEST, layout.blob(child["digest"]).read_bytes())
    index = add_index(layout, children, {})
    registry.put_manifest(name, "1", index["mediaType"], layout.blob(index["digest"]).read_bytes())
    return f"{name}:1"


def v(text: str) -> Version:
    return Version.parse(text)
