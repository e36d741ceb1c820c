"""What can stand in ``deployforge.yml``: pydantic models, strict, documented field by field.

The fields' descriptions are the reference documentation and the JSON Schema.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, field_validator

from deployforge_tasks.core.endpoints import GITHUB_WEB
from deployforge_tasks.core.targets import Target
from deployforge_tasks.project.schema_analytics import Analytics, Costs
from deployforge_tasks.project.schema_business import Audit, Business, Ci, Monitoring
from deployforge_tasks.project.schema_dashboard import Dashboard
from deployforge_tasks.project.schema_hooks import Hook
from deployforge_tasks.project.strict import Duration
from deployforge_tasks.project.strict import Strict as Strict  # noqa: PLC0414 - platforms import it from here


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
    """The text of a second, commercial licence."""


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
    """Pattern of the release's tag."""
    branch: str | None = None
    require_tag_commit: bool = False
    """Warn when the checked-out commit is not the one that the release's tag names (crates, extensions)."""


class RuntimeFile(Strict):
    """A file that the program needs beside it: taken from the release file, else from the project's folder."""

    src: str
    required: bool = True
    """`false`: leave it out when it is in neither."""


class VersionFile(Strict):
    """A file of the project that repeats the version, and must not contradict it."""

    path: str
    regex: str
    """Its first group is the version in that file."""

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str) -> str:
        try:
            groups = re.compile(value).groups
        except re.error as error:
            raise ValueError(f"`{value}` is no regular expression: {error}") from None
        if groups < 1:
            raise ValueError(f"`{value}` needs a group around the version: ( )")
        return value


class Binary(Strict):
    """The program itself."""

    name: str
    version_command: list[str] = Field(default_factory=lambda: ["--version"])
    """Arguments that make the program print its version; the output must contain the version."""
    smoke: list[list[str]] = Field(default_factory=list)
    """More arguments with which the program must end well."""
    runtime_files: list[RuntimeFile] = Field(default_factory=list)
    env: list[str] = Field(default_factory=list)
    """Environment variables that the program reads, for documentation in packages."""


class Build(Strict):
    """How to build the program for a target. `{target} {os} {arch} {version} {output} {python}` are replaced."""

    command: list[str] | str
    """Program and arguments (a string is split like a shell would, but no shell runs it)."""
    cwd: str = "."
    env: dict[str, str] = Field(default_factory=dict)
    inputs: list[str] = Field(default_factory=list)
    """Globs of the files that a build depends on; when none has changed, it is not built again."""
    timeout: Duration = 600.0


class Checksums(Strict):
    """What downloads are compared with."""

    source: Literal["auto", "file", "host", "computed"] = Field(default="auto", alias="from")
    """`file`: a file of checksums beside the release files; `host`: the digest that the release's host tells; `auto`:
    whatever of the two is there; `computed`: nothing, the digest is only frozen."""
    file: str = "checksums.txt"


class Artifacts(Strict):
    """Where the release files come from."""

    source: Literal["github_release", "directory", "urls", "build"] = Field(default="github_release", alias="from")
    targets: list[str] = Field(default_factory=list)
    asset: str = "{name}-{version}-{os}-{arch}.{ext}"
    """Pattern of the release file's name (`{name} {binary} {version} {tag} {os} {arch} {libc} {target} {ext}`)."""
    words: dict[str, str] = Field(default_factory=dict)
    """Other words for an os or arch in these patterns (`{darwin: macOS, amd64: x86_64}`)."""
    ext: dict[str, str] = Field(default_factory=lambda: {"default": "tar.gz", "windows": "zip"})
    """Extension per target, os or `default`; an empty extension means a bare executable."""
    binary_path: dict[str, str] = Field(default_factory=dict)
    """Path of the program inside the archive, per target, os or `default`."""
    directory: str = "dist"
    """Folder (searched with its subfolders) of the release files, for `from: directory`."""
    urls: dict[str, str] = Field(default_factory=dict)
    """Pattern of the download URL per target, os or `default`, for `from: urls`."""
    fallback: list[str] = Field(default_factory=list)
    """Patterns of further URLs, tried in turn when a release file cannot be downloaded."""
    build: Build | None = None
    checksums: Checksums = Field(default_factory=lambda: Checksums())
    prerelease: Literal["allowed", "refused"] = "allowed"

    @field_validator("targets")
    @classmethod
    def _known(cls, value: list[str]) -> list[str]:
        return [str(Target.parse(text)) for text in value]


