"""Places that repeat the version."""

from __future__ import annotations

from pathlib import Path

import pytest

from deployforge_tasks.discovery.detectors import version_fields
from deployforge_tasks.discovery.tree import Tree
from deployforge_tasks.discovery.versions import contradictions, watched
from deployforge_tasks.operations import init
from tests.discovery import samples

FILES: list[tuple[str, object]] = [
    ("package.json", {"name": "elk", "version": "1.2.3"}),
    ("package-lock.json", {"name": "elk", "version": "1.2.3"}),
    ("pyproject.toml", '[project]\nname = "elk"\nversion = "1.2.3"\n'),
    ("setup.cfg", "[metadata]\nname = elk\nversion = 1.2.3\n"),
    ("setup.py", "setup(name='elk', version='1.2.3')\n"),
    ("src/elk/__init__.py", '__version__ = "1.2.3"\n'),
    ("Cargo.toml", '[package]\nname = "elk"\nversion = "1.2.3"\n'),
    ("main.go", 'var Version = "1.2.3"\n'),
    ("cmd/elk/main.go", 'var (\n\tversion string = "1.2.3"\n)\n'),
    ("internal/version/version.go", 'const Version = "1.2.3"\n'),
    ("Elk.csproj", "<Project><Version>1.2.3</Version></Project>"),
    ("build.gradle.kts", 'version = "1.2.3"\n'),
    ("pom.xml", "<project><artifactId>elk</artifactId><version>1.2.3</version></project>"),
    ("CMakeLists.txt", "project(elk VERSION 1.2.3)\n"),
    ("meson.build", "project('elk', version: '1.2.3')\n"),
    ("configure.ac", "AC_INIT([elk], [1.2.3])\n"),
    ("VERSION", "v1.2.3\n"),
    ("snap/snapcraft.yaml", "name: elk\nversion: '1.2.3'\n"),
    ("elk.nuspec", "<id>elk</id><version>1.2.3</version>"),
    (
        "Formula/elk.rb",
        'class Elk < Formula\n  url "https://github.com/e/elk/releases/download/v1.2.3/elk-1.2.3.zip"\nend\n',
    ),
    ("bucket/elk.json", {"version": "1.2.3"}),
    ("PKGBUILD", "pkgname=elk\npkgver=1.2.3\n"),
    ("manifests/Elk.installer.yaml", "PackageVersion: 1.2.3\n"),
    ("default.nix", '  pname = "elk";\n  version = "1.2.3";\n'),
    ("Dockerfile", 'FROM scratch\nLABEL org.opencontainers.image.version="1.2.3"\n'),
]


@pytest.mark.parametrize(("path", "content"), FILES, ids=[path for path, _ in FILES])
def test_a_field_is_found_with_its_line_and_read_again_by_its_regex(tmp_path: Path, path: str, content: object) -> None:
    folder = samples.write(tmp_path / "elk", {path: content})

    [field] = version_fields.detect(Tree(folder)).versions

    line = (folder / path).read_text("utf-8").splitlines()[field.line - 1]
    assert field.value.removeprefix("v") == "1.2.3"
    assert "1.2.3" in line


def test_packages_of_other_names_and_private_ones_have_versions_of_their_own(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {
        "web/package.json": {"name": "site", "version": "7.0.0"},
        "package.json": {"name": "elk", "version": "7.0.0", "private": True},
        "tests/data/package.json": {"name": "elk", "version": "7.0.0"},
    })  # fmt: skip

    assert version_fields.detect(Tree(folder)).versions == ()


def test_a_version_that_is_filled_in_later_is_no_field(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"package.json": {"name": "elk", "version": "${VERSION}"}})

    assert version_fields.detect(Tree(folder)).versions == ()


def test_fields_contradict_the_newest_tag(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {
        "package.json": {"name": "elk", "version": "1.1.0"}, "VERSION": "v1.2.0\n",
    })  # fmt: skip
    samples.commit(folder, "v1.2.0")

    found = init.look(folder)

    assert [(c.field.value, c.expected) for c in contradictions(found.versions, found.newest)] == [("1.1.0", "1.2.0")]


def test_without_tags_the_odd_one_out_contradicts(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {
        "package.json": {"name": "elk", "version": "1.1.0"}, "VERSION": "1.2.0\n", "main.go": 'var Version = "1.2.0"\n',
    })  # fmt: skip

    fields = version_fields.detect(Tree(folder)).versions

    assert [c.field.path for c in contradictions(fields, "")] == ["package.json"]


def test_files_that_a_release_writes_anew_are_not_watched(tmp_path: Path) -> None:
    fields = version_fields.detect(Tree(samples.hedgehog(tmp_path / "hedgehog"))).versions

    assert {f.path for f in watched(fields, "hedgehog")} == {
        "cmd/hedgehog/main.go", "npm-wrapper/package.json", "python-wrapper/pyproject.toml",
        "python-wrapper/hedgehog/__init__.py", "packaging/npm-wrapper/package.json",
        "packaging/python-wrapper/setup.cfg", "vscode-extension/package.json",
    }  # fmt: skip
