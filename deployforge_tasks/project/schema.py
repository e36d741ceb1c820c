"""What can stand in ``deployforge.yml``: pydantic models, strict, documented field by field.

The fields' descriptions are the reference documentation and the JSON Schema.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Strict(BaseModel):
    """No unknown keys, nothing changed after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Author(Strict):
    """Who publishes the program."""

    name: str
    email: str | None = None
    copyright: str | None = None


class License(Strict):
    """The licence; a bare SPDX expression is enough."""

    spdx: str = "LicenseRef-Proprietary"
    file: str | None = None
    commercial: str | None = None


class Urls(Strict):
    """Links that packages carry."""

    docs: str | None = None
    issues: str | None = None
    changelog: str | None = None
    icon: str | None = None


class Source(Strict):
    """Where the source code lives."""

    repo: str | None = None
    """``owner/name`` on GitHub."""
    tag: str = "v{version}"
    branch: str | None = None


class RuntimeFile(Strict):
    """A file that the program needs beside it."""

    src: str
    required: bool = True


class Binary(Strict):
    """The program itself."""

    name: str
    version_command: list[str] = Field(default_factory=lambda: ["--version"])
    """Arguments that make the program print its version; the output must contain the version."""
    runtime_files: list[RuntimeFile] = Field(default_factory=list)


class Build(Strict):
    """How to build the program for a target. `{target} {os} {arch} {version} {output}` are replaced."""

    command: list[str] | str
    """Program and arguments (a string is split like a shell would, but no shell runs it)."""
    cwd: str = "."
    env: dict[str, str] = Field(default_factory=dict)
    inputs: list[str] = Field(default_factory=list)
    """Globs of the files that a build depends on; when none has changed, it is not built again."""
    timeout: float = 600.0


class Checksums(Strict):
    """What downloads are compared with."""

    source: Literal["auto", "file", "host", "computed"] = Field(default="auto", alias="from")
    file: str = "checksums.txt"


class Artifacts(Strict):
    """Where the release files come from."""

    source: Literal["github_release", "directory", "urls", "build"] = Field(default="github_release", alias="from")
    targets: list[str] = Field(default_factory=list)
    asset: str = "{name}-{version}-{os}-{arch}.{ext}"
    """Pattern of the release file's name (`{name} {version} {tag} {os} {arch} {target} {ext}`)."""
    ext: dict[str, str] = Field(default_factory=lambda: {"default": "tar.gz", "windows": "zip"})
    """Extension per target, os or `default`; an empty extension means a bare executable."""
    binary_path: dict[str, str] = Field(default_factory=dict)
    """Path of the program inside the archive, per target, os or `default`."""
    directory: str = "dist"
    urls: dict[str, str] = Field(default_factory=dict)
    build: Build | None = None
    checksums: Checksums = Field(default_factory=lambda: Checksums())
    prerelease: Literal["allowed", "refused"] = "allowed"


class Conditions(Strict):
    """Rules of a deploy."""

    gate: Literal["none", "required"] = "none"
    """`required`: no upload before every required platform has passed its preflight."""
    retry_on_failure: int = Field(default=3, ge=0, le=20)
    retry_delay: float = Field(default=1.0, ge=0)
    """Seconds before the first new try; doubles each time."""
    settle: float = Field(default=300.0, ge=0)
    """Seconds to wait for a registry to show what it accepted."""
    settle_interval: float = Field(default=1.0, gt=0)
    """Seconds between two such look-ups at first; doubles up to 15."""
    skip_if_exists: bool = True
    rollback_on_error: bool = False


class Verify(Strict):
    """How published packages are tried."""

    install: bool = True
    timeout: float = 600.0


class Project(Strict):
    """A project: everything that ``deployforge.yml`` says (after profiles and variables)."""

    schema_version: Literal[1] = Field(default=1, alias="schema")
    name: str
    version: str | None = None
    description: str
    descriptions: dict[str, str] = Field(default_factory=dict)
    """Another description for one platform."""
    summary: str | None = None
    homepage: str | None = None
    author: Author | None = None
    license: License = Field(default_factory=License)
    keywords: list[str] = Field(default_factory=list)
    urls: Urls = Field(default_factory=Urls)
    source: Source = Field(default_factory=Source)
    binary: Binary | None = None
    artifacts: Artifacts = Field(default_factory=lambda: Artifacts())
    credentials: dict[str, dict[str, str]] = Field(default_factory=dict)
    """Per platform: the credential's name -> the environment variable that holds it."""
    platforms: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Per platform: its options. Checked by the platform's own model."""
    conditions: Conditions = Field(default_factory=lambda: Conditions())
    verify: Verify = Field(default_factory=Verify)
