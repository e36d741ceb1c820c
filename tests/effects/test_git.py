from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError, PublishError
from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.effects.git import Author, Checkout, blob_id, checkout
from deployforge_tasks.effects.git_access import Access, environment, holds_password, is_ssh
from deployforge_tasks.effects.git_errors import MovedError, git_error
from deployforge_tasks.effects.process import Completed, Processes
from deployforge_tasks.rehearsal.stand_ins.git import TAP, TOKEN, GitStandIn
from tests.support.files import serving
from tests.support.running import running

AUTHOR = Author("Hello Makers", "hello@example.com")
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def remote(tmp_path: Path) -> Iterator[GitStandIn]:
    with running(GitStandIn(tmp_path / "git")) as stand_in:
        yield stand_in


@contextmanager
def opened(remote: GitStandIn, folder: Path, token: str | None = TOKEN) -> Iterator[Checkout]:
    with checkout(Processes(), f"{remote.url}/{TAP}", folder, access=Access(token=token)) as here:
        yield here


def push(remote: GitStandIn, folder: Path, files: dict[str, bytes | str | None]) -> str:
    with opened(remote, folder) as here:
        commit = here.commit(files, "a change", AUTHOR, WHEN)
        here.push(commit)
        return commit


def test_an_empty_repository_has_no_head_and_the_default_branch(remote: GitStandIn, tmp_path: Path) -> None:
    with opened(remote, tmp_path / "work", None) as here:
        assert here.head is None
        assert here.branch == "main"
        assert here.read("a.txt") is None


def test_what_was_pushed_can_be_read(remote: GitStandIn, tmp_path: Path) -> None:
    commit = push(remote, tmp_path / "work", {"Formula/a.rb": b"one\n"})
    with opened(remote, tmp_path / "elsewhere", None) as here:
        assert here.head == commit
        assert here.read("Formula/a.rb") == "one\n"
        assert here.files() == ["Formula/a.rb"]


def test_every_byte_arrives_as_it_was(remote: GitStandIn, tmp_path: Path) -> None:
    data = b"a\r\nb\n\x00\xff\r\n"
    push(remote, tmp_path / "work", {".gitattributes": b"* text=auto eol=lf\n", "a.bin": data})
    with opened(remote, tmp_path / "work") as here:
        assert here.blob("a.bin") == blob_id(data)


def test_other_files_stay_and_none_removes_one(remote: GitStandIn, tmp_path: Path) -> None:
    push(remote, tmp_path / "work", {"a": b"1", "b": b"2"})
    push(remote, tmp_path / "work", {"a": None, "c": b"3"})
    with opened(remote, tmp_path / "work") as here:
        assert here.files() == ["b", "c"]


def test_the_history_tells_which_commits_brought_a_text(remote: GitStandIn, tmp_path: Path) -> None:
    first = push(remote, tmp_path / "work", {"a": b"version 1\n"})
    second = push(remote, tmp_path / "work", {"a": b"version 2\n"})
    with opened(remote, tmp_path / "work") as here:
        assert here.history("a") == [second, first]
        assert here.history("a", "version 1") == [second, first]
        assert here.history("a", "version 2") == [second]
        assert here.read("a", first) == "version 1\n"


def test_the_same_change_at_the_same_time_is_the_same_commit(remote: GitStandIn, tmp_path: Path) -> None:
    with opened(remote, tmp_path / "one") as one, opened(remote, tmp_path / "two") as two:
        assert one.commit({"a": b"1"}, "m", AUTHOR, WHEN) == two.commit({"a": b"1"}, "m", AUTHOR, WHEN)


def test_a_push_is_refused_when_somebody_was_faster(remote: GitStandIn, tmp_path: Path) -> None:
    with opened(remote, tmp_path / "slow") as slow:
        push(remote, tmp_path / "fast", {"a": b"fast"})
        with pytest.raises(MovedError) as caught:
            slow.push(slow.commit({"a": b"slow"}, "m", AUTHOR, WHEN))
    assert caught.value.retryable
    with opened(remote, tmp_path / "work") as here:
        assert here.read("a") == "fast"


def test_nothing_is_pushed_with_a_wrong_token_or_none(remote: GitStandIn, tmp_path: Path) -> None:
    with opened(remote, tmp_path / "work", None) as here, pytest.raises(CredentialError):
        here.push(here.commit({"a": b"1"}, "m", AUTHOR, WHEN))
    with pytest.raises(CredentialError), opened(remote, tmp_path / "work", "surely-wrong"):
        pass
    assert subprocess.check_output(["git", "-C", str(remote.root / TAP), "for-each-ref"]) == b""


def test_a_dry_run_asks_whether_we_may_write_and_writes_nothing(remote: GitStandIn, tmp_path: Path) -> None:
    with opened(remote, tmp_path / "work") as here:
        here.push(here.commit({"a": b"1"}, "m", AUTHOR, WHEN), dry_run=True)
    with opened(remote, tmp_path / "work", None) as here, pytest.raises(CredentialError):
        here.push(here.commit({"a": b"1"}, "m", AUTHOR, WHEN), dry_run=True)
    with opened(remote, tmp_path / "work") as here:
        assert here.head is None


