"""VS Code Marketplace: generated and existing extensions against the stand-in, and the real vsce against it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from deployforge_tasks.core.errors import DeployForgeError, NetworkError, StatusError, VerifyError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.platforms._gallery import shown
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.vscode import Vscode
from deployforge_tasks.rehearsal.stand_ins.gallery import PAT, Gallery
from tests.support.jobs import Recorder, make_job, packaged, publish
from tests.support.registries import TOOLS
from tests.support.running import running

VSCODE = Vscode()
ID = "hello-makers.hello-forge"
VSCE_FOLDER = TOOLS / "vsce" / "node_modules" / ".bin"
VSCE = shutil.which("vsce", path=os.pathsep.join([str(VSCE_FOLDER), os.environ.get("PATH", "")]))
needs_vsce = pytest.mark.skipif(VSCE is None, reason="vsce is not on this machine")
EXTENSION = {
    "package.json": json.dumps({
        "name": "hello-forge", "publisher": "hello-makers", "version": "0.0.0", "description": "Says hello",
        "engines": {"vscode": "^1.74.0"}, "main": "./extension.js", "activationEvents": ["onStartupFinished"],
        "license": "MIT", "repository": {"type": "git", "url": "https://github.com/hello-makers/hello-forge"},
        "scripts": {"vscode:prepublish": ""},
    }),
    "extension.js": "exports.activate = () => {};\n",
    "README.md": "# Hello\n",
    "LICENSE.txt": "Free for all\n",
    ".vscodeignore": "notes.txt\n",
    "notes.txt": "not for users\n",
}  # fmt: skip


@pytest.fixture
def gallery(tmp_path: Path) -> Iterator[Gallery]:
    with running(Gallery(tmp_path / "gallery")) as stand_in:
        yield stand_in


@pytest.fixture
def vsce_on_path(monkeypatch: pytest.MonkeyPatch) -> None:
    if VSCE:
        monkeypatch.setenv("PATH", os.pathsep.join([str(Path(VSCE).parent), os.environ["PATH"]]))


def job_for(gallery: Gallery, folder: Path, **more: Any) -> Job[Any]:
    options = {**gallery.overlay({})["vscode"], **more.pop("options", {})}
    return make_job(VSCODE, folder, options=options, secrets=more.pop("secrets", {"pat": PAT}), **more)


def folder_job(gallery: Gallery, folder: Path, **more: Any) -> Job[Any]:
    extension = folder / "extension"
    extension.mkdir(parents=True)
    for name, text in EXTENSION.items():
        (extension / name).write_text(text)
    return job_for(gallery, folder, options={"path": str(extension), **more.pop("options", {})}, **more)


def run_vsce(gallery: Gallery, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    assert VSCE is not None
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "VSCE_MARKETPLACE_URL": gallery.url,
        "VSCE_PAT": PAT,
    }
    return subprocess.run([VSCE, *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=False)


def vsix(job: Job[Any], piece: str) -> Path:
    assert job.package is not None
    return job.workdir / str(job.package.piece(piece).path)


def test_a_version_that_was_never_published_is_absent(gallery: Gallery, tmp_path: Path) -> None:
    assert VSCODE.presence(job_for(gallery, tmp_path)).state is State.ABSENT


def test_there_is_one_package_for_each_target(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    assert sorted(p.extra["part"] for p in gallery.publications()) == ["linux-arm64", "linux-x64", "win32-x64"]


def test_a_published_version_is_the_same_by_its_receipt(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    look = VSCODE.presence(job)
    assert (look.state, look.by) == (State.SAME, "receipt")


def test_it_is_recognised_without_a_token_on_another_machine(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    look = VSCODE.presence(job_for(gallery, tmp_path / "elsewhere", secrets={}))
    assert (look.state, look.by) == (State.SAME, "name")


def test_only_the_missing_targets_are_published(gallery: Gallery, tmp_path: Path) -> None:
    seen = Recorder()
    publish(VSCODE, job_for(gallery, tmp_path, targets=["linux/amd64"]))
    job = publish(VSCODE, job_for(gallery, tmp_path / "more", recorder=seen))
    assert [name for name, _ in seen.receipts] == ["linux-arm64", "win32-x64"]
    assert VSCODE.presence(job).state is State.SAME


def test_a_new_version_updates_the_extension(gallery: Gallery, tmp_path: Path) -> None:
    publish(VSCODE, job_for(gallery, tmp_path))
    publish(VSCODE, job_for(gallery, tmp_path, version="1.0.1"))
    assert {p.version for p in gallery.publications()} == {"1.0.0", "1.0.1"}


def test_publishing_a_package_a_second_time_is_refused_by_the_gallery(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    with pytest.raises(StatusError, match="already exists"):
        VSCODE.publish(job, ["linux-x64"])


def test_a_wrong_token_is_an_error_and_never_absent(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(StatusError, match="401"):
        VSCODE.presence(job_for(gallery, tmp_path, secrets={"pat": "wrong-token"}))


def test_what_is_being_validated_is_pending(gallery: Gallery, tmp_path: Path) -> None:
    gallery.validating = True
    job = publish(VSCODE, job_for(gallery, tmp_path))
    assert VSCODE.presence(job).state is State.PENDING


def test_one_target_that_is_still_validated_keeps_the_version_pending(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    next(p for p in gallery.extensions[ID].packages if p.target == "win32-x64").validated = False
    look = VSCODE.presence(job)
    assert (look.state, look.reason) == (State.PENDING, "the Marketplace validates win32-x64")


def test_a_package_that_validation_refused_is_rejected_with_the_reason(gallery: Gallery, tmp_path: Path) -> None:
    gallery.validating = True
    job = publish(VSCODE, job_for(gallery, tmp_path))
    gallery.extensions[ID].packages[0].problem = "suspicious content"
    look = VSCODE.presence(job)
    assert look.state is State.REJECTED
    assert "suspicious content" in look.reason


def test_an_unpublished_extension_is_withdrawn(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    gallery.extensions[ID].unpublished = True
    assert VSCODE.presence(job).state is State.WITHDRAWN


@pytest.mark.parametrize("answer", [{"versions": [{"flags": 1}]}, {"versions": "none"}])
def test_an_answer_of_another_shape_is_an_error(answer: dict[str, Any]) -> None:
    with pytest.raises(NetworkError, match="another shape"):
        shown(answer, "1.0.0", "http://127.0.0.1:9")


@pytest.mark.parametrize(("flags", "validated"), [(1, True), (0, False), ("none", False), ("validated, x", True)])
def test_flags_are_read_as_words_and_as_numbers(flags: object, validated: bool) -> None:
    (package,) = shown({"versions": [{"version": "1.0.0", "flags": flags}]}, "1.0.0", "http://127.0.0.1:9")
    assert package.validated is validated


def test_two_packagings_give_the_same_bytes(gallery: Gallery, tmp_path: Path) -> None:
    first = VSCODE.package(job_for(gallery, tmp_path))
    assert first.digests == VSCODE.package(job_for(gallery, tmp_path / "again")).digests


def test_the_package_names_its_target_and_holds_the_program(gallery: Gallery, tmp_path: Path) -> None:
    job = packaged(VSCODE, job_for(gallery, tmp_path))
    with zipfile.ZipFile(vsix(job, "win32-x64")) as archive:
        manifest = ET.fromstring(archive.read("extension.vsixmanifest"))
        names = archive.namelist()
    identity = manifest.find("{*}Metadata/{*}Identity")
    assert identity is not None
    assert (identity.get("TargetPlatform"), identity.get("Version")) == ("win32-x64", "1.0.0")
    assert "extension/bin/hello-forge.exe" in names


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not on this machine")
def test_the_generated_extension_puts_the_program_on_the_path_of_terminals(gallery: Gallery, tmp_path: Path) -> None:
    job = packaged(VSCODE, job_for(gallery, tmp_path))
    with zipfile.ZipFile(vsix(job, "linux-x64")) as archive:
        archive.extractall(tmp_path / "installed")
    (tmp_path / "node_modules").mkdir()
    (tmp_path / "node_modules" / "vscode.js").write_text(
        "exports.commands = {registerCommand: (name, run) => { run(); return name; }};\n"
        "exports.window = {showInformationMessage: text => console.log(`said ${text}`)};\n"
    )
    script = """
      const extension = require(process.argv[1] + "/extension.js");
      extension.activate({
        asAbsolutePath: name => process.argv[1] + "/" + name,
        environmentVariableCollection: {prepend: (name, value) => console.log(name, value)},
        subscriptions: {push: value => console.log("command", value)},
      });
    """
    folder = tmp_path / "installed" / "extension"
    done = subprocess.run(
        ["node", "-e", script, str(folder)],
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(tmp_path / "node_modules")},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert f"PATH {folder}/bin:" in done.stdout
    assert "command hello-forge.showVersion" in done.stdout
    assert "1.0.0" in done.stdout


def test_verify_runs_the_program_from_the_published_package(gallery: Gallery, tmp_path: Path) -> None:
    evidence = VSCODE.verify(publish(VSCODE, job_for(gallery, tmp_path)))
    assert evidence.method == "download"
    assert evidence.reason
    assert "1.0.0" in evidence.said


def test_verify_refuses_a_package_that_is_not_ours(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    with pytest.raises(VerifyError, match="ours is"):
        VSCODE.verify(replace(job, digests=dict.fromkeys(job.digests, "0" * 64)))


def test_the_sample_passes_preflight(gallery: Gallery, tmp_path: Path) -> None:
    assert VSCODE.preflight(packaged(VSCODE, job_for(gallery, tmp_path))) == []


@pytest.mark.parametrize(
    ("more", "finding"),
    [
        ({"secrets": {}}, "VSCODE-100"),
        ({"secrets": {"pat": "wrong-token"}}, "VSCODE-101"),
        ({"version": "1.0.0-rc.1"}, "VSCODE-102"),
        ({"version": "1.0.4294967296"}, "VSCODE-103"),
        ({"options": {"categories": ["Cookery"]}}, "VSCODE-108"),
    ],
)
def test_preflight_finds_what_the_marketplace_would_refuse(
    gallery: Gallery, tmp_path: Path, more: dict[str, Any], finding: str
) -> None:
    job = packaged(VSCODE, job_for(gallery, tmp_path, **more))
    assert [f.id for f in VSCODE.preflight(job)] == [finding]


def test_an_extension_id_without_a_publisher_is_refused(gallery: Gallery, tmp_path: Path) -> None:
    with pytest.raises(DeployForgeError, match="no extension id"):
        VSCODE.presence(job_for(gallery, tmp_path, options={"extension_id": "hello"}))


def test_rollback_leaves_the_whole_extension_alone_and_names_the_page(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    rolled = VSCODE.rollback(job, None)
    assert rolled.manual[0].url.endswith("/manage/publishers/hello-makers/extensions/hello-forge/hub")
    assert len(gallery.publications()) == 3


@needs_vsce
@pytest.mark.usefixtures("vsce_on_path")
def test_vsce_packages_an_existing_folder_with_the_program_and_leaves_it_alone(
    gallery: Gallery, tmp_path: Path
) -> None:
    job = packaged(VSCODE, folder_job(gallery, tmp_path, targets=["linux/amd64"]))
    with zipfile.ZipFile(vsix(job, "linux-x64")) as archive:
        package = json.loads(archive.read("extension/package.json"))
        names = archive.namelist()
        program = archive.getinfo("extension/bin/hello-forge")
    assert package["version"] == "1.0.0"
    assert program.external_attr >> 16 & 0o111
    assert "extension/notes.txt" not in names
    assert (tmp_path / "extension" / "package.json").read_text() == EXTENSION["package.json"]


@needs_vsce
@pytest.mark.usefixtures("vsce_on_path")
def test_packaging_a_folder_twice_gives_the_same_bytes(gallery: Gallery, tmp_path: Path) -> None:
    first, second = (
        VSCODE.package(folder_job(gallery, folder, targets=["linux/amd64"]))
        for folder in (tmp_path, tmp_path / "again")
    )
    assert first.digests == second.digests


@needs_vsce
@pytest.mark.usefixtures("vsce_on_path")
def test_an_existing_folder_can_be_one_package_for_every_target(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, folder_job(gallery, tmp_path, options={"per_target": False}))
    assert [p.extra["part"] for p in gallery.publications()] == ["universal"]
    assert VSCODE.presence(job).state is State.SAME


def test_preflight_asks_for_vsce_where_it_is_missing(
    gallery: Gallery, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = folder_job(gallery, tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [(f.id, f.level) for f in VSCODE.preflight(job)] == [("VSCODE-107", Level.ERROR)]


@needs_vsce
def test_what_vsce_publishes_is_found_and_not_published_again(gallery: Gallery, tmp_path: Path) -> None:
    job = packaged(VSCODE, job_for(gallery, tmp_path))
    first, second, third = (str(vsix(job, piece)) for piece in VSCODE.pieces(job))
    done = run_vsce(gallery, tmp_path, "publish", "--packagePath", first, second, third)
    assert done.returncode == 0, done.stdout + done.stderr
    assert VSCODE.presence(job).state is State.SAME


@needs_vsce
def test_vsce_sees_what_we_have_published(gallery: Gallery, tmp_path: Path) -> None:
    job = publish(VSCODE, job_for(gallery, tmp_path))
    again = run_vsce(gallery, tmp_path, "publish", "--packagePath", str(vsix(job, "linux-x64")))
    assert "already exists" in again.stdout + again.stderr
    told = run_vsce(gallery, tmp_path, "show", "--json", ID)
    assert [v["version"] for v in json.loads(told.stdout)["versions"]] == ["1.0.0"] * 3


@needs_vsce
def test_vsce_tests_a_token_with_the_same_answer(gallery: Gallery, tmp_path: Path) -> None:
    assert run_vsce(gallery, tmp_path, "verify-pat", "hello-makers").returncode == 0
    assert run_vsce(gallery, tmp_path, "verify-pat", "hello-makers", "-p", "wrong-token").returncode != 0
