"""Which programs this machine can run."""

from __future__ import annotations

import platform

import pytest

from deployforge_tasks.core.targets import Target
from deployforge_tasks.effects.machine import runnable, runs_here

STATIC, GNU, MUSL = (Target.parse(f"linux/amd64{libc}") for libc in ("", "/gnu", "/musl"))


@pytest.fixture(params=["glibc", ""])
def libc(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Linux on amd64 with either C library, as Python names it (musl has no name there)."""
    monkeypatch.setattr(platform, "system", lambda: "Linux")
    monkeypatch.setattr(platform, "machine", lambda: "x86_64")
    monkeypatch.setattr(platform, "libc_ver", lambda: (request.param, ""))
    return str(request.param)


def test_a_static_program_runs_beside_any_c_library(libc: str) -> None:
    assert runs_here(STATIC)


def test_another_program_needs_its_own_c_library(libc: str) -> None:
    assert runnable([MUSL, GNU]) == (GNU if libc else MUSL)


@pytest.mark.usefixtures("libc")
@pytest.mark.parametrize("other", ["darwin/amd64", "linux/arm64", "windows/amd64"])
def test_nothing_for_another_system_or_processor_runs(other: str) -> None:
    assert runnable([Target.parse(other)]) is None


def test_nothing_runs_on_a_machine_that_is_no_target(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "pdp11")
    assert runnable([STATIC, GNU, MUSL]) is None
