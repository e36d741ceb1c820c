"""Where a credential is found: environment, env-file, keyring; and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import CredentialError
from deployforge_tasks.core.model import Credential, Found, Level
from deployforge_tasks.effects.keyring import Keyring
from deployforge_tasks.graph.context import RunContext
from deployforge_tasks.graph.jobs import _with_kept_token
from deployforge_tasks.platforms.base import Secrets
from deployforge_tasks.platforms.registry import load
from deployforge_tasks.project.load import Loaded
from deployforge_tasks.project.remembered import Remembered
from deployforge_tasks.project.secrets import Vault, entry
from tests.project.kinds import PASSWORD, load_text, problem_of

ENABLED = "platforms: {docker: {}}\n"


class Drawer(Keyring):
    """A keyring with these entries, or one that is locked; counts how often it is asked."""

    def __init__(self, entries: Mapping[str, str] | None = None, *, locked: bool = False) -> None:
        self.entries, self.locked, self.asked = entries or {}, locked, 0

    def get(self, entry: str) -> str | None:
        self.asked += 1
        if self.locked:
            raise CredentialError("the system keyring is locked", hint="unlock it")
        return self.entries.get(entry)


def given(loaded: Loaded) -> Found | None:
    vault = Vault(loaded, Drawer())
    return vault.given(vault.credentials("docker", [PASSWORD])).get("password")


def test_the_usual_variables_are_looked_at_in_order(tmp_path: Path) -> None:
    assert given(load_text(tmp_path, "", environ={"DOCKERHUB_TOKEN": "two"})) == Found("two", "env DOCKERHUB_TOKEN")
    both = load_text(tmp_path, "", environ={"DOCKER_PASSWORD": "one", "DOCKERHUB_TOKEN": "two"})
    assert given(both) == Found("one", "env DOCKER_PASSWORD")


@pytest.mark.parametrize("name", ["password", "DOCKER_PASSWORD"])
def test_the_file_may_name_another_variable(tmp_path: Path, name: str) -> None:
    text = f"credentials: {{docker: {{{name}: MINE}}}}\n"
    environ = {"DOCKER_PASSWORD": "one"}
    assert given(load_text(tmp_path, text, environ={**environ, "MINE": "mine"})) == Found("mine", "env MINE")
    assert given(load_text(tmp_path, text, environ=environ)) is None


def test_the_file_may_name_several_variables(tmp_path: Path) -> None:
    text = "credentials: {docker: {password: [FIRST, SECOND]}}\n"
    assert given(load_text(tmp_path, text, environ={"SECOND": "2"})) == Found("2", "env SECOND")
    assert given(load_text(tmp_path, text, environ={"SECOND": "2", "FIRST": "1"})) == Found("1", "env FIRST")


@pytest.mark.parametrize("names", ["[]", "[FIRST, hunter2-is-it]"])
def test_a_list_holds_names_of_variables_only(tmp_path: Path, names: str) -> None:
    problem = problem_of(tmp_path, f"credentials: {{docker: {{password: {names}}}}}\n")
    assert "not the name of an environment variable" in problem.message
    assert "hunter2" not in str(problem)


def test_what_stands_in_the_env_file_says_so(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DOCKERHUB_TOKEN=filed\n")
    loaded = load_text(tmp_path, "", env_file=tmp_path / ".env")
    assert given(loaded) == Found("filed", "env-file .env")


def test_the_environment_comes_before_the_env_file(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DOCKER_PASSWORD=filed\nDOCKERHUB_TOKEN=filed\n")
    loaded = load_text(tmp_path, "", environ={"DOCKERHUB_TOKEN": "set"}, env_file=tmp_path / ".env")
    assert given(loaded) == Found("set", "env DOCKERHUB_TOKEN")


def test_a_value_is_never_shown() -> None:
    assert "s3cret" not in repr(Found("s3cret", "env TOKEN"))


# --- the keyring


def test_the_keyring_has_the_last_word_and_is_asked_once(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "", environ={})
    drawer = Drawer({entry(loaded.project.name, "docker", "password"): "kept"})
    vault = Vault(loaded, drawer)
    assert vault.stored("docker", PASSWORD) == Found("kept", "keyring")
    assert vault.stored("docker", PASSWORD) == Found("kept", "keyring")
    assert drawer.asked == 1


def test_a_projects_own_entry_comes_before_the_shared_one(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "", environ={})
    shared = {entry("*", "docker", "password"): "shared"}
    assert Vault(loaded, Drawer(shared)).stored("docker", PASSWORD) == Found("shared", "keyring")
    own = {**shared, entry(loaded.project.name, "docker", "password"): "own"}
    assert Vault(loaded, Drawer(own)).stored("docker", PASSWORD) == Found("own", "keyring")


@pytest.mark.parametrize("environ", [{"CI": "true"}, {"DEPLOYFORGE_KEYRING": "off"}])
def test_a_keyring_that_is_not_wanted_is_not_asked(tmp_path: Path, environ: dict[str, str]) -> None:
    drawer = Drawer()
    assert Vault(load_text(tmp_path, "", environ=environ), drawer).stored("docker", PASSWORD) is None
    assert drawer.asked == 0


def test_a_locked_keyring_is_a_warning_and_is_not_asked_again(tmp_path: Path) -> None:
    drawer, heard = Drawer(locked=True), list[str]()
    vault = Vault(load_text(tmp_path, "", environ={}), drawer, heard.append)
    assert vault.stored("docker", PASSWORD) is None
    assert vault.stored("docker", Credential("username", (), help="")) is None
    assert heard == ["the system keyring is locked; unlock it"]
    assert drawer.asked == 1


def test_optional_credentials_are_only_sought_if_login_put_them_there(tmp_path: Path) -> None:
    extra = Credential("extra", ("EXTRA",), help="", required=False)
    asked: list[str] = []

    def find(credential: Credential, piece: str) -> Found:
        asked.append(credential.name)
        return Found("kept", "keyring")

    assert Secrets("docker", {}, [extra], find=find).get("extra") is None
    assert asked == []
    assert Secrets("docker", {}, [extra], find=find, sought=["extra"]).get("extra") == "kept"
    assert Secrets("docker", {}, [extra], find=find).require("extra") == "kept"


def test_a_refused_credential_of_the_keyring_is_renewed_by_login() -> None:
    secrets = Secrets("docker", {}, [PASSWORD], find=lambda *_: Found("kept", "keyring"))
    secrets.require("password")
    assert secrets.renewal("password") == "keep a new one with `deployforge login docker`: make one"


def test_the_token_of_private_releases_may_be_in_the_keyring(tmp_path: Path) -> None:
    (tmp_path / "deployforge.yml").write_text(
        "name: hello\nversion: 1.0.0\ndescription: A program\nplatforms: {github: {repo: o/hello}}\n", "utf-8"
    )
    context = RunContext(load(tmp_path / "deployforge.yml", environ={}))
    context.vault = Vault(context.loaded, Drawer({entry("hello", "github", "token"): "kept"}))
    assert "GITHUB_TOKEN" not in _with_kept_token(context)
    Remembered(tmp_path, "").stored("github", "token", there=True)
    assert _with_kept_token(context)["GITHUB_TOKEN"] == "kept"


# --- two variables


def warnings(loaded: Loaded) -> list[str]:
    return [p.message for p in loaded.warnings if p.path.startswith("credentials")]


def test_two_variables_with_different_values_are_a_warning_that_says_which_is_used(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, ENABLED, environ={"DOCKER_PASSWORD": "one-value"})
    assert warnings(loaded) == []
    usual = {"DOCKER_PASSWORD": "one-value", "DOCKERHUB_TOKEN": "other-value"}
    loaded = load_text(tmp_path, ENABLED, environ=usual)
    (problem,) = [p for p in loaded.warnings if p.path.startswith("credentials")]
    assert problem.level is Level.WARNING
    assert problem.message == "DOCKER_PASSWORD and DOCKERHUB_TOKEN have different values; DOCKER_PASSWORD is used"
    assert "value" not in problem.message.replace("values", "")


def test_two_variables_with_the_same_value_are_fine(tmp_path: Path) -> None:
    assert warnings(load_text(tmp_path, ENABLED, environ={"DOCKER_PASSWORD": "x", "DOCKERHUB_TOKEN": "x"})) == []


def test_naming_the_variable_ends_the_warning(tmp_path: Path) -> None:
    text = ENABLED + "credentials: {docker: {password: DOCKER_PASSWORD}}\n"
    assert warnings(load_text(tmp_path, text, environ={"DOCKER_PASSWORD": "x", "DOCKERHUB_TOKEN": "y"})) == []
