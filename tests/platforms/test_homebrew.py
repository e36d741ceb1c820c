from __future__ import annotations

import json
import platform as machine
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import ConfigError, ConflictError, CredentialError, NetworkError, PublishError
from deployforge_tasks.core.model import Artifact, Level
from deployforge_tasks.core.presence import State
from deployforge_tasks.core.targets import Target
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import Entry, digest, tar_bytes, write_atomic
from deployforge_tasks.platforms._homebrew_ruby import class_name, description, license_of, ruby_string
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.homebrew import Homebrew, HomebrewOptions
from tests.support.faults import truncate
from tests.support.formula import FORMULA, needs_ruby
from tests.support.git_places import GitCase, over_http
from tests.support.jobs import packaged, publish
from tests.support.proxy import FaultProxy


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[GitCase]:
    with over_http(Homebrew(), tmp_path) as case:
        yield case


def formula_of(job: Job[Any]) -> Path:
    assert job.package is not None
    return job.workdir / str(job.package.pieces[0].path)


def ruby(*words: str | Path) -> str:
    done = subprocess.run(["ruby", "-w", FORMULA, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def finding_ids(tap: GitCase, job: Job[Any]) -> list[str]:
    return [f.id for f in tap.platform.preflight(job)]


def with_files(job: Job[Any], *artifacts: Artifact) -> Job[Any]:
    return replace(job, load_artifacts=lambda: list(artifacts))


@needs_ruby
def test_a_real_ruby_finds_each_systems_download_in_the_formula(tap: GitCase) -> None:
    job = packaged(tap.platform, tap.job())
    found = {(f["system"], f["cpu"]): f for f in json.loads(ruby("list", formula_of(job)))}
    assert set(found) == {("macos", "arm"), ("linux", "arm"), ("linux", "intel")}
    for artifact in job.artifacts:
        cpu = "arm" if artifact.target.arch == "arm64" else "intel"
        entry = found["macos" if artifact.target.os == "darwin" else "linux", cpu]
        assert (entry["url"], entry["sha256"]) == (artifact.url, artifact.sha256)
        assert (entry["version"], entry["class"], entry["license"]) == ("1.0.0", "HelloForge", "Apache-2.0")


@needs_ruby
@pytest.mark.skipif(machine.machine() not in ("x86_64", "aarch64"), reason="no release file for this machine")
def test_a_real_ruby_installs_the_published_formula_and_its_test_passes(tap: GitCase, tmp_path: Path) -> None:
    job = publish(tap.platform, tap.job())
    with tap.platform.open(job) as repository:
        published = tmp_path / "hello-forge.rb"
        published.write_text(repository.read("Formula/hello-forge.rb") or "")
    cpu = "intel" if machine.machine() == "x86_64" else "arm"
    assert ruby("install", published, "linux", cpu, tmp_path / "prefix").strip() == "hello-forge 1.0.0"


@needs_ruby
@pytest.mark.skipif(machine.machine() != "x86_64", reason="no release file for this machine")
def test_the_real_ruby_takes_no_half_of_a_file_for_the_whole(tap: GitCase, tmp_path: Path) -> None:
    with FaultProxy(tap.release_url) as proxy:
        ready = packaged(tap.platform, tap.job(release_url=proxy.url))
        proxy.when("GET", do=truncate)
        assert ruby("install", formula_of(ready), "linux", "intel", tmp_path / "prefix").strip() == "hello-forge 1.0.0"


@needs_ruby
@pytest.mark.skipif(machine.machine() != "x86_64", reason="no release file for this machine")
@pytest.mark.parametrize("layout", ["hello-1.0.0/bin/hello-forge", "bin/hello-forge", "hello-forge"])
def test_a_program_deep_in_its_archive_is_installed_with_its_runtime_files(
    tap: GitCase, tmp_path: Path, layout: str
) -> None:
    job = tap.job()
    original = job.artifacts[0]
    assert original.target == Target.parse("linux/amd64")
    beside = layout.replace("hello-forge", "default.yaml")
    path = tap.releases / "deep-1.0.0-linux-amd64.tar.gz"
    write_atomic(path, tar_bytes([Entry(layout, original.executable, 0o755), Entry(beside, b"a: 1\n")]))
    url = f"{tap.release_url}/{path.name}"
    deep = replace(
        original, name=path.name, path=path, url=url, sha256=digest(path), runtime_files=(Path("default.yaml"),)
    )
    ready = packaged(tap.platform, with_files(job, deep))
    said = ruby("install", formula_of(ready), "linux", "intel", tmp_path / "prefix")
    assert said.strip() == "hello-forge 1.0.0"
    assert list((tmp_path / "prefix" / "keg" / "libexec").rglob("default.yaml"))


@needs_ruby
@pytest.mark.skipif(machine.machine() != "x86_64", reason="no release file for this machine")
def test_bare_executables_are_installed_under_the_programs_name(tap: GitCase, tmp_path: Path) -> None:
    job = tap.job()
    bare = []
    for original in job.artifacts[:2]:
        path = tap.releases / f"hello-forge-{original.target.slug}"
        path.write_bytes(original.executable.read_bytes())
        url = f"{tap.release_url}/{path.name}"
        bare.append(replace(original, name=path.name, path=path, url=url, sha256=digest(path)))
    subprocess.run(["chmod", "+x", *[a.path for a in bare]], check=True)
    ready = packaged(tap.platform, with_files(job, *bare))
    text = formula_of(ready).read_text()
    assert '.first => "hello-forge"' in text
    assert len(json.loads(ruby("list", formula_of(ready)))) == 2


def test_the_formula_is_what_is_expected_to_the_byte(tap: GitCase) -> None:
    job = packaged(tap.platform, tap.job(options={"dependencies": ["git"]}, targets=("linux/amd64",)))
    artifact = job.artifacts[0]
    assert (
        formula_of(job).read_text()
        == f'''class HelloForge < Formula
  desc "Small program that greets you from every place"
  homepage "https://hello.example"
  version "1.0.0"
  license "Apache-2.0"

  depends_on "git"

  on_linux do
    on_intel do
      url "{artifact.url}"
      sha256 "{artifact.sha256}"
    end
  end

  def install
    bin.install "hello-forge"
  end

  test do
    assert_match version.to_s, shell_output("#{{bin}}/hello-forge --version")
  end
end
'''
    )


def test_a_new_version_is_one_commit_that_leaves_other_formulae_alone(tap: GitCase) -> None:
    assert tap.stand_in is not None
    publish(tap.platform, tap.job(options={"formula_name": "other"}))
    publish(tap.platform, tap.job("1.0.0"))
    publish(tap.platform, tap.job("1.1.0"))
    found = {(p.name, p.version, p.extra["commits"]) for p in tap.stand_in.publications()}
    assert found == {("other", "1.0.0", "1"), ("hello-forge", "1.1.0", "1")}


def test_a_version_that_was_succeeded_counts_as_published(tap: GitCase) -> None:
    publish(tap.platform, tap.job("1.0.0"))
    publish(tap.platform, tap.job("1.1.0"))
    presence = tap.platform.presence(tap.job("1.0.0"))
    assert presence.state is State.SAME
    assert "1.1.0" in presence.reason


def test_an_older_version_than_the_one_offered_is_absent_and_refused(tap: GitCase) -> None:
    publish(tap.platform, tap.job("1.1.0"))
    job = packaged(tap.platform, tap.job("1.0.0"))
    assert tap.platform.presence(job).state is State.ABSENT
    assert "HOMEBREW-005" in finding_ids(tap, job)
    with pytest.raises(PublishError, match=r"newer than 1\.0\.0") as caught:
        tap.platform.publish(job, tap.platform.pieces(job))
    assert not caught.value.retryable
    assert tap.recorder.intents == tap.recorder.receipts
    assert tap.platform.presence(tap.job("1.1.0")).state is State.SAME


def test_an_older_version_is_published_when_the_user_says_so(tap: GitCase) -> None:
    publish(tap.platform, tap.job("1.1.0"))
    publish(tap.platform, tap.job("1.0.0", options={"allow_older": True}))
    assert tap.platform.presence(tap.job("1.0.0")).state is State.SAME


def test_a_formula_that_differs_is_an_update(tap: GitCase) -> None:
    publish(tap.platform, tap.job())
    changed = packaged(tap.platform, tap.job(options={"dependencies": ["git"]}))
    presence = tap.platform.presence(changed)
    assert presence.state is State.DIFFERENT
    assert tap.platform.traits.editable
    tap.platform.publish(changed, presence.missing)
    assert tap.platform.presence(changed).state is State.SAME


def test_other_release_files_under_the_same_version_are_refused(tap: GitCase) -> None:
    job = tap.job()
    publish(tap.platform, job)
    first = job.artifacts[0]
    path = tap.releases / first.name
    write_atomic(path, tar_bytes([Entry("hello-forge", b"something else", 0o755)]))
    swapped = replace(first, sha256=digest(path))
    ready = packaged(tap.platform, with_files(tap.job(), swapped))
    with pytest.raises(ConflictError, match="sha256"):
        tap.platform.publish(ready, tap.platform.presence(ready).missing)
    assert len(tap.recorder.intents) == 1


def test_users_are_never_sent_to_a_release_that_does_not_answer(tap: GitCase) -> None:
    job = packaged(tap.platform, tap.job())
    (tap.releases / job.artifacts[0].name).unlink()
    with pytest.raises(NetworkError, match="cannot be downloaded yet") as caught:
        tap.platform.publish(job, tap.platform.pieces(job))
    assert caught.value.retryable
    assert tap.recorder.intents == []


def test_a_push_that_lost_a_race_publishes_nothing_and_goes_through_the_next_time(tap: GitCase) -> None:
    job = packaged(tap.platform, tap.job())

    def faster(piece: str, digest: str) -> Any:
        publish(tap.platform, tap.job(options={"formula_name": "other"}))
        return tap.recorder.intend(piece, digest)

    with pytest.raises(NetworkError, match="moved on") as caught:
        tap.platform.publish(replace(job, intents=faster), tap.platform.pieces(job))
    assert caught.value.retryable
    assert tap.platform.presence(job).state is State.ABSENT
    tap.platform.publish(job, tap.platform.presence(job).missing)
    assert tap.platform.presence(job).state is State.SAME


def test_a_rollback_offers_the_earlier_version_again_and_once(tap: GitCase) -> None:
    publish(tap.platform, tap.job("1.0.0"))
    job = publish(tap.platform, tap.job("1.1.0"))
    before = len(tap.stand_in.journal) if tap.stand_in else 0
    assert tap.platform.rollback(job, Version.parse("1.0.0")).done
    assert before
    assert tap.platform.presence(tap.job("1.0.0")).state is State.SAME
    again = tap.platform.presence(tap.job("1.1.0"))
    assert again.state is State.WITHDRAWN
    assert again.missing == ("Formula/hello-forge.rb",)
    assert "already" in tap.platform.rollback(job, Version.parse("1.0.0")).done[0]


def test_rolling_back_the_first_version_removes_the_formula(tap: GitCase) -> None:
    job = publish(tap.platform, tap.job())
    assert tap.platform.rollback(job, None).done
    assert tap.stand_in is not None
    assert tap.stand_in.publications() == []
    assert tap.platform.presence(tap.job()).state is State.WITHDRAWN


def test_a_token_that_may_not_write_is_found_before_publishing(tap: GitCase) -> None:
    job = packaged(tap.platform, tap.job(secrets={"token": "surely-wrong-token"}))
    findings = [f for f in tap.platform.preflight(job) if f.level is Level.ERROR]
    assert [f.id for f in findings] == ["HOMEBREW-004"]
    assert "surely-wrong" not in str(findings)


def test_a_public_tap_is_looked_at_without_a_token_but_not_written(tap: GitCase) -> None:
    publish(tap.platform, tap.job())
    assert tap.platform.presence(tap.job(secrets={})).state is State.SAME
    with pytest.raises(CredentialError):
        tap.platform.publish(packaged(tap.platform, tap.job("1.1.0", secrets={})), ["Formula/hello-forge.rb"])


@pytest.mark.parametrize(
    ("options", "project", "expected"),
    [
        ({"formula_name": "Hello Forge"}, {}, "HOMEBREW-020"),
        ({}, {"description": "x" * 100}, "HOMEBREW-022"),
        ({}, {"homepage": None, "source": {}}, "HOMEBREW-023"),
        ({"remote": "https://user:secret@127.0.0.1:9/tap.git"}, {}, "HOMEBREW-002"),
    ],
)
def test_what_homebrew_would_refuse_is_found_before_publishing(
    tap: GitCase, options: dict[str, Any], project: dict[str, Any], expected: str
) -> None:
    assert expected in finding_ids(tap, tap.job(options=options, project=project))


def test_a_pre_release_is_a_warning_because_every_user_of_the_tap_gets_it(tap: GitCase) -> None:
    assert "HOMEBREW-024" in finding_ids(tap, tap.job("1.0.0-rc.1"))


def test_the_seeds_options_are_understood() -> None:
    options = HomebrewOptions.model_validate(
        {"enabled": True, "formula_name": "contextlite", "dependencies": ["go"], "targets": ["darwin/*"]}
    )
    assert options.formula_name == "contextlite"


@pytest.mark.parametrize(
    ("option", "repo", "expected"),
    [
        ("me/homebrew-tools", None, "me/tools"),
        ("me/tools", None, "me/tools"),
        (None, "owner/program", "owner/tap"),
    ],
)
def test_a_taps_name_follows_homebrews_rule(tap: GitCase, option: str | None, repo: str | None, expected: str) -> None:
    job = tap.job(options={"tap": option, "remote": None}, project={"source": {"repo": repo}})
    assert Homebrew().tap(job) == expected
    assert Homebrew().page(job).startswith(f"https://github.com/{expected.replace('/', '/homebrew-')}/blob/")


def test_a_tap_without_an_owner_is_a_problem_of_the_configuration(tap: GitCase) -> None:
    with pytest.raises(ConfigError) as caught:
        tap.platform.presence(tap.job(options={"remote": None}, project={"source": {}}))
    assert "source.repo" in caught.value.hint


@pytest.mark.parametrize(
    ("formula", "expected"),
    [("hello-forge", "HelloForge"), ("foo@1.2", "FooAT12"), ("a_b.c", "ABC"), ("gtk+", "Gtkx"), ("x264", "X264")],
)
def test_the_class_is_named_as_homebrew_looks_for_it(formula: str, expected: str) -> None:
    assert class_name(formula) == expected


@needs_ruby
@pytest.mark.parametrize("text", ['a "quoted" word', "#{`touch /tmp/never`} #$0 #@a # plain", "back\\slash\nnew line"])
def test_a_value_is_only_ever_text_to_ruby(text: str) -> None:
    said = subprocess.check_output(["ruby", "-e", f"$stdout.write({ruby_string(text)})"], text=True)
    assert said == text


@pytest.mark.parametrize(
    ("spdx", "expected"),
    [
        ("MIT", '"MIT"'),
        ("MIT OR Apache-2.0", 'any_of: ["MIT", "Apache-2.0"]'),
        ("LicenseRef-Proprietary", ":cannot_represent"),
    ],
)
def test_a_licence_is_written_as_homebrew_wants_it(spdx: str, expected: str) -> None:
    assert license_of(spdx) == expected


def test_a_description_loses_what_brew_audit_complains_about() -> None:
    assert description("hello is a tool that greets.", "hello") == "Tool that greets"
