"""login, logout and whoami as people and scripts use them: the real command, a real terminal, a real keyring."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import yaml

from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from tests.cli.place import WRONG, Place, posix, without_dates
from tests.support.hello import release_files
from tests.support.secret_service import MISSING, available, secret_service

needs_service = pytest.mark.skipif(not available(), reason=MISSING)


@pytest.fixture
def ring(place: Place, tmp_path: Path) -> Iterator[None]:
    """A real keyring."""
    with secret_service(tmp_path / "home") as variables:
        place.environ |= variables
        yield


# --- the screens


def both(done: subprocess.CompletedProcess[str]) -> str:
    return f"{done.stdout}--- stderr\n{done.stderr}"


@posix
def test_the_screens_of_a_login_and_a_logout(place: Place, screen: Callable[[str, str], None]) -> None:
    before = place.run("whoami")
    kept = place.run("login", "npm", "--with-token", "--store", "env-file", "--env-file", "new.env", stdin=TOKEN)
    there = place.run("whoami", "--env-file", "new.env")
    gone = place.run("logout", "npm", "--env-file", "new.env")

    assert [done.returncode for done in (before, kept, there, gone)] == [4, 0, 0, 0]
    screen("whoami-missing", both(before))
    screen("login", without_dates(both(kept)))
    screen("whoami", without_dates(both(there)))
    screen("logout", both(gone))


# --- a person at a terminal


@posix
@needs_service
def test_a_refused_token_is_asked_for_again_and_a_good_one_is_kept(place: Place, ring: None) -> None:
    with place.terminal("login", "npm") as terminal:
        terminal.expect("make a granular token .*npmjs.com")
        terminal.expect("token, not shown.*: ")
        terminal.sendline(WRONG)
        terminal.expect("does not accept the token")
        terminal.expect("nothing was stored")
        terminal.expect("try another one")
        terminal.sendline("y")
        terminal.expect("token, not shown.*: ")
        terminal.sendline(TOKEN)
        terminal.expect("✓ rehearsal")
        terminal.expect(r"keep it in .*\[keyring\]: ")
        terminal.sendline("")
        terminal.expect("kept in the system keyring as hello-forge/npm/token")
    assert terminal.exitstatus == 0
    (found,) = place.json("whoami")["platforms"]
    assert (found["state"], found["who"], found["credentials"][0]["source"]) == ("ok", "rehearsal", "keyring")
    place.assert_unseen(WRONG, TOKEN)


@posix
def test_going_through_all_platforms_ends_with_a_table(place: Place) -> None:
    file = place.folder / "deployforge.yml"
    config = yaml.safe_load(file.read_text("utf-8"))
    config["platforms"]["pypi"] = {"registry": f"{place.registry.url}/legacy/", "index": place.registry.url}
    config["platforms"]["chocolatey"] = {}
    file.write_text(yaml.safe_dump(config), "utf-8")
    place.environ["CHOCOLATEY_API_KEY"] = "there-already"
    with place.terminal("login", "--store", "env-file") as terminal:
        terminal.expect("token, not shown.*: ")
        terminal.sendline("")
        terminal.expect("PyPI")
        terminal.expect("token, not shown.*: ")
        terminal.sendline(WRONG)
        terminal.expect("PyPI has no way to try it")
        terminal.expect("npm +left out")
        terminal.expect("pypi +kept in .env \\(PYPI_TOKEN\\)")
    assert terminal.exitstatus == 0
    place.assert_unseen(WRONG, but=place.folder / ".env")


@posix
def test_giving_up_stores_nothing(place: Place) -> None:
    with place.terminal("login", "npm", "--store", "env-file") as terminal:
        terminal.expect("token, not shown.*: ")
        terminal.sendline(WRONG)
        terminal.expect("try another one")
        terminal.sendline("n")
        terminal.expect("npm +left out")
    assert not (place.folder / ".env").exists()
    place.assert_unseen(WRONG)


@posix
def test_an_env_file_is_private_and_kept_out_of_git(place: Place) -> None:
    subprocess.run(["git", "init", "-q"], cwd=place.folder, check=True)
    with place.terminal("login", "npm") as terminal:
        terminal.expect("token, not shown.*: ")
        terminal.sendline(TOKEN)
        terminal.expect("keep it in .*: ")
        terminal.sendline("keyring")
        terminal.expect("there is no system keyring")
        terminal.expect(r"keep it in .*\[env-file\]: ")
        terminal.sendline("")
        terminal.expect("git does not ignore .env; add it to .gitignore.*: ")
        terminal.sendline("y")
        terminal.expect("kept in .env")
    assert (place.folder / ".env").stat().st_mode & 0o777 == 0o600
    assert (place.folder / ".gitignore").read_text("utf-8") == "/.env\n"
    (found,) = place.json("whoami", "--env-file", ".env")["platforms"]
    assert found["credentials"][0]["source"] == "env-file .env"
    place.assert_unseen(TOKEN, but=place.folder / ".env")


@posix
def test_a_file_can_be_named_instead_of_pasting(place: Place, tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{TOKEN}\n", "utf-8")
    with place.terminal("login", "npm", "--store", "print") as terminal:
        terminal.expect("token, not shown.*: ")
        terminal.sendline(f"@{tmp_path / 'key'}")
        terminal.expect("gh secret set NPM_TOKEN --repo hello-makers/hello-forge")
        terminal.expect("settings/secrets/actions")
    place.assert_unseen(TOKEN)


@posix
def test_leaving_the_dialog_leaves_no_trace(place: Place) -> None:
    with place.terminal("login", "npm") as terminal:
        terminal.expect("token, not shown.*: ")
        terminal.sendintr()
        terminal.expect("interrupted")
    assert terminal.exitstatus == 130


# --- a script


@needs_service
def test_a_script_pipes_the_token_in_and_logs_out_again(place: Place, ring: None) -> None:
    (stored,) = place.json("login", "npm", "--with-token", "--store", "keyring", stdin=f"{TOKEN}\n")["platforms"]
    assert (stored["who"], stored["store"], stored["tried"]) == ("rehearsal", "keyring", True)
    assert place.run("whoami").returncode == 0
    (gone,) = place.json("logout", "npm")["platforms"]
    assert (gone["removed"], gone["stays"]) == (["token from the keyring"], [])
    assert place.run("whoami").returncode == 4
    place.assert_unseen(TOKEN)


@needs_service
def test_one_entry_serves_all_projects(place: Place, ring: None) -> None:
    place.run("login", "npm", "--with-token", "--shared", stdin=TOKEN)
    file = place.folder / "deployforge.yml"
    file.write_text(file.read_text("utf-8").replace("name: hello-forge", "name: another", 1), "utf-8")
    assert place.run("whoami").returncode == 0


def test_a_refused_token_of_a_script_is_exit_code_4_and_stores_nothing(place: Place) -> None:
    done = place.run("login", "npm", "--with-token", "--store", "env-file", stdin=WRONG)
    assert done.returncode == 4
    assert "does not accept the token" in done.stderr
    assert not (place.folder / ".env").exists()
    place.assert_unseen(WRONG)


def test_a_key_of_several_lines_comes_from_a_file(place: Place, tmp_path: Path) -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAAkey-canary-of-this-test\n-----END OPENSSH PRIVATE KEY-----\n"
    (tmp_path / "key").write_text(key, "utf-8")
    words = ["login", "npm", "--from-file", str(tmp_path / "key"), "--untested", "--store", "env-file"]
    assert place.run(*words).returncode == 0
    from deployforge_tasks.effects.env_file import parse

    assert parse((place.folder / ".env").read_text("utf-8"), ".env") == {"NPM_TOKEN": key}
    place.assert_unseen("AAAAkey-canary-of-this-test", but=place.folder / ".env")


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        (("login", "npm", "--with-token"), "", "stdin holds nothing"),
        (("login", "--with-token"), TOKEN, "belongs to one platform"),
        (("login", "nmp", "--with-token"), TOKEN, "did you mean `npm`"),
        (("login", "npm", "--with-token", "--credential", "tokn"), TOKEN, "did you mean `token`"),
        (("login", "npm"), "", "nobody to ask"),
        (("login", "npm", "--from-file", "nowhere"), "", "nowhere cannot be read"),
        (("login", "npm", "--with-token", "--from-file", "x"), TOKEN, "comes from one place"),
        (("logout",), "", "name one platform, or all of them with --all"),
        (("logout", "npm", "--all"), "", "name one platform, or all of them with --all"),
    ],
)
def test_a_command_line_that_cannot_be_meant(place: Place, words: tuple[str, ...], stdin: str, said: str) -> None:
    done = place.run(*words, stdin=stdin)
    assert done.returncode == 2
    assert said in done.stderr


def test_in_ci_the_keyring_is_left_alone(place: Place) -> None:
    place.environ["CI"] = "true"
    done = place.run("login", "npm", "--with-token", stdin=TOKEN)
    assert done.returncode == 4
    assert "--store" in done.stderr


# --- the keyring in every other command


@needs_service
@pytest.mark.parametrize("tool", ["deployforge", "doit"])
def test_a_release_finds_what_the_keyring_has(place: Place, ring: None, tool: str) -> None:
    place.run("login", "npm", "--with-token", stdin=TOKEN)
    release_files(place.folder / "dist", "1.0.0", ["linux/amd64"])
    if tool == "doit":
        shutil.copy(Path(__file__).parents[2] / "dodo.py", place.folder)
        done = place.command(sys.executable, "-m", "doit", "publish:npm")
    else:
        done = place.run("deploy", "--yes", "-vv")
    assert done.returncode == 0, done.stdout + done.stderr
    assert {p.name for p in place.registry.publications()} == {"hello-forge", "hello-forge-linux-x64"}
    place.assert_unseen(TOKEN)


@needs_service
def test_a_locked_keyring_is_a_warning(place: Place, tmp_path: Path) -> None:
    with secret_service(tmp_path / "home") as variables:
        place.environ |= variables
        place.run("login", "npm", "--with-token", stdin=TOKEN)
    with secret_service(tmp_path / "home", locked=True) as variables:
        place.environ |= variables
        done = place.run("whoami")
    assert done.returncode == 4
    assert "warning: the system keyring cannot be used (it is locked)" in done.stderr
    assert "Traceback" not in done.stderr


def test_an_end_that_is_near_is_told_by_commands_that_ask_nobody(place: Place) -> None:
    place.environ["NPM_TOKEN"] = TOKEN
    place.registry.token_expiry = datetime.now(UTC) + timedelta(days=3)
    assert "expires in" in place.run("whoami").stdout
    for words in (["status"], ["deploy", "--dry-run"]):
        asked = len(place.registry.journal)
        assert "warning: the credential of npm expires in" in place.run(*words).stderr
        assert not [path for _, path, _ in place.registry.journal[asked:] if "whoami" in path]


def test_fast_commands_never_load_the_keyring(place: Place) -> None:
    place.environ["NPM_TOKEN"] = TOKEN
    for words in (["--help"], ["login", "-h"], ["config", "check"], ["status"], ["graph"]):
        code = f"import sys; from deployforge_tasks.cli.main import main; main({words!r})"
        done = place.command(sys.executable, "-c", f"{code}; print('keyring' in sys.modules)")
        assert done.stdout.splitlines()[-1] == "False", words


# --- a release without a credential


@pytest.mark.parametrize("token", [None, WRONG], ids=["missing", "refused"])
def test_what_stops_for_a_credential_ends_with_4_whatever_the_verb(place: Place, token: str | None) -> None:
    if token:
        place.environ["NPM_TOKEN"] = token
    release_files(place.folder / "dist", "1.0.0", ["linux/amd64"])
    shutil.copy(Path(__file__).parents[2] / "dodo.py", place.folder)
    for words in (["whoami"], ["test"], ["deploy", "--yes"], ["retry", "--yes"]):
        assert place.run(*words).returncode == 4, words
    assert place.command(sys.executable, "-m", "doit", "deploy").returncode == 4
    assert place.registry.publications() == []


def test_json_says_that_it_is_a_credential(place: Place) -> None:
    release_files(place.folder / "dist", "1.0.0", ["linux/amd64"])
    document = place.json("deploy", "--yes")
    assert document["exit_code"] == 4
    assert [platform["error"]["id"] for platform in document["platforms"]] == ["DF2004"]
    lines = place.run("deploy", "--yes", "--json=stream").stdout.splitlines()
    found = [event for event in map(json.loads, lines) if event.get("kind") == "finding"]
    assert [event["data"]["credential"] for event in found if event["data"]["level"] == "error"] == [True]
