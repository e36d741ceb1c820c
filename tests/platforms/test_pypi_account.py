"""PyPI: whose a token is (read from tokens that Warehouse's own library makes), and which version pip would choose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pymacaroons
import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Level
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.pypi import Pypi
from deployforge_tasks.rehearsal.stand_ins.pypi import TOKEN
from deployforge_tasks.rehearsal.stand_ins.pypi import Pypi as Registry
from tests.support.jobs import make_job, publish
from tests.support.registries import pypi_server
from tests.support.running import running

PYPI = Pypi()
USER = "11111111-2222-4333-8444-555555555555"
OFFICIAL = {"registry": "https://upload.pypi.org/legacy/"}


def token(*caveats: str, location: str = "pypi.org") -> str:
    """A token made as Warehouse makes it (``warehouse/macaroons/services.py``)."""
    made = pymacaroons.Macaroon(location=location, identifier=USER, key="k" * 32, version=pymacaroons.MACAROON_V2)
    for caveat in caveats:
        made.add_first_party_caveat(caveat)
    return f"pypi-{made.serialize()}"


def job_with(text: str, folder: Path, **options: Any) -> Job[Any]:
    return make_job(PYPI, folder, options={**OFFICIAL, **options}, secrets={"token": text})


# --- who ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("caveats", "who", "may"),
    [
        ([f'[3, "{USER}"]'], f"user {USER}", ("upload to every project of its owner",)),
        (['[1, ["hello-forge"]]'], "a token of pypi.org (it names no user)", ("upload to hello-forge",)),
        (
            ['[4, "77", {}]', '[2, ["42"]]', "[0, 4000000000, 1]"],
            "trusted publisher 77",
            ("upload to the project with the id 42",),
        ),
        (
            ['{"version": 1, "permissions": "user"}'],
            "a token of pypi.org (it names no user)",
            ("upload to every project of its owner",),
        ),
        (
            ['{"version": 1, "permissions": {"projects": ["hello-forge", "other"]}}', '[1, ["hello-forge"]]'],
            "a token of pypi.org (it names no user)",
            ("upload to hello-forge",),
        ),
        (
            [f'[3, "{USER}"]', '[99, "on sundays"]'],
            f"user {USER}",
            ("upload to every project of its owner", 'restricted by [99, "on sundays"]'),
        ),
    ],
    ids=["user", "project", "publisher", "old user", "old project, narrowed", "a new kind"],
)
def test_a_token_tells_whose_it_is_and_what_it_may_do(
    tmp_path: Path, caveats: list[str], who: str, may: tuple[str, ...]
) -> None:
    identity = PYPI.whoami(job_with(token(*caveats), tmp_path))
    assert (identity.who, identity.may) == (who, may)
    assert "PyPI was not asked" in identity.note


@pytest.mark.parametrize("caveat", ["[0, 1767225600, 1]", '{"exp": 1767225600, "nbf": 1}'])
def test_a_token_tells_when_it_ends(tmp_path: Path, caveat: str) -> None:
    assert PYPI.whoami(job_with(token(caveat), tmp_path)).expires == datetime(2026, 1, 1, tzinfo=UTC)


def test_a_long_restriction_is_read_whole(tmp_path: Path) -> None:
    names = [f"project-number-{n}" for n in range(2000)]
    caveat = json.dumps([1, names])
    assert PYPI.whoami(job_with(token(caveat), tmp_path)).may == tuple(f"upload to {name}" for name in names)


@pytest.mark.parametrize(
    "damage",
    [
        lambda text: text[:-8],
        lambda text: text[:40],
        lambda text: text.removeprefix("pypi-"),
        lambda text: text + "!",
        lambda _: "pypi-",
        lambda _: "pypi-AgEé",
        lambda _: token("no json"),
        lambda _: token("[0, 99999999999999999999, 1]"),
        lambda _: "ghp_something",
    ],
)
def test_a_damaged_token_is_refused_with_the_place_of_a_new_one(tmp_path: Path, damage: Any) -> None:
    bad = damage(token(f'[3, "{USER}"]'))
    with pytest.raises(CredentialError, match="no PyPI API token") as caught:
        PYPI.whoami(job_with(bad, tmp_path))
    assert caught.value.code == "DF2141"
    assert "PYPI_TOKEN" in caught.value.hint
    assert "https://pypi.org/manage/account/token/" in caught.value.hint


def test_a_token_of_the_test_index_is_refused_for_pypi(tmp_path: Path) -> None:
    job = job_with(token(location="test.pypi.org"), tmp_path)
    with pytest.raises(CredentialError, match=r"made by test\.pypi\.org, and this project is published to pypi\.org"):
        PYPI.whoami(job)
    there = job_with(token(location="test.pypi.org"), tmp_path, registry="https://test.pypi.org/legacy/")
    assert PYPI.whoami(there).who == "a token of test.pypi.org (it names no user)"


def test_the_password_of_another_index_is_not_read(tmp_path: Path) -> None:
    job = job_with("a password", tmp_path, registry="https://packages.example/pypi/")
    with pytest.raises(NotImplementedError):
        PYPI.whoami(job)
    assert [f for f in PYPI.preflight(job) if f.level is Level.ERROR] == []


def test_the_stand_ins_token_is_one_that_warehouse_could_read(tmp_path: Path) -> None:
    parsed = pymacaroons.Macaroon.deserialize(TOKEN.removeprefix("pypi-"))
    verifier = pymacaroons.Verifier()
    verifier.satisfy_general(lambda caveat: caveat.startswith("[3, "))
    assert verifier.verify(parsed, "rehearsal")
    assert PYPI.whoami(job_with(TOKEN, tmp_path, registry="http://127.0.0.1:9/legacy/")).who.startswith("user 0000")


@pytest.mark.parametrize(("days", "level"), [(-1, Level.ERROR), (3, Level.WARNING), (30, None)])
def test_a_token_that_ends_is_found_before_publishing(tmp_path: Path, days: int, level: Level | None) -> None:
    end = datetime.now(UTC) + timedelta(days=days, hours=1)
    findings = PYPI.preflight(job_with(token(f"[0, {int(end.timestamp())}, 1]"), tmp_path))
    assert [f.level for f in findings if f.id == "PYPI-011"] == ([level] if level else [])


@pytest.mark.parametrize(("minutes", "found"), [(14, False), (-1, True)])
def test_a_trusted_publishers_token_may_be_short_lived_but_not_ended(tmp_path: Path, minutes: int, found: bool) -> None:
    end = datetime.now(UTC) + timedelta(minutes=minutes)
    made = token('[4, "77", {}]', '[2, ["42"]]', f"[0, {int(end.timestamp())}, 1]")
    assert bool([f for f in PYPI.preflight(job_with(made, tmp_path)) if f.id == "PYPI-011"]) is found


def test_a_token_for_another_project_is_found_before_publishing(tmp_path: Path) -> None:
    findings = PYPI.preflight(job_with(token('[1, ["other", "more"]]'), tmp_path))
    assert [f.message for f in findings if f.id == "PYPI-004"] == [
        "the token is for other, more only, not for hello-forge"
    ]
    ours = PYPI.preflight(job_with(token('[1, ["hello-forge"]]'), tmp_path, package="Hello_Forge"))
    assert [f for f in ours if f.id == "PYPI-004"] == []


# --- what is live -------------------------------------------------------------------------------------------------


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[Registry]:
    with running(Registry(tmp_path / "registry")) as registry:
        yield registry


@pytest.fixture(params=["stand-in", "pypiserver", "pypiron"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    """Options that point to an index, and a password for it."""
    with pypi_server(request.param, tmp_path / "servers") as made:
        yield made


def job_at(place: tuple[dict[str, Any], str], folder: Path, version: str = "1.0.0", **more: Any) -> Job[Any]:
    targets = more.pop("targets", ("linux/amd64",))
    options, secrets = {**place[0], **more}, {"token": place[1]}
    return make_job(PYPI, folder, options=options, secrets=secrets, version=version, targets=targets)


def test_an_index_without_the_project_has_nothing_live(place: tuple[dict[str, Any], str], tmp_path: Path) -> None:
    assert PYPI.live(job_at(place, tmp_path)) is None


def test_the_newest_release_is_live_and_no_prerelease_replaces_it(
    place: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    for version in ("1.9.0", "1.10.0", "2.0.0-rc.1"):
        publish(PYPI, job_at(place, tmp_path, version, sdist=version == "1.9.0"))
    live = PYPI.live(job_at(place, tmp_path))
    assert live is not None
    assert (live.version, live.channel) == ("1.10.0", "newest")
    assert live.look.url.endswith("/simple/hello-forge/")


def test_a_prerelease_is_live_where_there_is_nothing_else_and_is_spelled_as_released(
    place: tuple[dict[str, Any], str], tmp_path: Path
) -> None:
    publish(PYPI, job_at(place, tmp_path, "1.0.0-beta2"))
    for asked, spelled in (("1.0.0-beta2", "1.0.0-beta2"), ("0.1.0", "1.0.0-beta.2")):
        live = PYPI.live(job_at(place, tmp_path, asked))
        assert live is not None
        assert (live.version, live.channel) == (spelled, "newest pre-release")


def test_a_release_has_the_time_of_its_first_file(stand_in: Registry, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(minutes=1)
    publish(PYPI, job_at((dict(stand_in.overlay({})["pypi"]), TOKEN), tmp_path))
    live = PYPI.live(job_at((dict(stand_in.overlay({})["pypi"]), TOKEN), tmp_path))
    assert live is not None
    assert live.since is not None
    assert before < live.since <= datetime.now(UTC)


def test_a_yanked_release_is_not_live(stand_in: Registry, tmp_path: Path) -> None:
    place = dict(stand_in.overlay({})["pypi"]), TOKEN
    for version in ("1.0.0", "1.1.0"):
        publish(PYPI, job_at(place, tmp_path, version))
    stand_in.yank("hello-forge", "1.1.0", "it eats files")
    live = PYPI.live(job_at(place, tmp_path))
    assert live is not None
    assert live.version == "1.0.0"
    stand_in.yank("hello-forge", "1.0.0", "so did this")
    assert PYPI.live(job_at(place, tmp_path)) is None


def test_files_without_a_version_say_nothing_about_what_is_live(stand_in: Registry, tmp_path: Path) -> None:
    place = dict(stand_in.overlay({})["pypi"]), TOKEN
    publish(PYPI, job_at(place, tmp_path))
    for file in stand_in._files.values():
        file.name = "hello-forge.exe"
    with pytest.raises(NetworkError, match="none with a version"):
        PYPI.live(job_at(place, tmp_path))
