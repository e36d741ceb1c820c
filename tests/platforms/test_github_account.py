"""GitHub: the release that users get, whose token it is, and when it ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import CredentialError, StatusError
from deployforge_tasks.core.model import Level
from deployforge_tasks.platforms._github_rest import told
from tests.support import faults
from tests.support.github import PLATFORM, REPO, Place
from tests.support.jobs import publish
from tests.support.proxy import FaultProxy

END = datetime(2099, 10, 12, 9, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    made.hub.start()
    made.hub.token_expiry = END
    yield made
    made.hub.stop()


# --- live ---------------------------------------------------------------------------------------------------------


def test_live_is_the_latest_release_and_never_a_draft_or_a_prerelease(place: Place) -> None:
    place.release("v3.0.0", draft=True)
    assert PLATFORM.live(place.job()) is None
    publish(PLATFORM, place.job(version="1.0.0"))
    publish(PLATFORM, place.job(version="2.0.0-rc.1"))
    live = PLATFORM.live(place.job())
    assert live is not None
    assert (live.version, live.channel, live.look.status) == ("1.0.0", "latest", 200)
    assert live.since is not None
    assert live.since.year == 2026


def test_live_is_read_without_a_token(place: Place) -> None:
    publish(PLATFORM, place.job())
    assert PLATFORM.live(place.job(token="")) is not None


def test_live_is_spelled_as_the_project_spells_its_version(place: Place) -> None:
    publish(PLATFORM, place.job({"tag": "release/{version}"}))
    live = PLATFORM.live(place.job({"tag": "release/{version}"}))
    assert live is not None
    assert live.version == "1.0.0"
    other = PLATFORM.live(place.job())  # a tag of another pattern is shown as it is
    assert other is not None
    assert other.version == "release/1.0.0"


def test_a_repository_that_is_not_shown_is_not_nothing(place: Place) -> None:
    place.hub.missing.add(REPO)
    with pytest.raises(CredentialError, match="shows no repository"):
        PLATFORM.live(place.job())


# --- whoami -------------------------------------------------------------------------------------------------------


def test_a_fine_grained_token_is_its_accounts_and_ends(place: Place) -> None:
    identity = PLATFORM.whoami(place.job())
    assert (identity.who, identity.may, identity.expires) == ("releaser", (f"write to {REPO}",), END)
    assert "fine-grained" in identity.note


def test_a_classic_token_tells_its_scopes(place: Place) -> None:
    identity = PLATFORM.whoami(place.job(token=place.hub.classic_token))
    assert (identity.may, identity.note) == (("repo", "write:packages", f"write to {REPO}"), "")


def test_a_token_that_may_only_read_says_so(place: Place) -> None:
    assert PLATFORM.whoami(place.job(token=place.hub.reader_token)).may == (f"read {REPO}",)


def test_the_token_of_actions_is_an_app(place: Place) -> None:
    identity = PLATFORM.whoami(place.job(token=place.hub.app_token))
    assert (identity.who, identity.may, identity.expires) == ("an app's installation", (), None)
    assert "ends with its job" in identity.note


def test_a_token_that_does_not_see_the_repository_is_still_somebodys(place: Place) -> None:
    place.hub.missing.add(REPO)
    identity = PLATFORM.whoami(place.job())
    assert (identity.who, identity.may) == ("releaser", ())
    assert f"no repository {REPO}" in identity.note


def test_a_refused_token_is_told_with_githubs_words(place: Place) -> None:
    with pytest.raises(CredentialError, match="Bad credentials") as caught:
        PLATFORM.whoami(place.job(token="ghp_surely_wrong"))
    assert caught.value.code == "DF2100"
    assert "GITHUB_TOKEN" in caught.value.hint
    assert "https://github.com/settings/" in caught.value.hint


def test_a_403_for_a_person_is_no_app(place: Place) -> None:
    with FaultProxy(place.hub.url) as proxy:
        proxy.when("GET", "/user$", do=faults.status(403, body=b'{"message": "API rate limit exceeded"}'), times=None)
        with pytest.raises(StatusError, match="rate limit") as caught:
            PLATFORM.whoami(place.job(through=proxy))
    assert caught.value.retryable


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("2099-10-12 09:00:00 UTC", END),
        ("2099-10-12 11:00:00 +0200", END),
        ("2099-10-12 05:00:00 -0400", END),
        ("soon", None),
        ("", None),
    ],
)
def test_the_end_of_a_token_is_read_in_every_form_that_github_writes(text: str, end: datetime | None) -> None:
    assert told({"GitHub-Authentication-Token-Expiration": text}).expires == end


@pytest.mark.parametrize(
    ("left", "level"),
    [(timedelta(days=20), None), (timedelta(days=3), Level.WARNING), (-timedelta(days=1), Level.ERROR)],
)
def test_a_token_that_ends_soon_is_found_before_publishing(place: Place, left: timedelta, level: Level | None) -> None:
    place.hub.token_expiry = datetime.now(UTC) + left
    found = [f for f in PLATFORM.preflight(place.job()) if f.id == "GITHUB-014"]
    assert [f.level for f in found] == ([level] if level else [])
    assert all("GITHUB_TOKEN" in f.hint for f in found)
