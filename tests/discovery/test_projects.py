"""Descriptions of projects and packages, one file of a kind at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.discovery.choice import choose, value
from deployforge_tasks.discovery.survey import survey
from deployforge_tasks.discovery.tree import Tree
from tests.discovery import samples

_CSPROJ = """
    <Project><PropertyGroup>
      <OutputType>Exe</OutputType>
      <AssemblyName>elk</AssemblyName>
      <Description>Runs in forests</Description>
      <PackageLicenseExpression>MIT</PackageLicenseExpression>
      <PackageTags>run;forest</PackageTags>
      <PackageId>Elk.Cli</PackageId>
    </PropertyGroup></Project>
    """
_PKGBUILD = """
    # Maintainer: Ann Lee <ann@elk.example>
    pkgname=elk-bin
    pkgver=1.0.0
    pkgdesc="Runs in forests"
    depends=('glibc')
    """
_FORMULA = """
    class Elk < Formula
      desc "Runs in forests"
      homepage "https://elk.example"
      url "https://github.com/e/elk/releases/download/v#{version}/elk-#{version}-darwin-arm64.tar.gz"
      license "MIT"
      depends_on "git"
    end
    """
_NUSPEC = "<package><metadata><id>elk</id><title>Elk</title><version>1.0.0</version></metadata></package>"
_CARGO = """
    [package]
    name = "elk"
    version.workspace = true
    description = "Runs in forests"
    license.workspace = true
    authors = ["Ann Lee <ann@elk.example>"]
    [[bin]]
    name = "ek"
    [workspace.package]
    version = "1.0.0"
    license = "MIT"
    """
_PYPROJECT = """
    [project]
    name = "elk"
    description = "Runs in forests"
    license = {text = "MIT"}
    authors = [{name = "Ann Lee", email = "ann@elk.example"}]
    requires-python = ">=3.10"
    [project.scripts]
    ek = "elk:main"
    [project.urls]
    Homepage = "https://elk.example"
    """
_POETRY = '[tool.poetry]\nname = "elk"\ndescription = "Runs"\nauthors = ["Ann Lee <ann@elk.example>"]\n'
_CMAKE = 'project(elk VERSION 1.0.0 DESCRIPTION "Runs in forests" HOMEPAGE_URL "https://elk.example")\n'
_DOCKERFILE = "FROM a AS b\nEXPOSE 1\n\nFROM scratch\nEXPOSE 80 53/udp\n"
_README = "# Elk\n\n![logo](x)\n\nElk *runs* in\nall [forests](y). And more.\n"

CASES: list[tuple[str, Any, dict[str, Any]]] = [
    ("go.mod", "module github.com/elks/elk/v3\n", {"name": "elk", "source.repo": "elks/elk"}),
    ("Cargo.toml", _CARGO, {"name": "elk", "binary.name": "ek", "license": "MIT", "author.email": "ann@elk.example"}),
    (
        "package.json",
        {
            "name": "@elks/elk", "bin": {"ek": "x.js", "elk": "y.js"}, "repository": "github:elks/elk",
            "author": "Ann Lee <ann@elk.example> (https://elk.example)", "publishConfig": {"tag": "next"},
        },
        {
            "name": "elk", "binary.name": "elk", "source.repo": "elks/elk", "author.name": "Ann Lee",
            "platforms.npm.package": "@elks/elk", "platforms.npm.dist_tag": "next",
        },
    ),
    (
        "pyproject.toml",
        _PYPROJECT,
        {"name": "elk", "binary.name": "ek", "license": "MIT", "homepage": "https://elk.example",
         "platforms.pypi.requires_python": ">=3.10"},
    ),
    ("pyproject.toml", _POETRY, {"name": "elk", "author.name": "Ann Lee"}),
    ("setup.py", "setup(\n    name='elk',\n    license='MIT',\n)\n", {"name": "elk", "license": "MIT"}),
    ("src/Elk/Elk.csproj", _CSPROJ, {"binary.name": "elk", "license": "MIT", "keywords": ["run", "forest"]}),
    ("CMakeLists.txt", _CMAKE, {"name": "elk", "description": "Runs in forests", "homepage": "https://elk.example"}),
    ("meson.build", "project('elk', 'c', license: 'MIT')\n", {"name": "elk", "license": "MIT"}),
    ("configure.ac", "AC_INIT([elk], [1.0])\n", {"name": "elk"}),
    ("PKGBUILD", _PKGBUILD, {"platforms.aur.package": "elk-bin", "platforms.aur.depends": ["glibc"]}),
    ("Formula/elk.rb", _FORMULA, {"license": "MIT", "platforms.homebrew.dependencies": ["git"]}),
    (
        "snap/snapcraft.yaml",
        "name: elk\nbase: core24\nconfinement: classic\napps: {elk: {plugs: [home]}}\n",
        {"platforms.snap.confinement": "classic", "platforms.snap.plugs": ["home"]},
    ),
    ("Dockerfile", _DOCKERFILE, {"platforms.docker.expose": [80, "53/udp"]}),
    (
        "ext/package.json",
        {"name": "elk", "publisher": "Elks", "engines": {"vscode": "^1.80.0"}},
        {"platforms.vscode.extension_id": "Elks.elk", "platforms.vscode.path": "ext"},
    ),
    ("bucket/elk.json", {"version": "1.0.0", "url": "x"}, {"platforms.scoop.app": "elk"}),
    ("m/Elks.Elk.installer.yaml", "PackageIdentifier: Elks.Elk\n", {"platforms.winget.identifier": "Elks.Elk"}),
    ("com.elk.Elk.yml", "app-id: com.elk.Elk\n", {"platforms.flathub.app_id": "com.elk.Elk"}),
    ("README.md", _README, {"description": "Elk runs in all forests"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "content", "options"), CASES, ids=[f"{p}-{n}" for n, (p, _, _) in enumerate(CASES)])
def test_options_follow_from_a_file(tmp_path: Path, path: str, content: Any, options: dict[str, Any]) -> None:
    folder = samples.write(tmp_path / "elk", {path: content})

    choices = choose(survey(Tree(folder)).facts)

    assert {option: value(choices, option) for option in options} == options


def test_a_nuspec_without_an_install_script_is_no_chocolatey_package(tmp_path: Path) -> None:
    folder = samples.write(
        tmp_path / "elk", {"a/elk.nuspec": _NUSPEC, "b/elk.nuspec": _NUSPEC, "b/tools/chocolateyInstall.ps1": ""}
    )

    assert [use.source for use in survey(Tree(folder)).uses] == ["b/elk.nuspec"]


def test_packages_per_target_tell_the_targets(tmp_path: Path) -> None:
    choices = choose(survey(Tree(samples.finch(tmp_path / "finch"))).facts)

    assert value(choices, "artifacts.targets") == ["linux/amd64", "darwin/arm64"]


def test_a_private_package_is_published_nowhere(tmp_path: Path) -> None:
    folder = samples.write(tmp_path / "elk", {"package.json": {"name": "elk", "private": True}})

    assert survey(Tree(folder)).uses == ()


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("Permission is hereby granted, free of charge, to any person obtaining a copy", "MIT"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-only"),
        ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("Redistribution and use in source and binary forms ... Neither the name of", "BSD-3-Clause"),
        ("All rights reserved.", None),
    ],
)
def test_a_licence_is_known_by_its_text(tmp_path: Path, text: str, spdx: str | None) -> None:
    folder = samples.write(tmp_path, {"LICENSE": text})

    assert value(choose(survey(Tree(folder)).facts), "license") == spdx


def test_a_source_crate_beside_the_program_keeps_its_folder_and_description(tmp_path: Path) -> None:
    choices = choose(survey(Tree(samples.hedgehog(tmp_path / "hedgehog"))).facts)

    assert value(choices, "platforms.crates.path") == "clients/rust"
    assert value(choices, "descriptions.crates") == "A client of Hedgehog"
