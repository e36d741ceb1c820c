"""A tap and a bucket: what they offer now, whose token it is, and when it ends."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError, PublishError
from deployforge_tasks.core.model import Level
from deployforge_tasks.core.versions import Version
from deployforge_tasks.effects.git_access import Access
from deployforge_tasks.platforms._git import GitPlatform, Place
from deployforge_tasks.platforms._git_account import SOMEBODY
from deployforge_tasks.platforms._git_github import github_repository
from deployforge_tasks.platforms.homebrew import Homebrew
from deployforge_tasks.platforms.scoop import Scoop
from deployforge_tasks.rehearsal.stand_ins._github_shapes import API
from deployforge_tasks.rehearsal.stand_ins.git import TOKEN
from deployforge_tasks.rehearsal.stand_ins.github import GitHub
from tests.support import sshd
from tests.support.git_places import GitCase, over_http
from tests.support.jobs import make_job, publish
from tests.support.running import running

WRONG = {"token": "surely-wrong-token"}


@pytest.fixture(params=[Homebrew(), Scoop()], ids=["homebrew", "scoop"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[GitCase]:
    with over_http(request.param, tmp_path) as made:
        yield made


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[GitHub]:
    """GitHub's API, which knows the git server's token."""
    host = GitHub(tmp_path / "github")
    host.token = TOKEN
    with running(host):
        yield host


def on_github(case: GitCase, hub: GitHub, **more: Any) -> Any:
    return case.job(options={"api": f"{hub.url}{API}"}, **more)


def bare(case: GitCase) -> Path:
    """The repository itself."""
    assert case.stand_in is not None
    path: str = case.options["remote"].removeprefix(f"{case.stand_in.url}/")
    return case.stand_in.root / path


# --- live ---------------------------------------------------------------------------------------------------------


def test_live_is_what_the_main_branch_offers_since_its_commit(case: GitCase) -> None:
    publish(case.platform, case.job("1.0.0"))
    live = case.platform.live(case.job("2.0.0"))
    assert live is not None
    assert (live.version, live.channel, str(live.look.status)[:8]) == ("1.0.0", "main", "main at ")
    assert live.since is not None
    assert abs(live.since - datetime.now(UTC)) < timedelta(minutes=5)


def test_live_is_the_earlier_version_again_after_a_rollback(case: GitCase) -> None:
    publish(case.platform, case.job("1.0.0"))
    case.platform.rollback(publish(case.platform, case.job("1.1.0")), Version.parse("1.0.0"))
    live = case.platform.live(case.job("1.1.0"))
    assert live is not None
    assert live.version == "1.0.0"


def test_live_follows_the_main_branch_whichever_branch_we_publish_to(case: GitCase) -> None:
    publish(case.platform, case.job("1.0.0"))
    publish(case.platform, case.job("2.0.0", options={"branch": "next"}))
    live = case.platform.live(case.job("2.0.0", options={"branch": "next"}))
    assert live is not None
    assert (live.version, live.channel) == ("1.0.0", "main")


def test_a_file_without_a_version_is_not_nothing(case: GitCase) -> None:
    platform: Any = case.platform
    job = case.job()
    with platform.open(job, write=True) as repository:
        files = {platform.main(job): b"# nothing to read here\n"}
        repository.push(repository.commit(files, "spoil", platform.author(job), job.clock.now()))
    with pytest.raises(NetworkError, match="no version can be read"):
        platform.live(job)


def test_a_repository_that_is_not_there_is_not_nothing(case: GitCase) -> None:
    shutil.rmtree(bare(case))
    with pytest.raises(PublishError, match="is not there"):
        case.platform.live(case.job())


# --- whoami -------------------------------------------------------------------------------------------------------


def test_githubs_api_tells_whose_the_token_is(case: GitCase, hub: GitHub) -> None:
    hub.token_expiry = datetime(2099, 1, 2, 3, 4, 5, tzinfo=UTC)
    identity = case.platform.whoami(on_github(case, hub))
    owner, name = bare(case).parent.name, bare(case).stem
    assert (identity.who, identity.may, identity.expires) == (
        "releaser",
        (f"write to {owner}/{name}",),
        hub.token_expiry,
    )


def test_a_token_that_githubs_api_refuses_is_told_with_its_words(case: GitCase, hub: GitHub) -> None:
    with pytest.raises(CredentialError, match="Bad credentials") as caught:
        case.platform.whoami(on_github(case, hub, secrets=WRONG))
    assert case.platform.credentials[0].env[0] in caught.value.hint
    assert "https://github.com/settings/" in caught.value.hint


def test_a_token_that_ends_soon_is_found_before_publishing(case: GitCase, hub: GitHub) -> None:
    found = {}
    for days in (20, 3, -1):
        hub.token_expiry = datetime.now(UTC) + timedelta(days=days, hours=1)
        id_ = f"{case.platform.name.upper()}-006"
        found[days] = [f.level for f in case.platform.preflight(on_github(case, hub)) if f.id == id_]
    assert found == {20: [], 3: [Level.WARNING], -1: [Level.ERROR]}


def test_an_api_that_is_down_does_not_stop_what_git_can_do(case: GitCase, hub: GitHub) -> None:
    job = on_github(case, hub)
    hub.stop()
    assert [f for f in case.platform.preflight(job) if f.level is Level.ERROR] == []


def test_on_another_server_git_itself_says_whether_we_may_write(case: GitCase) -> None:
    identity = case.platform.whoami(case.job())
    assert (identity.who, identity.may) == (SOMEBODY, (f"write to {case.options['remote']}",))
    with pytest.raises(CredentialError) as caught:
        case.platform.whoami(case.job(secrets=WRONG))
    assert caught.value.code == "DF2010"
    assert case.platform.credentials[0].env[0] in caught.value.hint


def test_a_password_in_the_url_is_not_told(case: GitCase) -> None:
    publish(case.platform, case.job())
    remote = case.options["remote"].replace("://", f"://somebody:{TOKEN}@")
    job = case.job(options={"remote": remote})
    live = case.platform.live(job)
    assert live is not None
    assert live.look.url == case.options["remote"]
    assert case.platform.whoami(job).may == (f"write to {case.options['remote']}",)


@pytest.mark.parametrize(
    ("url", "options", "repository"),
    [
        ("https://github.com/acme/homebrew-tap.git", {}, "https://api.github.com/repos/acme/homebrew-tap"),
        ("https://git.example/acme/homebrew-tap", {}, None),
        (
            "https://git.example/acme/homebrew-tap",
            {"api": "https://git.example/api/v3/"},
            "https://git.example/api/v3/repos/acme/homebrew-tap",
        ),
        ("git@github.com:acme/homebrew-tap.git", {}, None),
        ("ssh://git@github.com/acme/homebrew-tap.git", {}, None),
    ],
)
def test_only_repositories_on_github_are_asked_for_there(
    tmp_path: Path, url: str, options: dict[str, Any], repository: str | None
) -> None:
    job = make_job(Homebrew(), tmp_path, options=options)
    hub = github_repository(job, Place(url, Access()))
    assert (hub.base if hub else None) == repository


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
def test_over_ssh_the_server_greets_the_account(tmp_path: Path) -> None:
    platform: GitPlatform[Any] = Homebrew()
    with sshd.git_over_ssh(tmp_path / "ssh") as server:

        def place(job: Any, *, write: bool) -> Place:
            access = Access(ssh_key=server.private_key, host_key=server.host_key)
            return Place(f"{server.url}/homebrew-tap.git", access, default="master")

        vars(platform)["place"] = place
        job = make_job(platform, tmp_path, options={"remote": f"{server.url}/homebrew-tap.git"})
        identity = platform.whoami(job)
    assert identity.who == "rehearsal"
    assert identity.may[0].startswith("write to ssh://")


def test_nothing_is_left_in_the_repository(case: GitCase) -> None:
    case.platform.whoami(case.job())
    assert case.platform.live(case.job()) is None
    refs = subprocess.run(["git", "for-each-ref"], cwd=bare(case), capture_output=True, text=True, check=True)
    assert refs.stdout == ""
