"""The AUR: what it offers now, and whose key it is; over http to our stand-in and over ssh to a real sshd."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import CredentialError, NetworkError
from tests.support import sshd
from tests.support.git_places import GitCase, aur_over_http, aur_over_ssh
from tests.support.jobs import publish

NAME = "hello-forge-bin"
needs_sshd = pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")


@pytest.fixture
def ssh(tmp_path: Path) -> Iterator[GitCase]:
    with aur_over_ssh(tmp_path) as case:
        yield case


@pytest.fixture
def http(tmp_path: Path) -> Iterator[GitCase]:
    with aur_over_http(tmp_path) as case:
        yield case


@pytest.fixture(params=["http", pytest.param("ssh", marks=needs_sshd)])
def aur(request: pytest.FixtureRequest) -> GitCase:
    case: GitCase = request.getfixturevalue(request.param)
    return case


def test_live_is_what_master_offers_in_our_spelling(aur: GitCase) -> None:
    assert aur.platform.live(aur.job()) is None
    publish(aur.platform, aur.job("1.0.0-rc.1"))
    live = aur.platform.live(aur.job("1.0.0"))
    assert live is not None
    assert (live.version, live.channel) == ("1.0.0-rc.1", "master")
    assert live.since is not None
    assert abs(live.since - datetime.now(UTC)) < timedelta(minutes=5)


def test_what_arch_cannot_spell_is_live_as_the_project_writes_it(http: GitCase) -> None:
    publish(http.platform, http.job("1.0.0+build.5"))
    live = http.platform.live(http.job("1.0.0+build.5"))
    assert live is not None
    assert live.version == "1.0.0+build.5"


@needs_sshd
def test_the_key_is_that_of_the_account_which_the_server_greets(ssh: GitCase) -> None:
    before = ssh.platform.whoami(ssh.job())
    assert (before.who, before.may) == ("rehearsal", ())
    assert "the first push makes it" in before.note
    publish(ssh.platform, ssh.job())
    after = ssh.platform.whoami(ssh.job())
    assert (after.who, after.may, after.expires) == ("rehearsal", (f"maintain {NAME}",), None)


@needs_sshd
def test_a_key_that_the_server_does_not_know_is_nobodys(ssh: GitCase, tmp_path: Path) -> None:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "other")], check=True)
    with pytest.raises(CredentialError, match="Permission denied") as caught:
        ssh.platform.whoami(ssh.job(secrets={"ssh_key": (tmp_path / "other").read_text()}))
    assert caught.value.code == "DF2010"
    assert "AUR_SSH_KEY" in caught.value.hint
    assert endpoints.AUR_WEB in caught.value.hint


@needs_sshd
def test_a_server_that_is_not_the_expected_one_is_not_asked(ssh: GitCase) -> None:
    with pytest.raises(CredentialError, match="host key") as caught:
        ssh.platform.whoami(ssh.job(options={"host_key": endpoints.AUR_HOST_KEY}))
    assert caught.value.code == "DF2012"


@needs_sshd
def test_a_server_that_is_gone_is_no_refusal(ssh: GitCase) -> None:
    with pytest.raises(NetworkError):
        ssh.platform.whoami(ssh.job(options={"server": "ssh://aur@127.0.0.1:1"}))


@needs_sshd
def test_the_aur_that_is_down_is_no_refusal(ssh: GitCase, tmp_path: Path) -> None:
    serve = tmp_path / "ssh" / "serve.sh"
    maintenance = "The AUR is down due to maintenance. We will be back soon."
    serve.write_text(serve.read_text().replace("list-repos)", f'list-repos) echo "{maintenance}" >&2; exit 1'))
    with pytest.raises(NetworkError, match="down for maintenance"):
        ssh.platform.whoami(ssh.job())


@needs_sshd
def test_no_key_is_left_on_disk(ssh: GitCase) -> None:
    job = ssh.job()
    ssh.platform.whoami(job)
    secret = ssh.secrets["ssh_key"].splitlines()[1].encode()
    assert [p for p in job.workdir.rglob("*") if p.is_file() and secret in p.read_bytes()] == []
