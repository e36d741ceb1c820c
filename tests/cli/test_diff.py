"""What changes from one version to another: `diff`, and the plan of a dry run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from deployforge_tasks.core.errors import ArtifactError
from tests.cli.conftest import Cli
from tests.cli.rendering import RenderingShelf
from tests.graph.shelf import ShelfServer, shelves, write_project

Screen = Callable[[str, str], None]
Write = Callable[..., None]


@pytest.fixture
def write(cli: Cli, server: ShelfServer) -> Iterator[Write]:
    """Writes a project whose platforms render files."""
    with shelves("npm", "pypi", "brew", "snap", needs={"brew": ("npm",)}, kind=RenderingShelf):

        def project(platforms: Mapping[str, Mapping[str, Any]], **conditions: Any) -> None:
            write_project(cli.folder, {name: {"url": server.url, **o} for name, o in platforms.items()}, **conditions)

        yield project


@pytest.fixture
def released(cli: Cli, write: Write) -> Cli:
    """1.0.0 is published on npm, with one piece; the next version has two."""
    write({"npm": {}, "brew": {}})
    assert cli("deploy", "--platforms", "npm", "--yes").code == 0
    write({"npm": {"pieces": 2, "text": "hello again"}, "brew": {}, "snap": {"enabled": False}})
    return cli


def test_the_plan_tells_what_changes_in_each_file(released: Cli, screen: Screen) -> None:
    done = released("deploy", "v1.1.0", "--dry-run")
    assert done.code == 0
    screen("plan-changes", done.out + done.err)


def test_the_diff_line_by_line(released: Cli, screen: Screen) -> None:
    done = released("diff", "v1.1.0")
    assert (done.code, done.err) == (0, "")
    screen("diff", done.out)


def test_a_dry_run_that_is_asked_for_more_shows_the_diff_too(released: Cli) -> None:
    assert "+++ b/" not in released("deploy", "v1.1.0", "--dry-run").out
    assert "+++ b/" in released("deploy", "v1.1.0", "--dry-run", "-v").out


def test_only_how_much(released: Cli, screen: Screen) -> None:
    screen("diff-stat", released("diff", "v1.1.0", "--stat").out)


def test_the_diff_is_coloured(released: Cli) -> None:
    out = released("diff", "v1.1.0", "--color", "always").out
    assert '\x1b[31m-  version "1.0.0"\x1b[0m' in out
    assert '\x1b[32m+  version "1.1.0"\x1b[0m' in out


def test_as_json(released: Cli) -> None:
    (npm,) = released("diff", "v1.1.0", "--platforms", "npm", "--json").json["platforms"]
    assert (npm["old"], npm["new"], npm["basis"]) == ("1.0.0", "1.1.0", "release")
    assert [(f["path"], f["added"], f["removed"], f["binary"]) for f in npm["files"]] == [
        ("Formula/hello.rb", 3, 3, False),
        ("icon.png", 0, 0, True),
    ]
    assert npm["pieces_added"] == ["npm-1"]
    assert npm["pieces_removed"] == []


def test_a_file_that_carries_the_version_in_its_name_is_the_same_file(released: Cli) -> None:
    assert "manifests" not in released("diff", "v1.1.0", "--platforms", "npm").out


def test_the_same_version_is_no_change(released: Cli, write: Write) -> None:
    write({"npm": {}, "brew": {}})
    out = released("diff", "1.0.0", "1.0.0", "--platforms", "npm", "--stat").out
    assert "no change" in out


def test_without_the_work_folder_it_is_rendered_again_and_says_so(released: Cli) -> None:
    shutil.rmtree(released.folder / ".deployforge" / "work" / "1.0.0")
    out = released("diff", "v1.1.0", "--platforms", "npm").out
    assert "rendered again with today's templates" in out
    assert '-  version "1.0.0"' in out
    assert 'desc "hello again"' not in out.replace('   desc "hello again"', "")


def test_a_version_that_was_never_released_can_be_compared_too(released: Cli) -> None:
    (npm,) = released("diff", "v0.9.0", "v1.1.0", "--platforms", "npm", "--json").json["platforms"]
    assert (npm["old"], npm["basis"]) == ("0.9.0", "rendered")


def test_rendering_again_never_looks_like_what_a_release_left(released: Cli) -> None:
    released("diff", "v0.9.0", "v1.1.0")
    assert not (released.folder / ".deployforge" / "work" / "0.9.0" / "npm").exists()


def test_a_work_folder_with_other_content_than_was_published_is_not_taken_for_the_release(released: Cli) -> None:
    released("diff", "v0.9.0", "v1.0.0")  # makes the package of 1.0.0 anew, with today's options
    (npm,) = released("diff", "v1.1.0", "--platforms", "npm", "--json").json["platforms"]
    assert npm["basis"] == "rendered"


def test_the_files_of_a_version_that_cannot_be_had(cli: Cli, write: Write, screen: Screen) -> None:
    class Unpackable(RenderingShelf):
        def package(self, job: Any) -> Any:
            if str(job.version) == "0.9.0":
                raise OSError("the archive is gone")
            return super().package(job)

    write({"npm": {}})
    with shelves("npm", kind=Unpackable):
        done = cli("diff", "v0.9.0", "v1.1.0")
    assert done.code == 0
    assert "the files of v0.9.0 cannot be had: OSError: the archive is gone" in done.out


def test_a_new_version_that_cannot_be_made_is_an_error(cli: Cli, write: Write) -> None:
    class Unpackable(RenderingShelf):
        def package(self, job: Any) -> Any:
            raise OSError("no space left")

    write({"npm": {}})
    with shelves("npm", kind=Unpackable):
        done = cli("diff")
        assert done.code == 70
        assert "no space left" in done.out
        assert "no space left" in cli("deploy", "--dry-run").out


def test_a_package_that_cannot_be_made_blocks_its_platform_in_the_plan(cli: Cli, write: Write, screen: Screen) -> None:
    class Incomplete(RenderingShelf):
        def package(self, job: Any) -> Any:
            if self.name == "npm":
                raise ArtifactError("linux/arm64 has no release file", hint="build it, or leave out the target")
            if self.name == "snap":
                raise ArtifactError("windows/amd64 has no release file", hint="leave out the target")
            return super().package(job)

    write({"npm": {}, "pypi": {}, "snap": {"required": False}})
    with shelves("npm", "pypi", "snap", kind=Incomplete):
        done = cli("deploy", "--dry-run")
        assert done.code == 5
        assert cli("deploy", "--dry-run", "--except", "npm").code == 0  # snap is not required
    screen("plan-blocked", done.out + done.err)


def test_nothing_of_it_is_a_run(released: Cli) -> None:
    before = released("runs", "--json").json
    released("diff", "v1.1.0")
    released("deploy", "v1.1.0", "--dry-run")
    assert released("runs", "--json").json["runs"][0]["run"] == before["runs"][0]["run"]


@pytest.mark.parametrize("words", [("1", "2", "3"), ("nonsense", "1.0.0"), ("npm",)])
def test_what_is_no_version_is_told(released: Cli, words: tuple[str, ...]) -> None:
    assert released("diff", *words).code == 2


def test_the_plan_as_json_has_the_changes(released: Cli) -> None:
    plan = released("deploy", "v1.1.0", "--dry-run", "--json").json
    assert plan["off"] == {"snap": "deployforge.yml:16"}
    assert [c["name"] for c in plan["changes"]] == ["npm", "brew"]


def test_the_critical_path_is_told_when_every_platform_was_timed(released: Cli) -> None:
    assert "critical path" not in released("deploy", "v1.1.0", "--dry-run").out
    assert released("deploy", "v1.1.0", "--yes").code == 0
    assert "critical path: npm → brew (about" in released("deploy", "v1.2.0", "--dry-run").out


@pytest.mark.parametrize("width", [60, 80, 120, 200])
@pytest.mark.parametrize("words", [("deploy", "v1.1.0", "--dry-run"), ("diff", "v1.1.0", "--stat")])
def test_no_line_is_wider_than_the_terminal(
    released: Cli, monkeypatch: pytest.MonkeyPatch, width: int, words: tuple[str, ...], screen: Screen
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    out = released(*words).out
    assert max(len(line) for line in out.splitlines()) <= width
    screen(f"{'plan' if words[0] == 'deploy' else 'stat'}-{width}", out)
