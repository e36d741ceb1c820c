"""Trying a published crate: cargo installs or builds it; a release file is fetched as cargo-binstall would."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deployforge_tasks.core.endpoints import CRATES_INDEX
from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.core.model import Evidence
from deployforge_tasks.effects.files import digest
from deployforge_tasks.effects.process import which
from deployforge_tasks.effects.sandbox import Sandbox
from deployforge_tasks.platforms._cargo import download_url, has_program, manifest_of
from deployforge_tasks.platforms._release_files import run_download
from deployforge_tasks.platforms._verify import said_version
from deployforge_tasks.platforms.base import Job

_REGISTRY = "published"


@dataclass(frozen=True)
class Crate:
    """A published crate as its index tells: `checksum` is its sha256, `dl` the index's download setting."""

    name: str
    version: str
    checksum: str
    dl: str
    index: str


def verify_source(job: Job[Any], crate: Crate, features: Sequence[str]) -> Evidence:
    """Install the crate's program and run it, or build against the library."""
    sandbox = job.sandbox()
    file = _download(job, crate, sandbox)
    if which("cargo") is None:
        return Evidence("download", "the registry's crate, digest equal", reason="cargo is not on this machine")
    known = manifest_of(file).get("features", {})
    chosen = [f for f in features if f in known]
    if not has_program(file):
        return _build_library(sandbox, crate, chosen)
    _install(sandbox, crate, chosen)
    suffix = ".exe" if sys.platform == "win32" else ""
    said = said_version(job, sandbox, sandbox.root / "bin" / f"{job.binary}{suffix}")
    return Evidence("install", _client(sandbox), said)


def verify_generated(job: Job[Any], crate: Crate) -> Evidence:
    """Build the crate with cargo, then fetch and run the release file that its metadata names for this machine."""
    sandbox = job.sandbox()
    file = _download(job, crate, sandbox)
    client, done = "the registry's crate", "cargo is not on this machine"
    if which("cargo"):
        _install(sandbox, crate, [])
        client, done = f"{_client(sandbox)} and the release file", "cargo built the crate"
    reason = f"{done}; the release file was downloaded as cargo-binstall would"
    return run_download(job, _pins(file), client=client, reason=reason)


def _download(job: Job[Any], crate: Crate, sandbox: Sandbox) -> Path:
    file = sandbox.root / f"{crate.name}-{crate.version}.crate"
    url = download_url(crate.dl, crate.name, crate.version, crate.checksum)
    job.http.download(url, file)
    got = digest(file)
    if got != crate.checksum:
        raise VerifyError(
            f"the registry serves a crate with sha256 {got}, its index says {crate.checksum}",
            hint="tell the registry's owners; nobody can install this version",
            code="DF5120",
            url=url,
        )
    return file


def _cargo(sandbox: Sandbox, crate: Crate, *arguments: str, cwd: Path | None = None) -> str:
    """Run cargo in the sandbox, with its own caches and the crate's registry known to it."""
    environment = {
        "CARGO_HOME": str(sandbox.home / ".cargo"),
        "CARGO_TARGET_DIR": str(sandbox.root / "target"),
        f"CARGO_REGISTRIES_{_REGISTRY.upper()}_INDEX": f"sparse+{crate.index}/",
    }
    return sandbox.run(["cargo", *arguments], cwd=cwd, env=environment).stdout


def _from(crate: Crate) -> list[str]:
    """crates.io itself is cargo's default; every other index is named."""
    return [] if crate.index == CRATES_INDEX else ["--registry", _REGISTRY]


def _install(sandbox: Sandbox, crate: Crate, features: Sequence[str]) -> None:
    chosen = ["--features", ",".join(features)] if features else []
    wanted = ["--version", f"={crate.version}", "--root", str(sandbox.root), "--debug"]
    _cargo(sandbox, crate, "install", crate.name, *wanted, *chosen, *_from(crate))


def _build_library(sandbox: Sandbox, crate: Crate, features: Sequence[str]) -> Evidence:
    """A new project that depends on the crate must build."""
    probe = sandbox.root / "probe"
    _cargo(sandbox, crate, "init", "--quiet", "--vcs", "none", "--name", "probe", str(probe))
    chosen = ["--features", ",".join(features)] if features else []
    _cargo(sandbox, crate, "add", f"{crate.name}@={crate.version}", *chosen, *_from(crate), cwd=probe)
    _cargo(sandbox, crate, "build", "--quiet", cwd=probe)
    return Evidence("install", _client(sandbox), f"a new project builds with {crate.name} {crate.version}")


def _pins(crate: Path) -> dict[str, str]:
    """URL and sha256 of the release files that a crate's own metadata names."""
    metadata = manifest_of(crate).get("package", {}).get("metadata", {})
    overrides = metadata.get("binstall", {}).get("overrides", {})
    digests = metadata.get("deployforge", {}).get("sha256", {})
    return {str(o["pkg-url"]): str(digests[triple]) for triple, o in overrides.items() if triple in digests}


def _client(sandbox: Sandbox) -> str:
    return " ".join(sandbox.run(["cargo", "--version"]).stdout.split()[:2])
