"""Checks of a crate before it is uploaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from deployforge_tasks.core.endpoints import RUSTUP_WEB
from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Finding, Level
from deployforge_tasks.effects.process import which
from deployforge_tasks.platforms._crates_account import identity
from deployforge_tasks.platforms._crates_source import read_manifest
from deployforge_tasks.platforms.base import Job

KEYWORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9_+-]{0,19}")


def metadata(uploaded: dict[str, Any]) -> list[Finding]:
    """Findings about the upload's metadata: what crates.io would refuse."""
    checks = (
        ("CRATES-104", not uploaded["description"], "the crate has no description", "set `description`"),
        (
            "CRATES-105",
            not uploaded["license"] and not uploaded["license_file"],
            "the crate names no licence",
            "set `license` or `license-file` in Cargo.toml",
        ),
        (
            "CRATES-106",
            str(uploaded["license"]).startswith("LicenseRef"),
            "crates.io takes SPDX licences only",
            "set `license`, or publish a source crate with `license-file`",
        ),
        ("CRATES-107", len(uploaded["keywords"]) > 5, "more than five keywords", "keep the best five"),
        (
            "CRATES-108",
            any(not KEYWORD.fullmatch(k) for k in uploaded["keywords"]),
            "a keyword is longer than 20 characters or holds other signs than letters, digits, _ - +",
            "shorten it",
        ),
        ("CRATES-109", len(uploaded["categories"]) > 5, "more than five categories", "keep the best five"),
    )
    return [Finding(number, Level.ERROR, message, hint) for number, broken, message, hint in checks if broken]


def source(folder: Path, features: Sequence[str]) -> list[Finding]:
    """Findings about a source crate's folder and the features it is tried with."""
    findings = []
    if not which("cargo"):
        findings.append(
            Finding("CRATES-111", Level.ERROR, "cargo is not on this machine", f"install Rust ({RUSTUP_WEB})")
        )
    known = read_manifest(folder).get("features", {})
    unknown = [f for f in features if f not in known]
    if unknown:
        names = ", ".join(sorted(known)) or "none"
        findings.append(
            Finding(
                "CRATES-110",
                Level.WARNING,
                f"the crate has no feature {', '.join(unknown)}",
                f"correct `platforms.crates.features`; it has: {names}",
            )
        )
    return findings


def token(job: Job[Any], api: str) -> list[Finding]:
    """Findings about the token: whether it is there and the registry knows it."""
    try:
        identity(job, api)
    except NotImplementedError:
        return []
    except CredentialError as error:
        number = "CRATES-101" if job.secrets.get("token") else "CRATES-100"
        return [Finding.of_error(number, error)]
    return []
