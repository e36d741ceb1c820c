"""Small repositories of the shapes that real ones have; every line of them is made here."""

from __future__ import annotations

import json
import subprocess
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from deployforge_tasks.core.endpoints import GITHUB_PACKAGES_NPM

_GIT = ("git", "-c", "user.name=Sample", "-c", "user.email=sample@example.com", "-c", "commit.gpgsign=false")


def write(folder: Path, files: Mapping[str, object]) -> Path:
    """Write files: texts are dedented, everything else becomes JSON."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        text = (
            textwrap.dedent(content).lstrip("\n") if isinstance(content, str) else json.dumps(content, indent=2) + "\n"
        )
        path.write_text(text, "utf-8")
    return folder


def commit(folder: Path, *tags: str, remote: str | None = None) -> Path:
    """Make a folder a git repository with everything committed."""
    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / ".git").exists():
        _git(folder, "init", "--quiet", "--initial-branch=main")
    if remote:
        _git(folder, "remote", "add", "origin", remote)
    _git(folder, "add", "--all")
    _git(folder, "commit", "--quiet", "--allow-empty", "--message", "A state")
    for tag in tags:
        _git(folder, "tag", tag)
    return folder


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run([*_GIT, *arguments], cwd=folder, check=True, capture_output=True)


# --- a Go program with workflows and twelve places, grown over many attempts ---

_ARCHIVES = "\n".join(
    f"          {'zip' if os == 'windows' else 'tar -czf'} "
    f"hedgehog-${{{{ steps.version.outputs.version }}}}-{os}-{arch}.{'zip' if os == 'windows' else 'tar.gz'} hedgehog"
    for os in ("linux", "darwin", "windows")
    for arch in ("amd64", "arm64")
)

_PUBLISH = (
    """\
name: Publish
on:
  push:
    tags: ['v*']
jobs:
  release:
    runs-on: ubuntu-latest
    steps:
      - run: |
