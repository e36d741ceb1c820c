"""Images and a real Docker Engine, started by the tests on a socket of their own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.platforms._docker_engine import connect_engine
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.docker import Docker
from deployforge_tasks.rehearsal.stand_ins.oci import OciStandIn
from tests.support.jobs import Recorder, make_job, packaged, presence, publish
from tests.support.running import running

PLATFORM = Docker()
TARGETS = ("linux/amd64", "linux/arm64")


@pytest.fixture(scope="module")
def engine() -> Iterator[str]:
    """URL of a Docker Engine without networks: pulling and running needs none."""
    if shutil.which("dockerd") is None:
        pytest.skip("dockerd is not on this machine")
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("dockerd is started by root only")
    folder = Path(tempfile.mkdtemp(prefix="df-engine-"))  # short: a socket's path has at most 107 characters
    url = f"unix://{folder}/docker.sock"
    command = [
        "dockerd", "--data-root", str(folder / "data"), "--exec-root", str(folder / "run"),
        "--pidfile", str(folder / "pid"), "-H", url, "--iptables=false", "--ip-masq=false", "--bridge=none",
    ]  # fmt: skip
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 20
        while (client := connect_engine(url)[0]) is None:
            if process.poll() is not None or time.monotonic() > deadline:
                pytest.skip(f"dockerd cannot start here: {(folder / 'log').read_text()[-300:]}")
            time.sleep(0.05)
        client.close()
        yield url
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[OciStandIn]:
    with running(OciStandIn(tmp_path / "oci")) as stand_in:
        yield stand_in


def job_for(registry: OciStandIn, folder: Path, recorder: Recorder | None = None, **more: Any) -> Job[Any]:
    chosen = {
        "endpoints": {"docker.io": registry.url},
        "images": ["makers/hello:{version}", "makers/hello:latest"],
        **more,
    }
    secrets = registry.secrets()["docker"]
    return make_job(PLATFORM, folder, options=chosen, secrets=secrets, targets=TARGETS, recorder=recorder)


def test_an_engine_pulls_and_runs_what_was_published(engine: str, registry: OciStandIn, tmp_path: Path) -> None:
    evidence = PLATFORM.verify(publish(PLATFORM, job_for(registry, tmp_path, engine=engine)))
    assert evidence.method == "install"
    assert evidence.client.startswith("Docker Engine ")
    assert "1.0.0" in evidence.said


def test_verifying_leaves_nothing_in_the_engine(engine: str, registry: OciStandIn, tmp_path: Path) -> None:
    PLATFORM.verify(publish(PLATFORM, job_for(registry, tmp_path, engine=engine)))
    client, _ = connect_engine(engine)
    assert client is not None
    assert client.containers.list(all=True) == []
    assert client.images.list() == []
    client.close()


def test_an_image_that_cannot_run_is_an_error(engine: str, registry: OciStandIn, tmp_path: Path) -> None:
    job = publish(PLATFORM, job_for(registry, tmp_path, engine=engine, entrypoint=["/nothing/here"]))
    with pytest.raises(VerifyError):
        PLATFORM.verify(job)


DOCKERFILE = """FROM scratch
ARG VERSION
COPY hello-forge /hello-forge
LABEL built.version=$VERSION
ENTRYPOINT ["/hello-forge"]
"""


def test_a_dockerfile_is_built_for_each_platform_and_runs(engine: str, registry: OciStandIn, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    recorder, file = Recorder(), str(tmp_path / "Dockerfile")
    published = publish(PLATFORM, job_for(registry, tmp_path, recorder, engine=engine, dockerfile=file))
    assert f"the image is built from {file} by a Docker Engine" in recorder.texts
    assert presence(PLATFORM, published).settled
    assert "1.0.0" in PLATFORM.verify(published).said


def test_a_dockerfile_that_only_copies_gives_the_same_image_each_time(
    engine: str, registry: OciStandIn, tmp_path: Path
) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    chosen: dict[str, Any] = {"engine": engine, "dockerfile": str(tmp_path / "Dockerfile")}
    first = packaged(PLATFORM, job_for(registry, tmp_path / "a", **chosen))
    assert first.digests == packaged(PLATFORM, job_for(registry, tmp_path / "b", **chosen)).digests


def test_a_dockerfile_without_an_engine_is_found_before_publishing(registry: OciStandIn, tmp_path: Path) -> None:
    (tmp_path / "Dockerfile").write_text(DOCKERFILE)
    chosen: dict[str, Any] = {"engine": "tcp://127.0.0.1:9", "dockerfile": str(tmp_path / "Dockerfile")}
    job = replace(job_for(registry, tmp_path, **chosen))
    assert "DOCKER-009" in {f.id for f in PLATFORM.preflight(job) if f.level is Level.ERROR}
