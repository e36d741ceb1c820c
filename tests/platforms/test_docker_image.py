"""Images: their names, their tags, and what is in them; no registry is needed."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.versions import Version
from deployforge_tasks.platforms._docker_checks import needs_loader
from deployforge_tasks.platforms._docker_options import account
from deployforge_tasks.platforms._oci_image import Layout
from deployforge_tasks.platforms._oci_refs import Reference, images
from deployforge_tasks.platforms.docker import Docker
from tests.support.jobs import Recorder, make_job, packaged

PLATFORM = Docker()
IMAGES = ["makers/hello-forge:latest", "makers/hello-forge:${version}"]


def v(text: str) -> Version:
    return Version.parse(text)


# --- names and tags -----------------------------------------------------------------------------------------------


def test_the_version_tag_comes_first_and_latest_last() -> None:
    found = images(
        ["o/n:latest", "o/n:{major}.{minor}", "ghcr.io/o/n:${version}", "o/n:v${version}"], v("1.2.3"), "docker.io"
    )
    assert [i.piece for i in found] == [
        "ghcr.io/o/n:1.2.3", "docker.io/o/n:v1.2.3", "docker.io/o/n:latest", "docker.io/o/n:1.2"
    ]  # fmt: skip


def test_a_prerelease_gets_no_tag_that_promises_a_release() -> None:
    found = images(["o/n:latest", "o/n:{major}", "o/n:edge", "o/n:{version}"], v("2.0.0-rc.1"), "docker.io")
    assert [i.reference.tag for i in found] == ["2.0.0-rc.1", "edge"]


def test_build_metadata_becomes_part_of_a_legal_tag() -> None:
    assert images(["o/n:{version}"], v("1.0.0+b5"), "docker.io")[0].reference.tag == "1.0.0_b5"


@pytest.mark.parametrize("text", ["Owner/name:1", "o/n:", "o//n:1", "o/n:-1", "o/n@sha256:12"])
def test_a_name_that_no_registry_takes_is_a_config_error(text: str) -> None:
    with pytest.raises(ConfigError):
        Reference.parse(text)


def test_a_port_is_part_of_the_host() -> None:
    assert Reference.parse("127.0.0.1:5000/n:1") == Reference("127.0.0.1:5000", "n", "1")


def test_passwords_stay_with_the_registry_they_are_for(tmp_path: Path) -> None:
    chosen = {"images": ["o/n:{version}", "ghcr.io/o/n:{version}", "quay.io/o/n:{version}"]}
    secrets = {"username": "hub", "password": "hub-word", "ghcr_username": "git", "ghcr_password": "git-word"}
    job = make_job(PLATFORM, tmp_path, options=chosen, secrets=secrets)
    assert account(job, "docker.io") == ("hub", "hub-word")
    assert account(job, "ghcr.io") == ("git", "git-word")
    assert account(job, "quay.io") == ("", "")


# --- the image ----------------------------------------------------------------------------------------------------


def test_an_index_has_a_manifest_for_each_linux_target_and_tells_its_version(tmp_path: Path) -> None:
    job = packaged(PLATFORM, make_job(PLATFORM, tmp_path, options={"images": IMAGES}))
    layout = Layout(job.workdir / "image")
    index = layout.read(job.digests["docker.io/makers/hello-forge:1.0.0"])
    assert [m["platform"] for m in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux"}
    ]  # fmt: skip
    assert index["annotations"]["org.opencontainers.image.version"] == "1.0.0"
    assert index["annotations"]["org.opencontainers.image.source"] == "https://github.com/hello-makers/hello-forge"


def test_the_config_carries_the_options(tmp_path: Path) -> None:
    chosen = {
        "images": IMAGES,
        "expose": [8080, "53/udp"],
        "user": "65532:65532",
        "env": {"MODE": "x"},
        "cmd": ["--help"],
    }
    job = packaged(PLATFORM, make_job(PLATFORM, tmp_path, options=chosen))
    layout = Layout(job.workdir / "image")
    manifest = layout.read(layout.read(next(iter(job.digests.values())))["manifests"][0]["digest"])
    config = layout.read(manifest["config"]["digest"])["config"]
    assert config["Entrypoint"] == ["/usr/local/bin/hello-forge"]
    assert config["Cmd"] == ["--help"]
    assert config["User"] == "65532:65532"
    assert set(config["ExposedPorts"]) == {"8080/tcp", "53/udp"}
    assert "MODE=x" in config["Env"]
    assert config["Labels"]["org.opencontainers.image.licenses"] == "Apache-2.0"


def test_the_log_says_that_no_engine_made_the_image(tmp_path: Path) -> None:
    recorder = Recorder()
    packaged(PLATFORM, make_job(PLATFORM, tmp_path, options={"images": IMAGES}, recorder=recorder))
    assert recorder.texts == ["the image is made from the release files, without a Docker Engine"]


@pytest.mark.skipif(shutil.which("skopeo") is None, reason="skopeo is not on this machine")
def test_skopeo_reads_the_layout_on_disk(tmp_path: Path) -> None:
    job = packaged(PLATFORM, make_job(PLATFORM, tmp_path, options={"images": IMAGES}))
    layout = job.workdir / "image"
    said = subprocess.run(
        ["skopeo", "inspect", "--override-arch", "arm64", f"oci:{layout}"], capture_output=True, text=True, check=True
    )
    assert json.loads(said.stdout)["Architecture"] == "arm64"


def test_a_dynamically_linked_program_is_found_before_it_goes_into_an_empty_image(tmp_path: Path) -> None:
    assert needs_loader(Path("/bin/sh").resolve()) or not Path("/bin/sh").exists()
    job = make_job(PLATFORM, tmp_path, options={"images": IMAGES})
    broken = [replace(a, executable=Path("/bin/sh").resolve()) for a in job.artifacts]
    found = PLATFORM.preflight(replace(job, load_artifacts=lambda: broken))
    assert "DOCKER-005" in {f.id for f in found if f.level is Level.ERROR}
