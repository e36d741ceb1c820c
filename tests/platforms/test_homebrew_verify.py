from __future__ import annotations

import os
import platform as machine
from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.platforms.homebrew import Homebrew
from tests.support.formula import FORMULA, needs_ruby
from tests.support.git_places import GitCase, over_http
from tests.support.jobs import publish


@pytest.fixture
def tap(tmp_path: Path) -> Iterator[GitCase]:
    with over_http(Homebrew(), tmp_path) as case:
        yield case


def test_it_is_verified_by_downloading_where_there_is_no_brew(tap: GitCase, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.platforms._homebrew_verify.which", lambda tool: None)
    evidence = tap.platform.verify(publish(tap.platform, tap.job()))
    assert (evidence.method, evidence.reason) == ("download", "brew is not on this machine")
    if machine.system() == "Linux" and machine.machine() in ("x86_64", "aarch64"):
        assert evidence.said == "hello-forge 1.0.0"


BREW = """#!/bin/sh
# The commands of brew that verifying uses; a formula is evaluated by a real Ruby.
tap={folder}/tap keg={folder}/prefix/keg
echo "$*" >> {folder}/asked
case "$1 $2" in
  "list --formula") [ ! -d "$keg" ] || echo hello-forge ;;
  "tap ") [ ! -d "$tap" ] || echo hello-makers/tap ;;
  "tap "*) {tapping} git clone -q "$3" "$tap" ;;
  "install --formula") ruby {evaluator} install "$tap/Formula/${{3##*/}}.rb" linux {cpu} {folder}/prefix ;;
  "--prefix "*) echo "$keg" ;;
  "--version ") echo "Homebrew 6.0.0" ;;
  "uninstall --force") rm -rf {folder}/prefix ;;
  "untap "*) rm -rf "$tap" ;;
esac
"""


def brew_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, tapping: str = "") -> Path:
    folder = tmp_path / "brew"
    (folder / "bin").mkdir(parents=True)
    cpu = "intel" if machine.machine() == "x86_64" else "arm"
    text = BREW.format(folder=folder, evaluator=FORMULA, cpu=cpu, tapping=tapping)
    (folder / "bin" / "brew").write_text(text)
    (folder / "bin" / "brew").chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return folder


@needs_ruby
@pytest.mark.skipif(machine.system() != "Linux", reason="the small brew of this test installs for Linux")
def test_it_is_verified_by_installing_with_brew_which_is_left_as_it_was(
    tap: GitCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = brew_on_path(tmp_path, monkeypatch)
    evidence = tap.platform.verify(publish(tap.platform, tap.job()))
    assert (evidence.method, evidence.client, evidence.said) == ("install", "Homebrew 6.0.0", "hello-forge 1.0.0")
    assert "install --formula hello-makers/tap/hello-forge" in (folder / "asked").read_text()
    assert sorted(p.name for p in folder.iterdir()) == ["asked", "bin"]


@needs_ruby
def test_a_formula_that_the_user_has_installed_is_left_alone(
    tap: GitCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = brew_on_path(tmp_path, monkeypatch)
    (folder / "prefix" / "keg").mkdir(parents=True)
    evidence = tap.platform.verify(publish(tap.platform, tap.job()))
    assert (evidence.method, evidence.reason) == ("download", "hello-forge is installed on this machine already")
    assert (folder / "asked").read_text() == "list --formula -1\n"


@needs_ruby
def test_a_tap_that_brew_refuses_is_verified_by_downloading(
    tap: GitCase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brew_on_path(tmp_path, monkeypatch, tapping="exit 1;")
    evidence = tap.platform.verify(publish(tap.platform, tap.job()))
    assert (evidence.method, evidence.reason) == ("download", "brew refuses a tap that is not on GitHub")
