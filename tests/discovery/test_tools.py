"""Configurations of other release tools: what carries over, and what is said of the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.discovery.choice import choose, value
from deployforge_tasks.discovery.draft import Draft, draft
from deployforge_tasks.discovery.findings import Findings
from deployforge_tasks.discovery.survey import survey, tools
from deployforge_tasks.discovery.tree import Tree
from tests.discovery import samples


def otter(tmp_path: Path, text: str = samples.GORELEASER, *, run: bool = True) -> tuple[Findings, Draft]:
    found = survey(Tree(samples.otter(tmp_path / "otter", text, run=run)))
    return found, draft(found)


def left(found: Findings) -> set[str]:
    return {part.key for part in found.left}


def test_every_tool_has_a_detector() -> None:
    assert set(tools()) == {"goreleaser", "cargo-dist", "jreleaser", "semantic-release", "release-it"}


# --- GoReleaser ---


def test_goreleaser_names_the_release_files(tmp_path: Path) -> None:
    _, made = otter(tmp_path)

    assert made.naming is not None
    assert made.naming.asset == "{name}_{os}_{arch}.{ext}"
    assert made.naming.words == {"linux": "Linux", "darwin": "Darwin", "windows": "Windows", "amd64": "x86_64"}
    assert made.naming.ext == {"default": "tar.gz", "windows": "zip"}


def test_goreleaser_tells_the_targets_and_what_is_left_of_them(tmp_path: Path) -> None:
    found, made = otter(tmp_path)

    targets = ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64"]
    assert value(made.choices, "artifacts.targets") == targets
    assert any("linux/386" in part.why for part in found.left)


def test_goreleaser_builds_with_the_same_command(tmp_path: Path) -> None:
    _, made = otter(tmp_path)

    assert value(made.choices, "artifacts.build.command") == [
        "go", "build", "-trimpath", "-ldflags", "-s -w -X main.version={version}", "-o", "{output}", "./cmd/otter",
    ]  # fmt: skip
    assert value(made.choices, "artifacts.build.env") == {"CGO_ENABLED": "0", "GOOS": "{os}", "GOARCH": "{arch}"}


@pytest.mark.parametrize(
    ("option", "wanted"),
    [
        ("name", "otter"),
        ("description", "Swims through logs"),
        ("homepage", "https://otter.example"),
        ("artifacts.checksums.file", "checksums.txt"),
        ("platforms.homebrew.tap", "otters/homebrew-tap"),
        ("platforms.homebrew.dependencies", ["git", "jq"]),
        ("platforms.homebrew.test", "--version"),
        ("platforms.scoop.bucket", "otters/scoop-bucket"),
        ("platforms.aur.package", "otter-bin"),
        ("platforms.aur.maintainer", "Ann Lee <ann@otter.example>"),
        ("platforms.snap.channels", ["stable", "candidate"]),
        ("platforms.snap.plugs", ["network"]),
        ("platforms.docker.images", ["ghcr.io/otters/otter:{version}", "ghcr.io/otters/otter:latest"]),
        ("credentials.homebrew.token", "TAP_GITHUB_TOKEN"),
        ("credentials.aur.ssh_key", "AUR_KEY"),
        ("credentials.chocolatey.key", "CHOCO_KEY"),
    ],
)
def test_goreleaser_options_carry_over(tmp_path: Path, option: str, wanted: object) -> None:
    _, made = otter(tmp_path)

    assert value(made.choices, option) == wanted


def test_a_publisher_that_is_skipped_is_off(tmp_path: Path) -> None:
    _, made = otter(tmp_path)

    aur = next(one for one in made.platforms if one.name == "aur")
    assert not aur.enabled
    assert "skip_upload" in aur.why


def test_every_other_key_of_goreleaser_is_accounted_for(tmp_path: Path) -> None:
    found, _ = otter(tmp_path)

    assert left(found) >= {"before", "nfpms", "signs", "something_new", "brews[0].install", "archives[0].files"}
    assert all(part.why and part.todo for part in found.left)


def test_a_linker_variable_that_the_program_does_not_have_is_told_and_corrected(tmp_path: Path) -> None:
    text = samples.GORELEASER.replace("main.version=", "main.Version=")
    found, made = otter(tmp_path, text)

    assert "-X main.version={version}" in value(made.choices, "artifacts.build.command")[4]
    assert any("main.Version" in trouble.message for trouble in found.troubles)


def test_a_name_template_that_is_not_understood_is_left_with_the_word(tmp_path: Path) -> None:
    text = "project_name: otter\narchives:\n  - name_template: '{{ .Env.X }}_{{ .Os }}'\n"
    found, _ = otter(tmp_path, text)

    assert [(part.key, part.why) for part in found.left if "name_template" in part.key] == [
        ("archives[0].name_template", "`.Env.X` is not known here")
    ]


def test_a_bare_binary_has_no_extension_but_on_windows(tmp_path: Path) -> None:
    name = "'{{ .Binary }}-{{ .Os }}-{{ .Arch }}'"
    text = f"project_name: otter\narchives:\n  - {{formats: [binary], name_template: {name}}}\n"
    _, made = otter(tmp_path, text)

    assert made.naming is not None
    assert made.naming.ext == {"default": "", "windows": "exe"}


def test_the_configuration_of_a_tool_that_no_workflow_runs_counts_little(tmp_path: Path) -> None:
    workflow = "jobs:\n  a:\n    steps:\n      - run: gh release create v1 otter-linux-amd64.tar.gz\n"
    folder = samples.otter(tmp_path / "otter", run=False)
    samples.write(folder, {".github/workflows/w.yml": workflow})

    idle, asked = survey(Tree(folder)), survey(Tree(folder), ["goreleaser"])

    assert "no workflow runs goreleaser" in " ".join(trouble.message for trouble in idle.troubles)
    assert not any(use.publishes for use in idle.uses if use.platform == "homebrew")
    assert any(use.publishes for use in asked.uses if use.platform == "homebrew")


# --- dist ---


def test_dist_names_files_by_triples(tmp_path: Path) -> None:
    made = draft(survey(Tree(samples.stoat(tmp_path / "stoat"))))

    assert made.naming is not None
    assert made.naming.asset == "{name}-{arch}-{os}{libc}.{ext}"
    assert made.naming.ext == {"default": "tar.xz", "windows": "zip"}
    assert made.naming.targets == ("linux/amd64/gnu", "linux/amd64/musl", "darwin/arm64", "windows/amd64")


def test_dist_platforms_carry_over(tmp_path: Path) -> None:
    made = draft(survey(Tree(samples.stoat(tmp_path / "stoat"))))

    assert value(made.choices, "platforms.homebrew.tap") == "stoats/homebrew-tap"
    assert value(made.choices, "platforms.npm.scope") == "@stoats"
    assert {one.name: one.enabled for one in made.platforms} == {
        "github": True, "homebrew": True, "npm": False, "crates": True,
    }  # fmt: skip


def test_dist_tells_what_did_not_carry_over(tmp_path: Path) -> None:
    found = survey(Tree(samples.stoat(tmp_path / "stoat")))

    assert left(found) >= {"installers", "targets", "ci", "github-attestations"}
    assert any("riscv64gc" in part.why for part in found.left)


@pytest.mark.parametrize("table", ["workspace.metadata.dist", "package.metadata.dist"])
def test_dist_settings_in_a_cargo_file_are_found(tmp_path: Path, table: str) -> None:
    text = f'[package]\nname = "elk"\n[{table}]\ninstallers = ["homebrew"]\ntap = "e/homebrew-tap"\n'

    found = survey(Tree(samples.write(tmp_path / "elk", {"Cargo.toml": text})))

    assert value(choose(found.facts), "platforms.homebrew.tap") == "e/homebrew-tap"
    assert next(f.source for f in found.facts if f.option == "platforms.homebrew.tap") == "Cargo.toml:5"


# --- JReleaser ---


def test_jreleaser_options_carry_over(tmp_path: Path) -> None:
    made = draft(survey(Tree(samples.heron(tmp_path / "heron"))))

    wanted = {
        "name": "heron", "license": "Apache-2.0", "author.name": "Cleo Ray", "keywords": ["wait", "still"],
        "source.repo": "herons/heron", "source.tag": "v{version}", "platforms.homebrew.tap": "herons/homebrew-nest",
    }  # fmt: skip
    assert {option: value(made.choices, option) for option in wanted} == wanted
    assert made.naming is not None
    assert made.naming.asset == "{name}-{version}-{os}-{arch}.{ext}"
    assert made.naming.words == {"darwin": "osx", "amd64": "x86_64", "arm64": "aarch64"}


def test_jreleaser_packagers_are_off_unless_they_are_active(tmp_path: Path) -> None:
    made = draft(survey(Tree(samples.heron(tmp_path / "heron"))))

    assert {one.name: one.enabled for one in made.platforms} == {"github": True, "homebrew": True, "scoop": False}


def test_jreleaser_tells_what_did_not_carry_over(tmp_path: Path) -> None:
    found = survey(Tree(samples.heron(tmp_path / "heron")))

    assert left(found) >= {"distributions.heron-java", "distributions.heron.sdkman", "announce", "project.version"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("jreleaser.toml", '[project]\nname = "heron"\ndescription = "Waits"\n'),
        ("jreleaser.json", '{"project": {"name": "heron", "description": "Waits"}}'),
    ],
)
def test_jreleaser_has_three_formats(tmp_path: Path, name: str, text: str) -> None:
    found = survey(Tree(samples.write(tmp_path / "heron", {name: text})))

    assert value(choose(found.facts), "description") == "Waits"


# --- semantic-release and release-it ---


def test_semantic_release_carries_over(tmp_path: Path) -> None:
    found = survey(Tree(samples.finch(tmp_path / "finch")))
    made = draft(found)

    assert value(made.choices, "source.tag") == "finch-{version}"
    assert value(made.choices, "source.branch") == "main"
    assert {one.name for one in made.platforms if one.enabled} == {"npm", "github"}
    assert left(found) == {
        "branches",
        "plugins[0] (@semantic-release/commit-analyzer)",
        "plugins[1].pkgRoot",
        "plugins[3] (semantic-release-teapot)",
    }


def test_a_configuration_that_is_a_program_is_not_run(tmp_path: Path) -> None:
    files: dict[str, object] = {"release.config.mjs": "throw 1\n", "package.json": {"name": "elk"}}
    found = survey(Tree(samples.write(tmp_path / "elk", files)))

    assert [(part.tool, part.key) for part in found.left] == [("semantic-release", "release.config.mjs")]


def test_release_it_carries_over(tmp_path: Path) -> None:
    settings = {
        "git": {"tagName": "r${version}"}, "npm": {"publish": False},
        "github": {"release": True, "draft": True}, "hooks": {"before:init": "make"},
    }  # fmt: skip
    folder = samples.write(tmp_path / "elk", {".release-it.json": settings, "package.json": {"name": "elk"}})
    found = survey(Tree(folder))
    made = draft(found)

    assert value(made.choices, "source.tag") == "r{version}"
    assert value(made.choices, "platforms.github.draft") is True
    assert {one.name: one.enabled for one in made.platforms} == {"github": True, "npm": False}
    assert left(found) == {"hooks"}


@pytest.mark.parametrize(
    ("tool", "file", "text"),
    [
        ("goreleaser", ".goreleaser.yaml", "version: 2\nbefore: {hooks: [make]}\nbuilds: [{hooks: {pre: make}}]\n"),
        ("jreleaser", "jreleaser.yml", "project: {name: elk}\nhooks: {command: {before: [{run: make}]}}\n"),
        ("release-it", ".release-it.json", '{"hooks": {"before:init": "make"}}'),
    ],
)
def test_the_hooks_of_a_tool_are_told_to_be_hooks_here(tmp_path: Path, tool: str, file: str, text: str) -> None:
    found = survey(Tree(samples.write(tmp_path / "elk", {file: text, "package.json": '{"name": "elk"}'})), [tool])

    told = {part.key: part.todo for part in found.left if "hooks" in part.key or part.key == "before"}
    assert told
    assert [key for key, todo in told.items() if "`hooks:`" not in todo] == []
