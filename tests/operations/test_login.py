"""Setting credentials up and taking them away again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.core.errors import CredentialError, NetworkError
from deployforge_tasks.effects.env_file import parse
from deployforge_tasks.operations import login
from deployforge_tasks.operations.logout import logout
from tests.operations.account_shelf import GOOD, Drawer, account_shelves, load


@pytest.fixture(autouse=True)
def platforms() -> Iterator[None]:
    with account_shelves("one", "two"):
        yield


def test_every_credential_is_named_with_where_it_is(tmp_path: Path) -> None:
    token, extra = login.needs(load(tmp_path, {"one": {}}, SHELF_KEY=GOOD), "one")
    assert (token.credential.name, token.variable, token.found) == ("token", "SHELF_TOKEN", "env SHELF_KEY")
    assert (extra.credential.name, extra.credential.required, extra.found) == ("extra", False, "")


def test_only_enabled_platforms_lack_a_credential(tmp_path: Path) -> None:
    platforms = {"one": {}, "two": {"enabled": False}, "free": {}}
    assert login.lacking(load(tmp_path, platforms)) == ["one"]
    assert login.lacking(load(tmp_path, platforms, SHELF_TOKEN=GOOD)) == []


def test_a_trial_tells_who_it_is_whatever_the_environment_has(tmp_path: Path) -> None:
    trial = login.try_credentials(load(tmp_path, {"one": {}}, SHELF_TOKEN="wrong-one"), "one", {"token": GOOD})
    assert trial.identity is not None
    assert trial.identity.who == "mk-bot"


def test_a_trial_that_is_refused_says_so(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="does not know the token"):
        login.try_credentials(load(tmp_path, {"one": {}}), "one", {"token": "wrong-one"})


def test_one_that_is_over_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CredentialError, match="it expired on"):
        login.try_credentials(load(tmp_path, {"one": {"days": -2}}), "one", {"token": GOOD})


def test_a_platform_that_is_down_is_no_refusal(tmp_path: Path) -> None:
    with pytest.raises(NetworkError):
        login.try_credentials(load(tmp_path, {"one": {"says": "down"}}), "one", {"token": GOOD})


def test_a_platform_that_cannot_tell_leaves_a_note(tmp_path: Path) -> None:
    trial = login.try_credentials(load(tmp_path, {"one": {"says": "nothing"}}), "one", {"token": GOOD})
    assert (trial.identity, trial.note) == (None, "Shelf has no way to try it: a preflight will")


def test_one_of_several_is_tried_with_the_others(tmp_path: Path) -> None:
    trial = login.try_credentials(load(tmp_path, {"one": {}}), "one", {"extra": "x"})
    assert "only with the others" in trial.note


# --- the keyring


def test_the_keyring_gets_an_entry_of_the_project(tmp_path: Path) -> None:
    drawer = Drawer()
    loaded = load(tmp_path, {"one": {}}, DEPLOYFORGE_KEYRING="on")
    kept = login.keep_in_keyring(loaded, "one", {"token": GOOD}, keyring=drawer)
    assert drawer.entries == {"hello-forge/one/token": GOOD}
    assert kept.where == "the system keyring as hello-forge/one/token"


def test_the_keyring_gets_an_entry_for_all_projects(tmp_path: Path) -> None:
    drawer = Drawer()
    loaded = load(tmp_path, {"one": {}}, DEPLOYFORGE_KEYRING="on")
    login.keep_in_keyring(loaded, "one", {"token": GOOD}, shared=True, keyring=drawer)
    assert drawer.entries == {"*/one/token": GOOD}


@pytest.mark.parametrize("environ", [{"DEPLOYFORGE_KEYRING": "off"}, {"DEPLOYFORGE_KEYRING": "", "CI": "true"}])
def test_nothing_is_put_where_nobody_looks(tmp_path: Path, environ: dict[str, Any]) -> None:
    drawer = Drawer()
    with pytest.raises(CredentialError, match="not asked here"):
        login.keep_in_keyring(load(tmp_path, {"one": {}}, **environ), "one", {"token": GOOD}, keyring=drawer)
    assert drawer.entries == {}


# --- an env-file


def test_an_env_file_gets_the_first_variable(tmp_path: Path) -> None:
    kept = login.keep_in_env_file(load(tmp_path, {"one": {}}), "one", {"token": GOOD})
    assert parse((tmp_path / ".env").read_text("utf-8"), ".env") == {"SHELF_TOKEN": GOOD}
    assert kept.where == ".env (SHELF_TOKEN)"
    assert "--env-file .env" in kept.todo[0]


def test_the_env_file_in_use_is_taken(tmp_path: Path) -> None:
    (tmp_path / "secrets.env").write_text("A=1\n", "utf-8")
    loaded = load(tmp_path, {"one": {}}, env_file=tmp_path / "secrets.env")
    assert login.keep_in_env_file(loaded, "one", {"token": GOOD}).todo == ()
    assert "SHELF_TOKEN" in (tmp_path / "secrets.env").read_text("utf-8")


def test_a_file_that_git_has_never_gets_a_secret(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {}})
    (tmp_path / ".env").write_text("A=1\n", "utf-8")
    for words in (["init", "-q"], ["add", ".env"]):
        subprocess.run(["git", *words], cwd=tmp_path, check=True)
    with pytest.raises(CredentialError, match="is in git"):
        login.keep_in_env_file(loaded, "one", {"token": GOOD})
    assert (tmp_path / ".env").read_text("utf-8") == "A=1\n"


# --- a CI secret


def test_a_ci_secret_is_described_without_its_value(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {}})
    kept = login.ci_secrets(loaded, "one", ["token"])
    assert kept.todo[0].startswith("gh secret set SHELF_TOKEN")
    (tmp_path / ".gitlab-ci.yml").write_text("", "utf-8")
    assert "CI/CD > Variables" in login.ci_secrets(loaded, "one", ["token"]).todo[0]


# --- logging out


def test_what_was_stored_is_removed_and_what_stays_is_told(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"one": {}}, DEPLOYFORGE_KEYRING="on", SHELF_KEY="by-hand")
    drawer = Drawer()
    login.keep_in_keyring(loaded, "one", {"token": GOOD}, keyring=drawer)
    login.keep_in_keyring(loaded, "one", {"token": GOOD}, shared=True, keyring=drawer)
    login.keep_in_env_file(loaded, "one", {"token": GOOD})
    (removal,) = logout(loaded, ["one"], keyring=drawer).removals
    assert removal.removed == ("token from the keyring", "SHELF_TOKEN from .env")
    assert removal.stays == (
        "token for all projects in the keyring (--shared removes it)",
        "SHELF_KEY in the environment",
    )
    assert drawer.entries == {"*/one/token": GOOD}
    (removal,) = logout(loaded, ["one"], shared=True, keyring=drawer).removals
    assert drawer.entries == {}


def test_a_line_that_somebody_wrote_by_hand_stays(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("SHELF_TOKEN=mine\n", "utf-8")
    (removal,) = logout(load(tmp_path, {"one": {}}, env_file=tmp_path / ".env"), ["one"]).removals
    assert (removal.removed, removal.stays) == ((), ("SHELF_TOKEN in .env (written by hand)",))


def test_a_keyring_that_cannot_be_asked_is_told_once(tmp_path: Path) -> None:
    class Locked(Drawer):
        asked = 0

        def get(self, entry: str) -> str | None:
            raise AssertionError

        def delete(self, entry: str) -> bool:
            self.asked += 1
            raise CredentialError("it is locked", hint="unlock it")

    drawer = Locked()
    found = logout(load(tmp_path, {"one": {}, "two": {}}, DEPLOYFORGE_KEYRING="on"), ["one", "two"], keyring=drawer)
    assert found.failure is not None
    assert drawer.asked == 1
