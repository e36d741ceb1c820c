"""crates.io or another cargo registry: a source crate, or a small one that leads to the release files."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import Field

from deployforge_tasks.core.downloads import Series
from deployforge_tasks.core.endpoints import CRATES_API, CRATES_INDEX, RUSTUP_WEB
from deployforge_tasks.core.errors import NetworkError, PublishError
from deployforge_tasks.core.model import (
    Change,
    Credential,
    Evidence,
    Finding,
    Identity,
    Level,
    Live,
    Package,
    Piece,
    RollbackPlan,
    Tool,
    Traits,
)
from deployforge_tasks.core.presence import Look, Presence, State, compare
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.files import digest, write_atomic
from deployforge_tasks.effects.http import json_body
from deployforge_tasks.platforms import _crates_checks as checks
from deployforge_tasks.platforms import _crates_downloads as downloads
from deployforge_tasks.platforms import _crates_trust as trust
from deployforge_tasks.platforms import _crates_verify as trial
from deployforge_tasks.platforms._cargo import (
    binstall_overrides,
    crate_bytes,
    index_entries,
    index_entry,
    index_path,
    newest,
    toml,
    upload_body,
    upload_metadata,
)
from deployforge_tasks.platforms._counting import place
from deployforge_tasks.platforms._crates_account import identity
from deployforge_tasks.platforms._crates_source import package_folder, read_manifest
from deployforge_tasks.platforms._expiry import moment
from deployforge_tasks.platforms._spelling import as_released
from deployforge_tasks.platforms.base import Job, Options, Platform

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")
_FRESH = {"Cache-Control": "no-cache"}


class CratesOptions(Options):
    """Options of `platforms.crates`."""

    package_name: str | None = None
    """Name of the crate; by default the project's name."""
    path: str | None = None
    """Folder of the crate, for a source crate."""
    kind: Literal["source", "generated"] | None = None
    """`source`: the crate in `path`. `generated`: a small crate whose metadata leads cargo-binstall to the release
    files. By default `source` when `path` is set."""
    features: list[str] = Field(default_factory=list)
    """Features of a source crate with which it is built for a trial."""
    build: bool = True
    """Whether a source crate is built from its package before it is published."""
    categories: list[str] = Field(default_factory=list)
    """Category slugs of a generated crate (https://crates.io/category_slugs)."""
    max_size_mb: float = Field(default=10, gt=0)
    """Largest package that the registry takes."""
    index: str = CRATES_INDEX
    """The sparse index."""
    api: str = CRATES_API
    """Base URL of the registry's API."""

    def advice(self) -> list[tuple[str, str, str]]:
        found = super().advice()
        if self.features and _kind(self) == "generated":
            hint = "name the folder of your crate with `path`, or remove the features"
            found.append(("features", "a generated crate has no features", hint))
        return found


