"""crates.io: what can be told of a token, and which version cargo would choose."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.core.model import Level
from deployforge_tasks.platforms.base import Job
from deployforge_tasks.platforms.crates import Crates
from deployforge_tasks.rehearsal.server import Reply
from deployforge_tasks.rehearsal.stand_ins.cargo import TOKEN, Cargo
from tests.support.cargo_registry import SERVER, cargo_http_registry
from tests.support.jobs import make_job, packaged, publish
from tests.support.running import running

CRATES = Crates()


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[Cargo]:
    with running(Cargo(tmp_path / "registry")) as cargo:
        yield cargo


def job_for(registry: Cargo, folder: Path, version: str = "1.0.0", token: str = TOKEN, **options: Any) -> Job[Any]:
    where = {**registry.overlay({})["crates"], **options}
    return make_job(CRATES, folder, options=where, secrets={"token": token}, version=version)


# --- who ----------------------------------------------------------------------------------------------------------


def test_a_token_with_scopes_is_known_and_nothing_more_is_told(registry: Cargo, tmp_path: Path) -> None:
    identity = CRATES.whoami(job_for(registry, tmp_path))
    host = registry.url.removeprefix("http://")
    assert (identity.who, identity.may, identity.expires) == (f"an account that {host} does not name", (), None)
    assert "a token with scopes" in identity.note


def test_a_token_without_scopes_may_do_everything(registry: Cargo, tmp_path: Path) -> None:
    registry.scoped = False
    assert CRATES.whoami(job_for(registry, tmp_path)).may == ("everything that its owner may",)


def test_a_token_of_trusted_publishing_is_not_taken_for_a_wrong_one(registry: Cargo, tmp_path: Path) -> None:
    job = job_for(registry, tmp_path, token="cio_tp_short-lived")
    assert CRATES.whoami(job).who == "a trusted publisher"
    assert [f for f in CRATES.preflight(packaged(CRATES, job)) if f.level is Level.ERROR] == []
    assert registry.journal == []


def test_a_wrong_token_is_refused_in_the_registrys_words(registry: Cargo, tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="does not accept the token: authentication failed") as caught:
        CRATES.whoami(job_for(registry, tmp_path, token="cioWrong"))
    assert caught.value.code == "DF2144"
    assert "CARGO_REGISTRY_TOKEN" in caught.value.hint
    assert "https://crates.io/settings/tokens" in caught.value.hint


def test_a_registry_that_answers_everybody_cannot_tell(registry: Cargo, tmp_path: Path) -> None:
    registry.answer = lambda request: Reply(200, {"crates": []})  # type: ignore[method-assign]  # one test long
    with pytest.raises(NotImplementedError):
        CRATES.whoami(job_for(registry, tmp_path, token="anything"))


@pytest.mark.skipif(SERVER is None, reason="cargo-http-registry is not on this machine")
def test_a_registry_without_accounts_cannot_tell_and_stops_nobody(tmp_path: Path) -> None:
    with cargo_http_registry(tmp_path / "registry") as url:
        job = make_job(CRATES, tmp_path, options={"api": url, "index": f"{url}/git"}, secrets={"token": "any"})
        with pytest.raises(NotImplementedError):
            CRATES.whoami(job)
        assert [f for f in CRATES.preflight(packaged(CRATES, job)) if f.level is Level.ERROR] == []


# --- what is live -------------------------------------------------------------------------------------------------


def test_the_newest_version_is_live_and_no_prerelease_replaces_it(registry: Cargo, tmp_path: Path) -> None:
    before = datetime.now(UTC) - timedelta(seconds=2)
    for version in ("1.10.0", "1.9.0", "2.0.0-rc.1"):
        publish(CRATES, job_for(registry, tmp_path, version))
    live = CRATES.live(job_for(registry, tmp_path))
    assert live is not None
    assert (live.version, live.channel) == ("1.10.0", "newest")
    assert live.look.url.endswith("/index/he/ll/hello-forge")
    assert live.since is not None
    assert before < live.since <= datetime.now(UTC)


def test_a_yanked_version_is_not_live(registry: Cargo, tmp_path: Path) -> None:
    for version in ("1.0.0", "1.1.0"):
        publish(CRATES, job_for(registry, tmp_path, version))
    CRATES.rollback(job_for(registry, tmp_path, "1.1.0"), None)
    live = CRATES.live(job_for(registry, tmp_path))
    assert live is not None
    assert live.version == "1.0.0"
    CRATES.rollback(job_for(registry, tmp_path, "1.0.0"), None)
    assert CRATES.live(job_for(registry, tmp_path)) is None


def test_our_own_version_is_spelled_as_we_spell_it(registry: Cargo, tmp_path: Path) -> None:
    publish(CRATES, job_for(registry, tmp_path, "1.2"))
    for asked, spelled in (("1.2", "1.2"), ("1.3", "1.2.0")):
        live = CRATES.live(job_for(registry, tmp_path, asked))
        assert live is not None
        assert live.version == spelled


def test_an_index_that_is_none_says_nothing_about_what_is_live(registry: Cargo, tmp_path: Path) -> None:
    registry.lines["hello-forge"] = [{"vers": "not a version", "cksum": "0"}]
    with pytest.raises(NetworkError, match="no index file"):
        CRATES.live(job_for(registry, tmp_path))
    with pytest.raises(NetworkError):
        CRATES.live(job_for(registry, tmp_path, index=f"{registry.url}/elsewhere"))
