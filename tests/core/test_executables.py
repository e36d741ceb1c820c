"""Headers of executables."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployforge_tasks.core.executables import HEADER_SIZE, read_header
from deployforge_tasks.core.targets import Target
from tests.support.hello import executable

TARGETS = ["linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"]


@pytest.mark.parametrize("text", TARGETS)
def test_a_real_executable_fits_its_own_target_and_no_other(text: str) -> None:
    target = Target.parse(text)
    header = read_header(executable(target, "1.0.0").read_bytes()[:HEADER_SIZE])
    assert header is not None
    assert str(header) == text
    assert [other for other in TARGETS if header.fits(Target.parse(other))] == [text]


@pytest.mark.skipif(sys.platform != "linux", reason="this Python is no ELF file")
def test_the_python_that_runs_this_is_for_this_system() -> None:
    header = read_header(Path(sys.executable).read_bytes()[:HEADER_SIZE])
    assert header is not None
    assert header.os == "linux"


def test_a_universal_binary_fits_both_processors() -> None:
    slices = b"".join(struct.pack(">IIIII", cpu, 0, 0, 0, 0) for cpu in (0x01000007, 0x0100000C))
    header = read_header(struct.pack(">II", 0xCAFEBABE, 2) + slices)
    assert header is not None
    assert header.fits(Target("darwin", "amd64"))
    assert header.fits(Target("darwin", "arm64"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"#!/bin/sh\n",
        b"MZ",
        b"MZ" + bytes(100),
        b"\x7fELF",
        b"<html>404</html>",
        struct.pack(">II", 0xCAFEBABE, 61) + bytes(99),
    ],
    ids=["empty", "script", "cut off", "DOS", "cut off ELF", "page", "Java class"],
)
def test_what_is_no_executable_has_no_header(data: bytes) -> None:
    assert read_header(data) is None


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"]))
def test_any_bytes_are_read_without_failing(data: bytes, magic: bytes) -> None:
    header = read_header(magic + data)
    assert header is None or header.arches