class Crates(Platform[CratesOptions]):
    """One ``.crate`` file, uploaded once and for ever."""

    name = "crates"
    title = "crates.io"
    options = CratesOptions
    traits = Traits(immutable=True, reversible=True)
    needs: ClassVar[tuple[str, ...]] = ("github",)
    ecosystem = "rust"
    counts = (
        "Downloads a day of the crate by people, CI machines and mirrors; cargo asks again on every machine without a "
        "cache, and whoever installs the program from its release file is not among them."
    )
    credentials = (
        Credential(
            "token",
            ("CARGO_REGISTRY_TOKEN", "CRATES_IO_TOKEN"),
            f"make a token at {CRATES_API}/settings/tokens (scopes publish-new, publish-update and yank) "
            "and put it into CARGO_REGISTRY_TOKEN",
        ),
    )

    def hubs(self, options: CratesOptions) -> tuple[str, ...]:
        """Only a generated crate points at the release's files."""
        return self.needs if _kind(options) == "generated" else ()

    def tools(self, options: CratesOptions) -> Sequence[Tool]:
        get = f"install Rust ({RUSTUP_WEB})"
        return (Tool("cargo", ("cargo", "--version"), get, needed=bool(options.path)),)

    def pieces(self, job: Job[CratesOptions]) -> list[str]:
        return [f"{_name(job)}-{job.version.semver}.crate"]

    def inputs(self, job: Job[CratesOptions]) -> Sequence[Path]:
        return [job.path(job.options.path)] if _kind(job.options) == "source" and job.options.path else []

    def render(self, job: Job[CratesOptions]) -> None:
        if _kind(job.options) == "generated":
            job.render("crates", _context(job))

    def package(self, job: Job[CratesOptions]) -> Package:
        content, metadata = _source(job) if _kind(job.options) == "source" else _generated(self, job)
        path = job.workdir / self.pieces(job)[0]
        write_atomic(path, content)
        write_atomic(_metadata_path(path), json.dumps(metadata, indent=1, sort_keys=True))
        return Package((Piece(path.name, digest(path), path.name, len(content)),))

    def preflight(self, job: Job[CratesOptions]) -> list[Finding]:
        assert job.package is not None
        findings = []
        if not _NAME.fullmatch(_name(job)):
            findings.append(
                Finding("CRATES-102", Level.ERROR, f"`{_name(job)}` is no crate name", "letters, digits, - and _, ≤ 64")
            )
        size = job.package.pieces[0].size
        if size > job.options.max_size_mb * 2**20:
            findings.append(
                Finding(
                    "CRATES-103",
                    Level.ERROR,
                    f"the crate has {size / 2**20:.1f} MiB, the registry takes {job.options.max_size_mb:g}",
                    "leave files out with `exclude` in Cargo.toml (`cargo package --list` shows them)",
                )
            )
        metadata = json.loads(_metadata_path(job.workdir / self.pieces(job)[0]).read_text("utf-8"))
        return [
            *findings,
            *checks.metadata(metadata),
            *(
                checks.source(job.path(job.options.path or "."), job.options.features)
                if _kind(job.options) == "source"
                else []
            ),
            *checks.token(job, job.options.api),
        ]

    def presence(self, job: Job[CratesOptions]) -> Presence:
        status, entry = _look(job, job.version.semver)
        look = Look(_index_url(job), status, str(entry["cksum"]) if entry else None)
        if entry is None:
            return compare(self.pieces(job), job.digests, {}, (look,))
        if entry.get("yanked"):
            return Presence(State.WITHDRAWN, "it is yanked", (look,), tuple(self.pieces(job)))
        return compare(self.pieces(job), job.digests, {self.pieces(job)[0]: str(entry["cksum"])}, (look,))

    def publish(self, job: Job[CratesOptions], missing: Sequence[str]) -> None:
        assert job.package is not None
        for name in missing:
            piece = job.package.piece(name)
            path = job.workdir / str(piece.path)
            body = upload_body(json.loads(_metadata_path(path).read_text("utf-8")), path.read_bytes())
            with job.irreversible(name, piece.digest):
                _call(job, "PUT", "/api/v1/crates/new", data=body, headers={"Content-Type": "application/octet-stream"})

    def verify(self, job: Job[CratesOptions]) -> Evidence:
        status, entry = _look(job, job.version.semver)
        if entry is None:
            raise NetworkError(
                f"the index does not have {job.version} ({status})", hint="wait for the index", url=_index_url(job)
            )
        settings = job.http.json(f"{_index(job)}/config.json", headers=_FRESH)
        crate = trial.Crate(_name(job), str(entry["vers"]), str(entry["cksum"]), str(settings["dl"]), _index(job))
        if _kind(job.options) == "source":
            return trial.verify_source(job, crate, job.options.features)
        return trial.verify_generated(job, crate)

    def rollback_plan(self, job: Job[CratesOptions], to: Version | None) -> RollbackPlan:
        """Yank this version (users who have it in a lock file keep it); bring back `to` if it was yanked before."""
        changes = []
        _, entry = _look(job, job.version.semver)
        if entry and not entry.get("yanked"):
            path = f"/api/v1/crates/{_name(job)}/{entry['vers']}/yank"
            changes.append(Change(f"{_name(job)} {entry['vers']} is yanked", partial(_call, job, "DELETE", path)))
        _, earlier = _look(job, to.semver) if to else (0, None)
        if earlier and earlier.get("yanked"):
            path = f"/api/v1/crates/{_name(job)}/{earlier['vers']}/unyank"
            text = f"{_name(job)} {earlier['vers']} is no longer yanked"
            changes.append(Change(text, partial(_call, job, "PUT", path)))
        return RollbackPlan(tuple(changes))

    def live(self, job: Job[CratesOptions]) -> Live | None:
        """The newest version that is not yanked; a pre-release only where there is nothing else."""
        status, entries = _entries(job)
        best = newest(entries, _index_url(job))
        if best is None:
            return None
        entry, version = best
        look = Look(_index_url(job), status, str(entry["cksum"]))
        # https://doc.rust-lang.org/cargo/reference/registry-index.html: pubtime, since the end of 2025
        since, channel = moment(entry.get("pubtime")), "newest pre-release" if version.is_prerelease else "newest"
        return Live(as_released(entry["vers"], job.version, lambda v: v.semver), look, channel, since)

    def whoami(self, job: Job[CratesOptions]) -> Identity:
        return identity(job, job.options.api)

    def exchange(self, job: Job[CratesOptions], identity: Callable[[str], str], piece: str) -> dict[str, str]:
        token = trust.token(job, identity, job.options.api, _name(job))
        return {"token": token} if token else {}

    def give_back(self, job: Job[CratesOptions], credentials: Mapping[str, str]) -> None:
        trust.revoke(job, job.options.api, credentials["token"])

    def downloads(self, job: Job[CratesOptions], since: date | None) -> Sequence[Series]:
        api = job.options.api
        pause = downloads.PAUSE if api.rstrip("/") == CRATES_API else 0
        found = downloads.series(job, api, _name(job), since, pause=pause)
        if found is None and _entries(job)[1]:
            raise NotImplementedError(f"{place(api)} has the crate and does not tell how often it was downloaded")
        return found or ()

    def page(self, job: Job[CratesOptions]) -> str:
        public = job.options.api.rstrip("/") == CRATES_API
        return f"{CRATES_API}/crates/{_name(job)}/{job.version.semver}" if public else ""


