from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from deployforge_tasks.core.presence import State
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import Entry, digest, write_atomic, zip_bytes
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.scoop import Scoop
from tests.support.git_places import GitCase, over_http
from tests.support.jobs import packaged, publish

SCHEMA = Path(__file__).parents[3] / "shared" / "schemas" / "scoop.json"
WINDOWS = ("windows/amd64", "windows/arm64", "linux/amd64")


@pytest.fixture
def bucket(tmp_path: Path) -> Iterator[GitCase]:
    with over_http(Scoop(), tmp_path) as case:
        case.targets = WINDOWS
        yield case


def file_of(job: Job[Any]) -> Path:
    assert job.package is not None
    return job.workdir / str(job.package.pieces[0].path)


def manifest_of(job: Job[Any]) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(file_of(job).read_bytes())
    return manifest


def test_the_manifest_is_what_is_expected(bucket: GitCase) -> None:
    job = packaged(bucket.platform, bucket.job())
    amd64, arm64 = job.artifacts
    next_amd64 = f"{bucket.release_url}/hello-forge-$version-windows-amd64.zip"
    next_arm64 = f"{bucket.release_url}/hello-forge-$version-windows-arm64.zip"
    assert manifest_of(job) == {
        "version": "1.0.0",
        "description": "A small program that greets you from every place",
        "homepage": "https://hello.example",
        "license": "Apache-2.0",
        "architecture": {
            "64bit": {"url": amd64.url, "hash": amd64.sha256, "bin": "hello-forge.exe"},
            "arm64": {"url": arm64.url, "hash": arm64.sha256, "bin": "hello-forge.exe"},
        },
        "checkver": {"github": "https://github.com/hello-makers/hello-forge"},
        "autoupdate": {"architecture": {"64bit": {"url": next_amd64}, "arm64": {"url": next_arm64}}},
    }


@pytest.mark.skipif(not SCHEMA.exists(), reason="only on a checkout that has the official schemas beside it")
@pytest.mark.parametrize("source", [{"repo": "hello-makers/hello-forge"}, {}])
def test_scoops_own_schema_accepts_the_manifest(bucket: GitCase, source: dict[str, Any]) -> None:
    job = packaged(bucket.platform, bucket.job(project={"source": source}))
    schema = json.loads(SCHEMA.read_text("utf-8"))
    assert [e.message for e in Draft7Validator(schema).iter_errors(manifest_of(job))] == []


def test_the_file_is_written_as_scoops_tests_want_it(bucket: GitCase) -> None:
    data = file_of(packaged(bucket.platform, bucket.job())).read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")
    assert data.endswith(b"}\r\n")
    assert b"\t" not in data
    assert b'\r\n    "version"' in data


def test_the_line_ends_survive_the_repository(bucket: GitCase) -> None:
    job = publish(bucket.platform, bucket.job())
    assert bucket.platform.presence(job).state is State.SAME
    assert bucket.platform.presence(job).by == "digest"


def test_a_quote_in_the_description_stays_text(bucket: GitCase) -> None:
    text = 'It says "hello" \\ and more'
    job = packaged(bucket.platform, bucket.job(project={"description": text}))
    assert manifest_of(job)["description"] == text


def test_a_program_deep_in_its_archive_is_linked_under_its_own_name(bucket: GitCase) -> None:
    job = bucket.job(targets=("windows/amd64",))
    original = job.artifacts[0]
    path = bucket.releases / "deep.zip"
    write_atomic(path, zip_bytes([Entry("hello/bin/hello-forge.exe", original.executable, 0o755)]))
    deep = replace(original, name=path.name, path=path, url=f"{bucket.release_url}/deep.zip", sha256=digest(path))
    ready = packaged(bucket.platform, replace(job, load_artifacts=lambda: [deep]))
    assert manifest_of(ready)["architecture"]["64bit"]["bin"] == [["hello\\bin\\hello-forge.exe", "hello-forge"]]


def test_a_bare_executable_is_renamed_by_its_url(bucket: GitCase) -> None:
    job = bucket.job(targets=("windows/amd64",))
    original = job.artifacts[0]
    path = bucket.releases / "hello-forge-windows-amd64.exe"
    path.write_bytes(original.executable.read_bytes())
    bare = replace(original, name=path.name, path=path, url=f"{bucket.release_url}/{path.name}", sha256=digest(path))
    ready = packaged(bucket.platform, replace(job, load_artifacts=lambda: [bare]))
    entry = manifest_of(ready)["architecture"]["64bit"]
    assert entry["url"].endswith("hello-forge-windows-amd64.exe#/hello-forge.exe")
    assert entry["bin"] == "hello-forge.exe"
    bucket.platform.publish(ready, bucket.platform.pieces(ready))
    assert bucket.platform.verify(ready).method == "download"


def test_it_is_verified_by_downloading_where_there_is_no_scoop(bucket: GitCase) -> None:
    evidence = bucket.platform.verify(publish(bucket.platform, bucket.job()))
    assert evidence.method == "download"
    assert "scoop" in evidence.reason


def test_a_rollback_offers_the_earlier_version_again(bucket: GitCase) -> None:
    publish(bucket.platform, bucket.job("1.0.0"))
    job = publish(bucket.platform, bucket.job("1.1.0"))
    assert bucket.platform.rollback(job, Version.parse("1.0.0")).done
    assert bucket.platform.presence(bucket.job("1.0.0")).state is State.SAME
    assert bucket.platform.presence(bucket.job("1.1.0")).state is State.WITHDRAWN


@pytest.mark.parametrize(
    ("options", "project", "targets", "expected"),
    [
        ({"app": "hello forge"}, {}, WINDOWS, "SCOOP-020"),
        ({}, {}, ("linux/amd64",), "SCOOP-021"),
        ({}, {"homepage": None, "source": {}}, WINDOWS, "SCOOP-022"),
    ],
)
def test_what_scoop_would_refuse_is_found_before_publishing(
    bucket: GitCase, options: dict[str, Any], project: dict[str, Any], targets: tuple[str, ...], expected: str
) -> None:
    job = bucket.job(options=options, project=project, targets=targets)
    assert expected in [f.id for f in bucket.platform.preflight(job)]
