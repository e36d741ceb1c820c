"""One version, written for every ecosystem."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.version import Version as PythonVersion

from deployforge_tasks.core.errors import VersionError
from deployforge_tasks.core.versions import Version

NUMBER = st.integers(0, 40)
PYTHON_PRE = st.one_of(
    st.just(""),
    st.tuples(st.sampled_from(["alpha", "beta", "rc"]), NUMBER).map(lambda pair: f"-{pair[0]}.{pair[1]}"),
)
ANY_PRE = st.from_regex(r"\A(-(0|[1-9][0-9]{0,2}|[a-z][a-z0-9-]{0,5})(\.(0|[1-9][0-9]{0,2}|[a-z]{1,4})){0,2})?\Z")
THREE = st.tuples(NUMBER, NUMBER, NUMBER).map(lambda numbers: ".".join(map(str, numbers)))
PYTHON_LIKE = st.builds(str.__add__, THREE, PYTHON_PRE).map(Version.parse)
ANY = st.builds(str.__add__, THREE, ANY_PRE).map(Version.parse)


def version(text: str) -> Version:
    return Version.parse(text)


@pytest.mark.parametrize("text", ["1.0.42", "v1.0.42", " 1.0.42 "])
def test_one_leading_v_is_accepted(text: str) -> None:
    assert str(version(text)) == "1.0.42"


@pytest.mark.parametrize(
    "text",
    ["vv1.0.42", "V1.0.0", "1", "1.0.042", "1.0.0-", "1.0.0-01", "1.2.3.4.5", "", "latest", "1.0.0 rc", "1.0.0\n2"],
)
def test_what_is_no_version_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a version"):
        version(text)


@pytest.mark.parametrize(
    ("ecosystem", "text", "written"),
    [
        ("pep440", "1.2.0-rc.1", "1.2.0rc1"),
        ("pep440", "1.2.0-beta", "1.2.0b0"),
        ("pep440", "1.2.0-1", "1.2.0.dev1"),
        ("pep440", "1.2.0+linux", "1.2.0"),
        ("semver", "1.2", "1.2.0"),
        ("semver", "1.2.0-rc.1+b7", "1.2.0-rc.1"),
        ("nuget", "1.0.0.0", "1.0.0"),
        ("nuget", "1.0", "1.0.0"),
        ("nuget", "1.0.0.3-rc.1+b", "1.0.0.3-rc.1"),
        ("debian", "1.0.43-rc.1", "1.0.43~rc.1"),
        ("rpm", "1.0.43-rc-a.1+b-1", "1.0.43~rc.a.1+b.1"),
        ("arch", "1.0.43-rc.1+b", "1.0.43rc.1"),
        ("arch", "1.0.43-1", "1.0.43pre1"),
        ("snap", "1.0.43-rc.1", "1.0.43-rc.1"),
        ("docker_tag", "1.0.43+b.1", "1.0.43_b.1"),
    ],
)
def test_each_ecosystem_has_its_own_spelling(ecosystem: str, text: str, written: str) -> None:
    assert getattr(version(text), ecosystem) == written


@pytest.mark.parametrize(
    ("ecosystem", "text"),
    [("semver", "1.2.3.4"), ("pep440", "1.0.0-rc.1.2"), ("pep440", "1.0.0-hotfix"), ("snap", "1.0.0-" + "a" * 40)],
)
def test_what_an_ecosystem_cannot_express_is_an_error_with_the_reason(ecosystem: str, text: str) -> None:
    with pytest.raises(VersionError, match="cannot be written as"):
        getattr(version(text), ecosystem)


def test_order_is_that_of_the_semantic_versioning_specification() -> None:
    chain = [
        "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1",
        "1.0.0", "1.0.0.1", "1.0.9", "1.0.10",
    ]  # fmt: skip
    assert [str(v) for v in sorted(map(version, reversed(chain)))] == chain


def test_build_metadata_does_not_count_in_the_order() -> None:
    one, other = version("1.0.0+a"), version("1.0.0+b")
    assert one <= other
    assert one >= other
    assert one != other


def test_only_a_hyphen_makes_a_prerelease() -> None:
    assert version("1.0.0-rc.1").is_prerelease
    assert not version("1.0.0+rc.1").is_prerelease


@given(PYTHON_LIKE)
def test_python_versions_are_in_normal_form(value: Version) -> None:
    assert str(PythonVersion(value.pep440)) == value.pep440
    assert PythonVersion(value.pep440).is_prerelease == value.is_prerelease


@given(PYTHON_LIKE, PYTHON_LIKE)
def test_python_sorts_versions_as_we_do(one: Version, other: Version) -> None:
    assert (one < other) == (PythonVersion(one.pep440) < PythonVersion(other.pep440))


@given(ANY, ANY)
def test_any_two_versions_have_exactly_one_order(one: Version, other: Version) -> None:
    assert (one < other) + (one > other) + (one <= other <= one) == 1


@given(ANY)
def test_a_version_survives_being_written_and_read(value: Version) -> None:
    assert version(f"v{value}") == value
    assert version(value.semver).precedence == value.precedence
    assert version(value.nuget).precedence == value.precedence


@pytest.mark.skipif(shutil.which("dpkg") is None, reason="dpkg is not on this machine")
@pytest.mark.parametrize(
    ("older", "newer"), [("1.0.0-rc.1", "1.0.0"), ("1.0.0-rc.2", "1.0.0-rc.10"), ("1.0.9", "1.0.10")]
)
def test_dpkg_sorts_debian_versions_as_we_do(older: str, newer: str) -> None:
    subprocess.run(["dpkg", "--compare-versions", version(older).debian, "lt", version(newer).debian], check=True)


@pytest.mark.skipif(shutil.which("vercmp") is None, reason="vercmp (pacman) is not on this machine")
@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.0.0-rc.1", "1.0.0"), ("1.0.0-1", "1.0.0"), ("1.0.0-rc.2", "1.0.0-rc.10"), ("1.0.9", "1.0.10")],
)
def test_pacman_sorts_arch_versions_as_we_do(older: str, newer: str) -> None:
    said = subprocess.run(
        ["vercmp", version(older).arch, version(newer).arch], capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == "-1"