"""
    + _ARCHIVES
    + """
      - uses: softprops/action-gh-release@v1
        env:
          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
        with:
          prerelease: true
          files: release/*
  npm:
    runs-on: ubuntu-latest
    steps:
      - run: npm publish
        env:
          NODE_AUTH_TOKEN: ${{ secrets.NPM_TOKEN }}
  pypi:
    runs-on: ubuntu-latest
    steps:
      - run: python -m twine upload dist/*
        env:
          TWINE_PASSWORD: ${{ secrets.PYPI_TOKEN }}
  docker:
    runs-on: ubuntu-latest
    steps:
      - uses: docker/login-action@v3
        with:
          username: ${{ secrets.DOCKERHUB_USERNAME }}
          password: ${{ secrets.DOCKERHUB_TOKEN }}
      - uses: docker/build-push-action@v5
        with:
          platforms: linux/amd64,linux/arm64
          push: true
          tags: |
            hedgehogs/hedgehog:latest
            hedgehogs/hedgehog:${{ steps.version.outputs.version }}
  # chocolatey:
  #   runs-on: windows-latest
  #   steps:
  #     - run: choco push hedgehog.nupkg --key $env:CHOCOLATEY_API_KEY
  #       env:
  #         CHOCOLATEY_API_KEY: ${{ secrets.CHOCOLATEY_API_KEY }}
  crates:
    runs-on: ubuntu-latest
    steps:
      - run: cd clients/rust && cargo publish
        env:
          CARGO_REGISTRY_TOKEN: ${{ secrets.CARGO_REGISTRY_TOKEN }}
  # vscode:
  #   steps:
  #     - run: vsce publish --pat ${{ secrets.VSCODE_MARKETPLACE_TOKEN }}
  snap:
    runs-on: ubuntu-latest
    steps:
      - run: snapcraft upload *.snap --release=stable
        env:
          SNAPCRAFT_STORE_CREDENTIALS: ${{ secrets.SNAPCRAFT_STORE_CREDENTIALS }}
  homebrew:
    runs-on: macos-latest
    steps:
      - run: |
          sed -i '' 's/v1/v2/' homebrew/hedgehog.rb
          git add homebrew/hedgehog.rb
          git push origin HEAD:main
        env:
          GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
  scoop:
    if: false
    runs-on: windows-latest
    steps:
      - run: git clone https://github.com/ScoopInstaller/Main.git
  aur:
    runs-on: ubuntu-latest
    steps:
      - uses: KSXGitHub/github-actions-deploy-aur@v2
        with:
          pkgname: hedgehog
          ssh_private_key: ${{ secrets.AUR_SSH_KEY }}
  github-packages:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/setup-node@v4
        with:
          registry-url: GITHUB-PACKAGES
      - run: |
          sed -i 's/"name": "hedgehog"/"name": "@hedgehogs\\/hedgehog"/' package.json
          npm publish
        env:
          NODE_AUTH_TOKEN: ${{ secrets.GITHUB_TOKEN }}
"""
).replace("GITHUB-PACKAGES", GITHUB_PACKAGES_NPM)


_MIT = """\
MIT License

Copyright (c) 2025 Hedgehogs

Permission is hereby granted, free of charge, to any person obtaining a copy
"""


def _package(version: str, **more: object) -> dict[str, object]:
    return {
        "name": "hedgehog",
        "version": version,
        "license": "MIT",
        "description": "Finds paths through hedges",
        **more,
    }


def _nuspec(version: str) -> str:
    return f"""
        <package><metadata>
          <id>hedgehog</id>
          <version>{version}</version>
          <title>Hedgehog</title>
          <summary>Paths through hedges</summary>
        </metadata></package>
        """


def _formula(version: str) -> str:
    url = f"https://github.com/hedgehogs/hedgehog/releases/download/v{version}/hedgehog-{version}-darwin-amd64.tar.gz"
    return f"""
        class Hedgehog < Formula
          desc "Finds paths through hedges"
          url "{url}"
          license "MIT"
          depends_on "git"
        end
        """


def hedgehog(folder: Path) -> Path:
    """Twelve places, twenty fields with ten values of which none is that of the tag, and two malformed tags."""
    write(folder, {
        "go.mod": "module hedgehog\n\ngo 1.23\n",
        "cmd/hedgehog/main.go": 'package main\n\nvar (\n\tVersion = "1.0.28"\n)\n\nfunc main() {}\n',
        "cmd/other/main.go": "package main\n\nfunc main() {}\n",
        "LICENSE": _MIT,
        "LICENSE-COMMERCIAL.md": "Pay us.\n",
        "README.md": "# Hedgehog\n\nAnother sentence about finding paths.\n",
        ".github/workflows/publish.yml": _PUBLISH,
        ".github/workflows/empty.yml": "",
        "npm-wrapper/package.json": _package(
            "1.0.6",
            bin={"hedgehog": "bin/hedgehog.js"},
            author={"name": "Hedgehog Team", "email": "team@hedgehog.example"},
            homepage="https://hedgehog.example",
            keywords=["hedge", "path"],
        ),
        "python-wrapper/pyproject.toml": """
            [project]
            name = "hedgehog"
            version = "1.0.0"
            description = "Finds paths through hedges"
            requires-python = ">=3.8"
            [project.urls]
            Documentation = "https://docs.hedgehog.example"
            Repository = "https://github.com/hedgehogs/hedgehog"
            "Bug Reports" = "https://github.com/hedgehogs/hedgehog/issues"
            [project.scripts]
            hedgehog = "hedgehog.__main__:main"
            """,
        "python-wrapper/hedgehog/__init__.py": '__version__ = "1.0.0"\n',
        "packaging/npm-wrapper/package.json": _package("1.0.0"),
        "packaging/python-wrapper/setup.cfg": "[metadata]\nname = hedgehog\nversion = 1.0.0\n",
        "packaging/vscode-extension/package.json": {
            "name": "hedgehog-launcher", "version": "1.0.0", "publisher": "hedgehog", "engines": {"vscode": "^1.74.0"},
        },
        "packaging/chocolatey/hedgehog.nuspec": _nuspec("1.0.0"),
        "packaging/chocolatey/tools/chocolateyinstall.ps1": "exit\n",
        "chocolatey/hedgehog.nuspec": _nuspec("VERSION_PLACEHOLDER"),
        "chocolatey/tools/chocolateyinstall.ps1": "exit\n",
        "chocolatey-fixed/hedgehog.nuspec": _nuspec("1.0.15"),
        "docker/Dockerfile": """
            FROM scratch
            LABEL version="1.0.0"
            LABEL org.opencontainers.image.version="1.0.0"
            EXPOSE 8080
            """,
        "homebrew/hedgehog.rb": _formula("1.0.38"),
        "jetbrains-plugin/build.gradle.kts": 'version = "1.0.0"\n',
        "clients/rust/Cargo.toml": """
            [package]
            name = "hedgehog-client"
            version = "1.0.38"
            description = "A client of Hedgehog"
            license = "MIT"
            """,
        "clients/node/package.json": {"name": "hedgehog-mcp", "version": "0.1.0", "bin": "index.js"},
        "clients/python/langchain/pyproject.toml": '[project]\nname = "hedgehog-langchain"\nversion = "0.1.0"\n',
        "vscode-extension/package.json": {
            "name": "hedgehog", "version": "1.0.7", "publisher": "Hedgehogs", "engines": {"vscode": "^1.85.0"},
            "description": "Hedges in your editor",
        },
        "snap/snapcraft.yaml": """
            name: hedgehog
            version: git
            summary: Paths through hedges
            base: core22
            confinement: strict
            apps:
              hedgehog:
                command: bin/hedgehog
                plugs: [network, home]
            """,
        "dist/scoop/hedgehog.json": {
            "version": "0.0.1-next",
            "architecture": {"64bit": {"url": "https://example.com/releases/hedgehog_Windows_x86_64.zip"}},
        },
        "demo/frontend/package.json": {"name": "frontend", "version": "7.7.7"},
        "npm-wrapper/node_modules/hedgehog-core/package.json": _package("9.9.9"),
    })  # fmt: skip
    return commit(
        folder,
        "v1.0.41",
        "v1.0.42",
        "vv1.0.47",
        "vv1.1.19",
        remote="https://github.com/hedgehogs/hedgehog.git",
    )


# --- programs that other tools release ---

GORELEASER = """
    version: 2
    project_name: otter
    before:
      hooks: [go mod tidy]
    builds:
      - main: ./cmd/otter
        binary: otter
        env: [CGO_ENABLED=0]
        goos: [linux, darwin, windows]
        goarch: [amd64, arm64, "386"]
        ignore:
          - {goos: windows, goarch: arm64}
        flags: [-trimpath]
        ldflags:
          - -s -w -X main.version={{.Version}} -X main.commit={{ .Commit }}
    archives:
      - name_template: >-
          {{ .ProjectName }}_
          {{- title .Os }}_
          {{- if eq .Arch "amd64" }}x86_64
          {{- else if eq .Arch "386" }}i386
          {{- else }}{{ .Arch }}{{ end }}
          {{- if .Arm }}v{{ .Arm }}{{ end }}
        format_overrides:
          - {goos: windows, formats: [zip]}
        files: [LICENSE, completions/*]
    checksum: {name_template: checksums.txt}
    brews:
      - repository: {owner: otters, name: homebrew-tap, token: "{{ .Env.TAP_GITHUB_TOKEN }}"}
        homepage: https://otter.example
        description: Swims through logs
        license: MIT
        dependencies: [{name: git}, jq]
        test: |
          system "#{bin}/otter", "--version"
        install: |
          bin.install "otter"
    scoops:
      - repository: {owner: otters, name: scoop-bucket, token: "{{ .Env.SCOOP_TOKEN }}"}
    aurs:
      - name: otter-bin
        maintainers: ["Ann Lee <ann@otter.example>"]
        private_key: "{{ .Env.AUR_KEY }}"
        depends: [glibc]
        skip_upload: true
    chocolateys:
      - name: otter
        authors: Otters
        api_key: "{{ .Env.CHOCO_KEY }}"
    snapcrafts:
      - name: otter
        publish: true
        grade: stable
        confinement: strict
        channel_templates: [stable, candidate]
        apps:
          otter: {plugs: [network]}
    dockers:
      - image_templates: ["ghcr.io/otters/otter:{{ .Version }}-amd64"]
        dockerfile: Dockerfile
    docker_manifests:
      - name_template: "ghcr.io/otters/otter:{{ .Version }}"
      - name_template: ghcr.io/otters/otter:latest
    nfpms:
      - formats: [deb, rpm]
    winget:
      - {name: otter, publisher: Otters}
    signs:
      - artifacts: checksum
    something_new: {a: 1}
    """


def otter(folder: Path, text: str = GORELEASER, *, run: bool = True) -> Path:
    """A Go program that GoReleaser releases."""
    files: dict[str, object] = {
        "go.mod": "module github.com/otters/otter/v2\n",
        "cmd/otter/main.go": 'package main\n\nvar version = "dev"\n\nfunc main() {}\n',
        ".goreleaser.yaml": text,
    }
    if run:
        files[".github/workflows/release.yml"] = """
            on: {push: {tags: ["v*"]}}
            jobs:
              goreleaser:
                runs-on: ubuntu-latest
                steps:
                  - uses: goreleaser/goreleaser-action@v6
                    env:
                      GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}
            """
    return commit(write(folder, files), "v2.0.0", "v2.1.0", remote="git@github.com:otters/otter.git")


DIST = """
    [workspace]
    members = ["cargo:."]

    [dist]
    cargo-dist-version = "0.31.0"
    ci = "github"
    installers = ["shell", "npm", "homebrew"]
    tap = "stoats/homebrew-tap"
    npm-scope = "@stoats"
    publish-jobs = ["homebrew", "./publish-crates"]
    targets = [
      "aarch64-apple-darwin", "x86_64-unknown-linux-gnu", "x86_64-unknown-linux-musl", "x86_64-pc-windows-msvc",
      "riscv64gc-unknown-linux-gnu",
    ]
    github-attestations = true
    """


def stoat(folder: Path) -> Path:
    """A Rust program that dist releases."""
    write(folder, {
        "dist-workspace.toml": DIST,
        "Cargo.toml": """
            [package]
            name = "stoat"
            version = "0.3.1"
            description = "Chases things"
            license = "MIT OR Apache-2.0"
            authors = ["Bo Ek <bo@stoat.example>"]
            repository = "https://github.com/stoats/stoat"

            [[bin]]
            name = "st"
            path = "src/main.rs"
            """,
        "src/main.rs": "fn main() {}\n",
    })  # fmt: skip
    return commit(folder, "v0.3.0", "v0.3.1", remote="https://token:secret@github.com/stoats/stoat")


JRELEASER = """
    project:
      name: heron
      description: Stands still and waits
      license: Apache-2.0
      authors: [Cleo Ray]
      links: {homepage: https://heron.example}
      tags: [wait, still]
      version: 2.0.0
    release:
      github: {owner: herons, tagName: "v{{projectVersion}}", overwrite: true}
    distributions:
      heron:
        type: BINARY
        executable: {name: heron}
        artifacts:
          - {path: "out/{{distributionName}}-{{projectVersion}}-linux-x86_64.zip", platform: linux-x86_64}
          - {path: "out/{{distributionName}}-{{projectVersion}}-osx-aarch_64.zip", platform: osx-aarch_64}
          - {path: "out/{{distributionName}}-{{projectVersion}}-osx-aarch64.zip", platform: osx-aarch_64}
        brew:
          active: RELEASE
          repository: {owner: herons, name: homebrew-nest}
        sdkman: {active: RELEASE}
      heron-java:
        type: JAVA_BINARY
    packagers:
      scoop: {active: NEVER}
    announce:
      mastodon: {active: RELEASE}
    """


def heron(folder: Path) -> Path:
    """A program that JReleaser releases."""
    return commit(write(folder, {"jreleaser.yml": JRELEASER}), "v1.9.0", remote="https://github.com/herons/heron")


def finch(folder: Path) -> Path:
    """A Node.js program with packages per target that semantic-release releases."""
    write(folder, {
        "package.json": {
            "name": "@finches/finch", "version": "0.0.0-development", "description": "Sings commit messages",
            "license": "MIT", "author": "Dee Fox <dee@finch.example> (https://finch.example)",
            "repository": "github:finches/finch", "bin": {"finch": "bin/finch.js"},
            "publishConfig": {"access": "public"},
            "optionalDependencies": {"@finches/finch-linux-x64": "1.0.0", "@finches/finch-darwin-arm64": "1.0.0"},
            "devDependencies": {"semantic-release": "^25.0.0"},
            "release": {
                "branches": ["main", "next"], "tagFormat": "finch-${version}",
                "plugins": [
                    "@semantic-release/commit-analyzer",
                    ["@semantic-release/npm", {"pkgRoot": "dist"}],
                    ["@semantic-release/github", {"assets": ["dist/*.tgz"]}],
                    "semantic-release-teapot",
                ],
            },
        },
    })  # fmt: skip
    return commit(folder, "finch-1.0.0", "finch-1.1.0", remote="https://github.com/finches/finch.git")


def wren(folder: Path) -> Path:
    """A Rust workspace whose workflow names its release files through a matrix and variables."""
    write(folder, {
        "Cargo.toml": """
            [package]
            name = "wren"
            version = "15.1.0"
            [[bin]]
            name = "wr"
            [workspace]
            members = ["crates/ignore"]
            """,
        "crates/ignore/Cargo.toml": '[package]\nname = "ignore"\nversion = "0.4.2"\n',
        ".github/workflows/release.yml": """
            on: {push: {tags: ["[0-9]+.[0-9]+.[0-9]+"]}}
            jobs:
              build:
                strategy:
                  matrix:
                    include:
                      - {target: x86_64-unknown-linux-musl}
                      - {target: aarch64-unknown-linux-gnu}
                      - {target: i686-unknown-linux-gnu}
                      - {target: aarch64-apple-darwin}
                      - {target: x86_64-pc-windows-gnu}
                      - {target: x86_64-pc-windows-msvc}
                steps:
                  - name: Names
                    run: |
                      version="${{ needs.create.outputs.version }}"
                      echo "ARCHIVE=wren-$version-${{ matrix.target }}" >> $GITHUB_ENV
                  - if: matrix.os == 'windows-latest'
                    run: 7z a "$ARCHIVE.zip" wren
                  - run: tar czf "$ARCHIVE.tar.gz" wren
                  - run: gh release upload "$version" $ARCHIVE.zip
                    env:
                      GH_TOKEN: ${{ secrets.GITHUB_TOKEN }}
            """,
    })  # fmt: skip
    return commit(
        folder,
        "15.0.0",
        "15.1.0",
        "ignore-0.4.1",
        "ignore-0.4.2",
        "ignore-0.4.3",
        remote="https://github.com/wrens/wren",
    )


def plain(folder: Path) -> Path:
    """An empty folder without git."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


ALL: dict[str, Callable[[Path], Path]] = {
    "hedgehog": hedgehog, "otter": otter, "stoat": stoat, "heron": heron, "finch": finch, "wren": wren, "plain": plain,
}  # fmt: skip