def test_a_repository_that_is_not_there_is_an_error_never_an_empty_one(remote: GitStandIn, tmp_path: Path) -> None:
    url = f"{remote.url}/github/rehearsal/nothing.git"
    with pytest.raises(PublishError, match="not there"), checkout(Processes(), url, tmp_path / "work"):
        pass


def test_a_web_page_is_no_empty_repository(tmp_path: Path) -> None:
    page = tmp_path / "site" / "x.git" / "info" / "refs"
    write_atomic(page, "<!DOCTYPE html><html><body>We will be right back</body></html>")
    with (
        serving(tmp_path / "site") as url,
        pytest.raises(NetworkError, match="git server"),
        checkout(Processes(), f"{url}/x.git", tmp_path / "work"),
    ):
        pass


def test_a_server_that_does_not_answer_is_a_network_error(tmp_path: Path) -> None:
    with pytest.raises(NetworkError), checkout(Processes(), "http://127.0.0.1:9/x.git", tmp_path / "work"):
        pass


def test_nothing_is_left_behind(remote: GitStandIn, tmp_path: Path) -> None:
    push(remote, tmp_path / "work", {"a": b"1"})
    assert list((tmp_path / "work").iterdir()) == []


def test_what_a_killed_run_left_is_swept(remote: GitStandIn, tmp_path: Path) -> None:
    dead = subprocess.Popen(["git", "--version"], stdout=subprocess.DEVNULL)
    dead.wait()
    left = tmp_path / "work" / f"git-{dead.pid}-abc"
    left.mkdir(parents=True)
    (left / "ssh-key").write_text("secret")
    mine = tmp_path / "work" / f"git-{os.getpid()}-abc"
    mine.mkdir()
    with opened(remote, tmp_path / "work"):
        assert not left.exists()
    assert mine.exists()


def test_a_token_stands_in_no_argument_and_in_no_plain_variable(tmp_path: Path) -> None:
    url = "https://git.example/a/b.git"
    with environment(url, Access(token="canary-token-123"), tmp_path) as env:
        assert "canary" not in str([env.plain, env.remote])
        assert env.remote["GIT_CONFIG_KEY_4"] == "http.https://git.example/.extraHeader"
        assert list(env.secrets) == ["GIT_CONFIG_VALUE_4"]


def test_a_token_goes_to_http_only(tmp_path: Path) -> None:
    with environment("ssh://git@git.example/a.git", Access(token="canary-token-123"), tmp_path) as env:
        assert env.secrets == {}


@pytest.mark.skipif(os.name == "nt", reason="permissions of Windows are no mode bits")
def test_an_ssh_key_is_a_private_file_only_while_git_runs(tmp_path: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\\nYWJjZGVm\\n-----END OPENSSH PRIVATE KEY-----"
    with environment("ssh://git@git.example/a.git", Access(ssh_key=key, host_key="ssh-ed25519 AAAA"), tmp_path) as env:
        assert (tmp_path / "ssh-key").stat().st_mode & 0o777 == 0o600
        assert (tmp_path / "ssh-key").read_text().splitlines()[1] == "YWJjZGVm"
        assert (tmp_path / "known-hosts").read_text() == "* ssh-ed25519 AAAA\n"
        assert "YWJj" not in str([env.plain, env.remote])
        assert "StrictHostKeyChecking=yes" in env.remote["GIT_SSH_COMMAND"]
    assert not (tmp_path / "ssh-key").exists()


@pytest.mark.parametrize(
    ("url", "expected"),
    [("ssh://aur@host/x.git", True), ("git@host:a/b.git", True), ("https://host/a.git", False), ("/srv/a.git", False)],
)
def test_ssh_urls_are_told_apart(url: str, expected: bool) -> None:
    assert is_ssh(url) is expected


def test_a_password_in_a_url_is_seen() -> None:
    assert holds_password("https://user:secret@host/a.git")
    assert not holds_password("https://host/a.git")


def test_a_url_cannot_name_a_program(tmp_path: Path) -> None:
    mark = tmp_path / "ran"
    with pytest.raises(NetworkError), checkout(Processes(), f"ext::touch {mark}", tmp_path / "work"):
        pass
    assert not mark.exists()


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("fatal: Authentication failed for 'https://h/x.git/'", CredentialError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 403", CredentialError),
        ("aur@aur.archlinux.org: Permission denied (publickey).", CredentialError),
        ("Host key verification failed.", CredentialError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 503", NetworkError),
        ("fatal: unable to access 'https://h/': The requested URL returned error: 429", NetworkError),
        ("The AUR is down due to maintenance. We will be back soon.", NetworkError),
        ("error: RPC failed; curl 56 Recv failure: Connection reset by peer", NetworkError),
        ("!\tabc:refs/heads/main\t[rejected] (fetch first)", MovedError),
        ("!\tabc:refs/heads/main\t[remote rejected] (cannot lock ref 'refs/heads/main')", MovedError),
        ("!\tabc:refs/heads/main\t[remote rejected] (pre-receive hook declined)", PublishError),
        ("something nobody has seen before", NetworkError),
    ],
)
def test_what_git_says_becomes_the_right_error(said: str, kind: type[Exception]) -> None:
    error = git_error(Completed(("git",), 128, "", said), "https://h/x.git")
    assert type(error) is kind
    assert error.hint