class Conditions(Strict):
    """Rules of a deploy."""

    gate: Literal["none", "required"] = "none"
    """`required`: no upload before every required platform has passed its preflight."""
    retry_on_failure: int = Field(default=3, ge=0, le=20)
    """How often a look-up or an upload that failed is tried again, where a repeat is safe: never after a clear
    refusal, and after a lost answer only when a new look-up says that nothing arrived."""
    retry_delay: Duration = 1.0
    """The longest wait in seconds before the first new try; doubles each time, up to a minute. The wait itself is a
    random part of it, and at least what the other side asks for."""
    settle: Duration = 300.0
    """Seconds to wait for a registry to show what it accepted."""
    settle_interval: float = Field(default=1.0, gt=0)
    """Seconds between two such look-ups at first; doubles up to 15."""
    read_patience: Duration = 15.0
    """Seconds for which one read from a registry is tried again when it fails."""
    look_patience: Duration = 60.0
    """Seconds after which a look-up that fails is not begun again, however many tries are left."""
    timeout: float = Field(default=30.0, gt=0)
    """Seconds without a byte of an answer after which a request is given up; a connection is given up after 10. A whole
    answer is given up after ten times as long, unless 1 KiB of it comes a second."""
    skip_if_exists: Literal[True] = True
    """What a platform has already is never published again."""
    rollback_on_error: bool = False
    """When a required platform fails, publish nothing more, and take back what this run has published, newest first,
    as far as each platform allows. By default a release that failed in part is finished by the next run."""
    on_unknown: Literal["stop"] = "stop"
    """A platform that gives no clear answer is never published to."""
    concurrency_lock: Literal[True] = True
    """Two runs never publish the same version to the same platform at once."""

    @field_validator("skip_if_exists", mode="before")
    @classmethod
    def _always(cls, value: Any) -> Any:
        if value is False:
            raise ValueError(
                "what is there is never published again; leave this out, and release a new version instead"
            )
        return value


class Verify(Strict):
    """How published packages are tried."""

    install: bool = True
    place: Literal["sandbox"] = Field(default="sandbox", alias="in")
    expect_version: Literal[True] = True
    """The installed program must print the version."""
    timeout: Duration = 600.0
    """Seconds after which a client (npm, pip, cargo …) that is still at work is stopped."""
    propagate: dict[str, Duration] = Field(default_factory=dict)
    """Per platform: how long its mirrors take to show a new version."""


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
    license: License = Field(default_factory=lambda: License())
    keywords: list[str] = Field(default_factory=list)
    urls: Urls = Field(default_factory=Urls)
    source: Source = Field(default_factory=Source)
    version_files: list[VersionFile] = Field(default_factory=list)
    binary: Binary | None = None
    artifacts: Artifacts = Field(default_factory=lambda: Artifacts())
    credentials: dict[str, dict[str, list[str] | str]] = Field(default_factory=dict)
    """Per platform: the credential's name -> the environment variable that holds it, or several, the first that is set
    wins."""
    platforms: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Per platform: its options. Checked by the platform's own model."""
    conditions: Conditions = Field(default_factory=lambda: Conditions())
    hooks: list[Hook] = Field(default_factory=list)
    """Programs of the project's own that run before and after stages."""
    depends: dict[str, list[str]] = Field(default_factory=dict)
    """Per platform: platforms that must have published first, instead of those that it names itself."""
    verify: Verify = Field(default_factory=lambda: Verify())
    ledger: str | None = None
    """URL of the database that remembers runs (PostgreSQL for teams); a file in `.deployforge` if not given."""
    monitoring: Monitoring = Field(default_factory=lambda: Monitoring())
    analytics: Analytics = Field(default_factory=lambda: Analytics())
    costs: Costs = Field(default_factory=lambda: Costs())
    dashboard: Dashboard = Field(default_factory=lambda: Dashboard())
    business: Business = Field(default_factory=lambda: Business())
    ci: Ci = Field(default_factory=lambda: Ci())
    audit: Audit = Field(default_factory=lambda: Audit())

    @property
    def version_command(self) -> list[str]:
        """Arguments that make the program print its version."""
        return list(self.binary.version_command) if self.binary else ["--version"]

    @property
    def source_url(self) -> str:
        """The web page of the source repository, or "" where no repository is named."""
        return f"{GITHUB_WEB}/{self.source.repo}" if self.source.repo else ""

    @field_validator("license", mode="before", json_schema_input_type=License | str)
    @classmethod
    def _expression(cls, value: Any) -> Any:
        return {"spdx": value} if isinstance(value, str) else value
