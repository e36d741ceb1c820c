"""crates.io: source and generated crates against the stand-in, published and built by the real cargo too."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import DeployForgeError, NetworkError, PublishError, StatusError, VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms._cargo import download_url, index_path, manifest_of, upload_metadata
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.crates import Crates
from deployforge_tasks.rehearsal.server import Reply, Request
from deployforge_tasks.rehearsal.stand_ins.cargo import TOKEN, Cargo
from tests.support.cargo_registry import SERVER, cargo_http_registry
from tests.support.files import serving
from tests.support.jobs import Recorder, make_job, packaged, publish
from tests.support.running import running

CRATES = Crates()
needs_cargo = pytest.mark.skipif(shutil.which("cargo") is None, reason="cargo is not on this machine")
LIBRARY = {
    "Cargo.toml": '[package]\nname = "hello-forge"\nversion = "0.0.0" # set by the release\nedition = "2021"\n'
    'description = "Says hello"\nlicense = "MIT"\nreadme = "README.md"\n\n[features]\nloud = []\n',
    "README.md": "# Hello \N{WAVING HAND SIGN}\n",
    "src/lib.rs": 'pub fn hello() -> &\'static str {\n    env!("CARGO_PKG_VERSION")\n}\n',
}
PROGRAM = {
    **LIBRARY,
    "src/main.rs": 'fn main() {\n    println!("hello-forge {}", hello_forge::hello());\n}\n',
}


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Cargo]:
    with running(Cargo(tmp_path / "registry")) as cargo:
        yield cargo


def job_for(registry: Cargo, folder: Path, **more: Any) -> Job[Any]:
    options = {**registry.overlay({})["crates"], **more.pop("options", {})}
    return make_job(CRATES, folder, options=options, secrets=more.pop("secrets", {"token": TOKEN}), **more)


def source_job(registry: Cargo, folder: Path, files: dict[str, str], **more: Any) -> Job[Any]:
    crate = folder / "crate"
    for name, text in files.items():
        (crate / name).parent.mkdir(parents=True, exist_ok=True)
        (crate / name).write_text(text, "utf-8")
    return job_for(registry, folder, options={"path": str(crate), **more.pop("options", {})}, **more)


def cargo(registry: Cargo, folder: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "CARGO_HOME": str(folder / "cargo-home"),
        "CARGO_TARGET_DIR": str(folder / "cargo-target"),
        "CARGO_REGISTRIES_REHEARSAL_INDEX": f"sparse+{registry.url}/index/",
        "CARGO_REGISTRIES_REHEARSAL_TOKEN": TOKEN,
    }
    return subprocess.run(
        ["cargo", *arguments, "--registry", "rehearsal"],
        cwd=cwd, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_version_that_was_never_published_is_absent(registry: Cargo, tmp_path: Path) -> None:
    assert CRATES.presence(job_for(registry, tmp_path)).state is State.ABSENT


def test_a_published_crate_is_the_same_by_its_digest(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, job_for(registry, tmp_path))
    look = CRATES.presence(job)
    assert (look.state, look.by) == (State.SAME, "digest")


def test_another_version_of_the_crate_does_not_count(registry: Cargo, tmp_path: Path) -> None:
    publish(CRATES, job_for(registry, tmp_path))
    assert CRATES.presence(job_for(registry, tmp_path, version="1.0.1")).state is State.ABSENT


def test_a_crate_with_other_content_is_different(registry: Cargo, tmp_path: Path) -> None:
    publish(CRATES, job_for(registry, tmp_path, project={"description": "Another text"}))
    assert CRATES.presence(packaged(CRATES, job_for(registry, tmp_path / "ours"))).state is State.DIFFERENT


def test_an_index_that_is_none_is_an_error_and_never_absent(registry: Cargo, tmp_path: Path) -> None:
    with pytest.raises(StatusError):
        CRATES.presence(job_for(registry, tmp_path, options={"index": f"{registry.url}/elsewhere"}))


def test_a_garbled_index_file_is_an_error(registry: Cargo, tmp_path: Path) -> None:
    registry.lines["hello-forge"] = [{"unexpected": True}]
    with pytest.raises(NetworkError, match="no index file"):
        CRATES.presence(job_for(registry, tmp_path))


def test_publishing_a_second_time_is_refused_by_the_registry(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, job_for(registry, tmp_path))
    with pytest.raises(StatusError, match="already uploaded"):
        CRATES.publish(job, CRATES.pieces(job))
    assert len(registry.publications()) == 1


def test_a_wrong_token_is_refused_and_leaves_no_receipt(registry: Cargo, tmp_path: Path) -> None:
    seen = Recorder()
    job = packaged(CRATES, job_for(registry, tmp_path, secrets={"token": "wrong-token"}, recorder=seen))
    with pytest.raises(StatusError, match="authentication failed"):
        CRATES.publish(job, CRATES.pieces(job))
    assert (len(seen.intents), seen.receipts) == (1, [])


@pytest.mark.parametrize("kind", ["generated", pytest.param("source", marks=needs_cargo)])
def test_two_packagings_give_the_same_bytes(registry: Cargo, tmp_path: Path, kind: str) -> None:
    first, second = (
        job_for(registry, folder) if kind == "generated" else source_job(registry, folder, PROGRAM)
        for folder in (tmp_path, tmp_path / "again")
    )
    assert CRATES.package(first).digests == CRATES.package(second).digests


def test_a_generated_crate_leads_binstall_to_the_release_files(registry: Cargo, tmp_path: Path) -> None:
    job = packaged(CRATES, job_for(registry, tmp_path))
    binstall = manifest_of(job.workdir / "hello-forge-1.0.0.crate")["package"]["metadata"]["binstall"]
    assert binstall["overrides"]["x86_64-pc-windows-msvc"] == {
        "pkg-url": "http://127.0.0.1:9/releases/hello-forge-1.0.0-windows-amd64.zip",
        "pkg-fmt": "zip",
        "bin-dir": "hello-forge.exe",
    }


def test_a_description_with_any_signs_makes_a_valid_manifest(registry: Cargo, tmp_path: Path) -> None:
    text = 'Greets "you" \\ everybody \N{WAVING HAND SIGN}\nfrom every place'
    job = packaged(CRATES, job_for(registry, tmp_path, project={"description": text}))
    assert manifest_of(job.workdir / "hello-forge-1.0.0.crate")["package"]["description"] == text


@needs_cargo
def test_cargo_installs_a_generated_crate_and_its_program_runs(registry: Cargo, tmp_path: Path) -> None:
    with serving(tmp_path / "artifacts" / "1.0.0") as files:
        job = publish(CRATES, job_for(registry, tmp_path, release_url=files))
        evidence = CRATES.verify(job)
    assert evidence.client.startswith("cargo ")
    assert "1.0.0" in evidence.said


def test_verify_refuses_a_release_file_that_has_changed(registry: Cargo, tmp_path: Path) -> None:
    with serving(tmp_path / "artifacts" / "1.0.0") as files:
        job = publish(CRATES, job_for(registry, tmp_path, release_url=files))
        for artifact in job.artifacts:
            artifact.path.write_bytes(b"something else")
        with pytest.raises(VerifyError, match="frozen is"):
            CRATES.verify(job)


def test_verify_refuses_a_crate_that_its_index_does_not_know(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, job_for(registry, tmp_path))
    registry.crates["hello-forge", "1.0.0"] = b"something else"
    with pytest.raises(VerifyError, match="its index says"):
        CRATES.verify(job)


@needs_cargo
def test_cargo_installs_the_program_of_a_source_crate(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, source_job(registry, tmp_path, PROGRAM, options={"features": ["loud"]}))
    evidence = CRATES.verify(job)
    assert (evidence.method, evidence.said) == ("install", "hello-forge 1.0.0")


@needs_cargo
def test_a_new_project_builds_with_a_source_crate_that_is_a_library(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, source_job(registry, tmp_path, LIBRARY))
    assert CRATES.verify(job).said == "a new project builds with hello-forge 1.0.0"


@needs_cargo
def test_packaging_leaves_the_crates_folder_as_it_was(registry: Cargo, tmp_path: Path) -> None:
    job = source_job(registry, tmp_path, {**PROGRAM, "target/debug/big": "x" * 1000})
    CRATES.package(job)
    folder = tmp_path / "crate"
    assert (folder / "Cargo.toml").read_text() == PROGRAM["Cargo.toml"]
    assert not (folder / "Cargo.lock").exists()


@needs_cargo
def test_a_crate_that_does_not_build_is_not_packaged(registry: Cargo, tmp_path: Path) -> None:
    job = source_job(registry, tmp_path, {**LIBRARY, "src/lib.rs": "this is not Rust"})
    with pytest.raises(DeployForgeError, match="cargo"):
        CRATES.package(job)


def test_a_folder_with_another_crate_is_refused(registry: Cargo, tmp_path: Path) -> None:
    job = source_job(registry, tmp_path, LIBRARY, options={"package_name": "other-name"})
    with pytest.raises(DeployForgeError, match="not `other-name`"):
        CRATES.package(job)


@needs_cargo
def test_preflight_names_an_unknown_feature_and_a_crate_that_is_too_large(registry: Cargo, tmp_path: Path) -> None:
    options = {"features": ["cli"], "max_size_mb": 0.0001}
    job = packaged(CRATES, source_job(registry, tmp_path, LIBRARY, options=options))
    assert [(f.id, f.level) for f in CRATES.preflight(job)] == [
        ("CRATES-103", Level.ERROR),
        ("CRATES-110", Level.WARNING),
    ]


@pytest.mark.parametrize(("token", "finding"), [("", "CRATES-100"), ("wrong-token", "CRATES-101")])
def test_preflight_tests_the_token(registry: Cargo, tmp_path: Path, token: str, finding: str) -> None:
    job = packaged(CRATES, job_for(registry, tmp_path, secrets={"token": token}))
    assert [f.id for f in CRATES.preflight(job)] == [finding]


def test_the_sample_passes_preflight(registry: Cargo, tmp_path: Path) -> None:
    assert CRATES.preflight(packaged(CRATES, job_for(registry, tmp_path))) == []


def test_rollback_yanks_the_version_and_brings_the_earlier_one_back(registry: Cargo, tmp_path: Path) -> None:
    earlier = publish(CRATES, job_for(registry, tmp_path))
    CRATES.rollback(earlier, None)
    job = publish(CRATES, job_for(registry, tmp_path, version="1.0.1"))
    rolled = CRATES.rollback(job, earlier.version)
    assert rolled.done == ("hello-forge 1.0.1 is yanked", "hello-forge 1.0.0 is no longer yanked")
    assert CRATES.presence(job).state is State.WITHDRAWN
    assert CRATES.presence(earlier).state is State.SAME


def test_a_second_rollback_has_nothing_left_to_do(registry: Cargo, tmp_path: Path) -> None:
    job = publish(CRATES, job_for(registry, tmp_path))
    CRATES.rollback(job, None)
    assert CRATES.rollback(job, None).done == ()


def test_only_a_generated_crate_waits_for_the_release(registry: Cargo, tmp_path: Path) -> None:
    generated, source = (CRATES.options.model_validate(o) for o in ({}, {"path": "crate"}))
    assert (CRATES.hubs(generated), CRATES.hubs(source)) == (("github",), ())


@needs_cargo
def test_what_cargo_itself_publishes_is_found_by_its_digest(registry: Cargo, tmp_path: Path) -> None:
    job = source_job(registry, tmp_path, {**LIBRARY, "Cargo.toml": LIBRARY["Cargo.toml"].replace("0.0.0", "1.0.0")})
    ours = packaged(CRATES, job)
    done = cargo(registry, tmp_path, "publish", "--allow-dirty", cwd=tmp_path / "crate")
    assert done.returncode == 0, done.stderr
    assert CRATES.presence(ours).state is State.SAME


@needs_cargo
def test_cargo_refuses_to_publish_what_we_have_published(registry: Cargo, tmp_path: Path) -> None:
    files = {**LIBRARY, "Cargo.toml": LIBRARY["Cargo.toml"].replace("0.0.0", "1.0.0")}
    publish(CRATES, source_job(registry, tmp_path, files))
    done = cargo(registry, tmp_path, "publish", "--allow-dirty", cwd=tmp_path / "crate")
    assert "already exists" in done.stderr
    assert len(registry.publications()) == 1


@pytest.mark.parametrize(("name", "path"), [("A", "1/a"), ("ab", "2/ab"), ("abc", "3/a/abc"), ("Serde", "se/rd/serde")])
def test_the_index_path_follows_the_length_of_the_name(name: str, path: str) -> None:
    assert index_path(name) == path


@pytest.mark.parametrize(
    ("dl", "url"),
    [
        ("https://x.example/dl", "https://x.example/dl/serde/1.0.0/download"),
        ("https://x.example/{prefix}/{crate}-{version}.crate", "https://x.example/se/rd/serde-1.0.0.crate"),
        ("https://x.example/{sha256-checksum}", "https://x.example/abc"),
    ],
)
def test_the_download_url_follows_the_index_settings(dl: str, url: str) -> None:
    assert download_url(dl, "serde", "1.0.0", "abc") == url


class _OldRegistry(Cargo):
    """Refuses with status 200, as registries did before 2023 and some still do."""

    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        return Reply(200, reply.body) if reply.status == 400 else reply


class _SilentRegistry(Cargo):
    """Says nothing when it accepts, as cargo-http-registry does."""

    def answer(self, request: Request) -> Reply:
        reply = super().answer(request)
        return Reply(200) if (request.method, reply.status) == ("PUT", 200) else reply


def test_a_refusal_that_comes_with_status_200_is_an_error(tmp_path: Path) -> None:
    with running(_OldRegistry(tmp_path / "registry")) as registry:
        job = publish(CRATES, job_for(registry, tmp_path))
        with pytest.raises(PublishError, match="already uploaded"):
            CRATES.publish(job, CRATES.pieces(job))


def test_an_empty_answer_with_status_200_is_a_publication(tmp_path: Path) -> None:
    with running(_SilentRegistry(tmp_path / "registry")) as registry:
        job = publish(CRATES, job_for(registry, tmp_path))
        assert CRATES.presence(job).state is State.SAME


def test_a_dependency_is_told_to_the_registry_as_cargo_tells_it() -> None:
    dependency = {
        "name": "helper", "req": "^2", "features": ["x"], "optional": False, "uses_default_features": True,
        "target": "cfg(unix)", "kind": None, "registry": None, "rename": "short",
    }  # fmt: skip
    package: dict[str, Any] = {
        **dict.fromkeys(("documentation", "homepage", "repository", "license_file", "links", "rust_version", "readme")),
        "name": "hello-forge", "version": "1.0.0", "authors": [], "description": "d", "license": "MIT",
        "keywords": [], "categories": [], "features": {}, "dependencies": [dependency],
    }  # fmt: skip
    (told,) = upload_metadata(package, crates_io=False, readme=None)["deps"]
    assert (told["kind"], told["explicit_name_in_toml"], told["version_req"]) == ("normal", "short", "^2")
    assert told["registry"] == "https://github.com/rust-lang/crates.io-index"


@needs_cargo
@pytest.mark.skipif(SERVER is None, reason="only on a machine that reaches crates.io, where the server is built from")
@pytest.mark.parametrize("kind", ["generated", "source"])
def test_cargo_installs_from_a_real_registry_what_we_have_uploaded_there(
    registry: Cargo, tmp_path: Path, kind: str
) -> None:
    job = job_for(registry, tmp_path) if kind == "generated" else source_job(registry, tmp_path, PROGRAM)
    ready = packaged(CRATES, job)
    with cargo_http_registry(tmp_path / "real") as url:
        # Its index is a git repository, which look-ups do not read: only the upload is tried here.
        there = ready.options.model_copy(update={"api": url})
        CRATES.publish(replace(ready, options=there), CRATES.pieces(ready))
        environment = {
            **os.environ,
            "CARGO_HOME": str(tmp_path / "cargo-home"),
            "CARGO_NET_GIT_FETCH_WITH_CLI": "true",
            "CARGO_REGISTRIES_REAL_INDEX": f"{url}/git",
        }
        done = subprocess.run(
            ["cargo", "install", "--registry", "real", "--root", str(tmp_path), "--debug", "hello-forge"],
            env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "Installed package `hello-forge v1.0.0" in done.stderr