def _kind(options: CratesOptions) -> str:
    return options.kind or ("source" if options.path else "generated")


def _name(job: Job[CratesOptions]) -> str:
    return job.options.package_name or job.project.name


def _index(job: Job[CratesOptions]) -> str:
    return job.options.index.removeprefix("sparse+").rstrip("/")


def _index_url(job: Job[CratesOptions]) -> str:
    return f"{_index(job)}/{index_path(_name(job))}"


def _metadata_path(crate: Path) -> Path:
    return crate.with_name(f"{crate.name}.json")


def _look(job: Job[CratesOptions], version: str) -> tuple[int, dict[str, Any] | None]:
    """Status and index line of a version."""
    status, entries = _entries(job)
    return status, index_entry(entries, version)


def _entries(job: Job[CratesOptions]) -> tuple[int, list[dict[str, Any]]]:
    """Status and lines of the crate's index file; 404, 410 and 451 all say that the index does not have the crate."""
    url = _index_url(job)
    response = job.http.get(url, ok=(200, 404, 410, 451), headers=_FRESH)
    if response.status_code == 200:
        return 200, index_entries(response.text, url)
    # A wrong or private index answers 404 too; a real one has its settings.
    settings = job.http.json(f"{_index(job)}/config.json", headers=_FRESH)
    if not isinstance(settings, dict) or "dl" not in settings:
        raise NetworkError("the index has no settings", hint="check `platforms.crates.index`", url=url)
    return response.status_code, []


def _call(job: Job[CratesOptions], method: str, path: str, **more: Any) -> None:
    """One writing call of the API; a refusal may come with status 200 and an ``errors`` list."""
    headers = {"Authorization": job.secrets.require("token"), **more.pop("headers", {})}
    url = f"{job.options.api.rstrip('/')}{path}"
    response = job.http.send(method, url, ok=(200,), headers=headers, allow_redirects=False, **more)
    answer = json_body(response) if response.content else {}  # small registries say nothing at all
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if errors:
        raise PublishError(
            f"the registry refused: {errors[0].get('detail', errors[0])}",
            hint="correct what it names and run again; nothing was published",
            code="DF4023",
            url=url,
        )
    for kind, names in ((answer or {}).get("warnings") or {}).items():
        if names:
            job.log.warning(f"crates: {kind}: {', '.join(map(str, names))}")


def _source(job: Job[CratesOptions]) -> tuple[bytes, dict[str, Any]]:
    folder = job.path(job.options.path or ".")
    known = set(read_manifest(folder).get("features", {}))
    features = [f for f in job.options.features if f in known]
    content, package, readme = package_folder(
        job.processes, folder, _name(job), job.version.semver, features=features, build=job.options.build
    )
    return content, upload_metadata(package, crates_io=job.options.index == CRATES_INDEX, readme=readme)


def _generated(platform: Crates, job: Job[CratesOptions]) -> tuple[bytes, dict[str, Any]]:
    platform.render(job)
    folder = job.workdir / "rendered"
    package = read_manifest(folder)["package"]
    described = {
        **dict.fromkeys(
            ("documentation", "homepage", "repository", "license", "license_file", "links", "rust_version")
        ),
        "authors": [],
        "categories": [],
        "keywords": [],
        "features": {},
        "dependencies": [],
        "readme": None,
        **{k.replace("-", "_"): v for k, v in package.items()},
    }
    readme = (folder / described["readme"]).read_text("utf-8") if described["readme"] else None
    content = crate_bytes(folder, _name(job), job.version.semver)
    return content, upload_metadata(described, crates_io=True, readme=readme)


def _context(job: Job[CratesOptions]) -> dict[str, Any]:
    project = job.project
    repository = project.source_url
    fields = {
        "name": _name(job),
        "version": job.version.semver,
        "binary": job.binary,
        "description": job.description("crates"),
        "license": project.license.spdx,
        "homepage": project.homepage or "",
        "repository": repository,
        "keywords": [k for k in project.keywords if checks.KEYWORD.fullmatch(k)][:5],
        "categories": job.options.categories,
        "authors": [project.author.name] if project.author else [],
    }
    return {
        **fields,
        "toml": {k: toml(v) for k, v in fields.items() if v},
        "overrides": binstall_overrides(job.artifacts),
    }
