"""Completion, asked by real shells: commands, platforms, versions, tasks and topics."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import click
import pytest

from deployforge_tasks.access.records import Records
from deployforge_tasks.access.sessions import Place
from deployforge_tasks.cli import completing
from deployforge_tasks.cli.options import Argument
from deployforge_tasks.cli.root import root
from tests.cli.conftest import Cli
from tests.cli.place import posix

Project = Callable[..., None]
Complete = Callable[[str], list[str]]

_BASH = """
source <(deployforge completion bash)
COMP_WORDS=({words}); COMP_CWORD={last}
_deployforge_completion deployforge
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
_FISH = "source (deployforge completion fish | psub); complete -C '{line}'"
#: What a user has in ~/.zshrc, and a key that shows what then stands on the line.
_ZSHRC = """
PS1='ready> '
autoload -U compinit && compinit -u -D
eval "$(deployforge completion zsh)"
show-line() { zle -I; print -r -- "[$BUFFER]" }
zle -N show-line && bindkey '^T' show-line
"""
_TAB, _SHOW = "\t", "\x14"


def _environment(name: str, folder: Path) -> dict[str, str]:
    if shutil.which(name) is None:
        pytest.skip(f"{name} is not on this machine")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "HOME": str(folder), "TERM": "dumb"}


def _shell(name: str, script: str, folder: Path) -> list[str]:
    environ = _environment(name, folder)
    done = subprocess.run(
        [name, "-c", script], cwd=folder, env=environ, capture_output=True, text=True, timeout=60, check=True
    )
    return [line.split("\t")[0] for line in done.stdout.splitlines()]


def _zsh(line: str, folder: Path) -> list[str]:
    """What Tab makes of the line at a real terminal: the completed word, or the words that are listed below it."""
    from tests.cli.terminals import Screen

    home = folder.parent / "home"
    home.mkdir(exist_ok=True)
    (home / ".zshrc").write_text(_ZSHRC)
    environ = {**_environment("zsh", folder), "ZDOTDIR": str(home)}
    with Screen(["zsh", "-d", "-i"], folder, environ) as screen:
        screen.waits_for("ready>")
        screen.presses(f"{line}{_TAB}{_SHOW}")
        lines = screen.waits_for(r"(?m)^\[.*\]$").splitlines()
    completed = next(shown for shown in lines if shown.startswith("["))[1:-1].rstrip()
    if completed != line.rstrip():
        return [completed.rpartition(" ")[2]]
    listed = [below.partition(" -- ")[0].split() for below in lines if not below.startswith(("ready>", "["))]
    return [word for words in listed for word in words]


@pytest.fixture(params=["bash", "fish", pytest.param("zsh", marks=posix)])
def complete(request: pytest.FixtureRequest, cli: Cli) -> Complete:
    """What a shell offers for the last word of a command line."""

    def asked(line: str) -> list[str]:
        if request.param == "fish":
            return _shell("fish", _FISH.format(line=line), cli.folder)
        if request.param == "zsh":
            return _zsh(line, cli.folder)
        words = line.split(" ")
        return _shell("bash", _BASH.format(words=" ".join(f"'{w}'" for w in words), last=len(words) - 1), cli.folder)

    return asked


def _offered(cli: Cli, monkeypatch: pytest.MonkeyPatch, line: str) -> list[str]:
    """What the program answers a shell that asks for the last word of a command line."""
    monkeypatch.setenv("_DEPLOYFORGE_COMPLETE", "fish_complete")
    monkeypatch.setenv("COMP_WORDS", f"deployforge {line}")
    monkeypatch.setenv("COMP_CWORD", line.rpartition(" ")[2])
    return [answer.removeprefix("plain,") for answer in cli().out.splitlines()]


@pytest.fixture
def configured(project: Project) -> None:
    project({"npm": {}, "pypi": {}, "brew": {}})


def test_commands_complete(complete: Complete) -> None:
    assert "deploy" in complete("deployforge dep")


def test_options_complete(complete: Complete) -> None:
    assert "--dry-run" in complete("deployforge deploy --dr")


@pytest.mark.usefixtures("configured")
def test_platforms_of_the_project_complete(complete: Complete) -> None:
    assert complete("deployforge deploy --platforms n") == ["npm"]


@pytest.mark.usefixtures("configured")
def test_the_last_of_several_platforms_completes_and_none_comes_twice(complete: Complete) -> None:
    assert sorted(complete("deployforge status --except npm,")) == ["npm,brew", "npm,pypi"]


@pytest.mark.parametrize("words", ["stats", "insights", "report", "notify send new_downloads x"])
def test_places_that_are_counted_complete_where_they_can_be_named(
    cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    project({"npm": {}})
    with (cli.folder / "deployforge.yml").open("a", encoding="utf-8") as file:
        file.write("analytics: {places: {flathub: {app: com.example.Hello}, rubygems: null}}\n")
    offered = partial(_offered, cli, monkeypatch)
    assert offered(f"{words} --platforms ") == ["npm", "flathub"]
    assert offered(f"{words} --except npm,f") == ["npm,flathub"]
    assert offered("deploy --platforms ") == ["npm"]


@pytest.mark.usefixtures("configured")
def test_tags_of_the_checkout_complete_as_versions(complete: Complete, cli: Cli) -> None:
    identity = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    for command in (["init", "-q"], [*identity, "commit", "-q", "--allow-empty", "-m", "x"], ["tag", "v1.0.42"]):
        subprocess.run(["git", *command], cwd=cli.folder, check=True)
    assert complete("deployforge status v1.0") == ["v1.0.42"]


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("status 1", "1.0.0"),
        ("deploy 1", "1.0.0"),
        ("rollback 1", "1.0.0"),
        ("rollback --from 1", "1.0.0"),
        ("verify 1", "1.0.0"),
        ("diff 1.0.0 1", "1.0.0"),
        ("logs pub", "publish:npm"),
        ("logs np", "npm"),
    ],
)
def test_what_the_ledger_knows_completes(
    cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch, line: str, offered: str
) -> None:
    project({"npm": {}})
    assert cli("deploy", "--yes").code == 0
    assert offered in _offered(cli, monkeypatch, line)


def test_who_has_access_to_the_dashboard_completes(cli: Cli, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project({"npm": {}})
    assert cli("dashboard", "token", "new", "ci").code == 0
    with closing(Records.open(f"sqlite:///{cli.folder / '.deployforge' / 'ledger.db'}")) as records:
        records.sessions.begin(Place("hello-forge", "", "token"), "ann", role="viewer")
        (one,) = records.sessions.all("hello-forge")
    offered = partial(_offered, cli, monkeypatch)
    assert offered("dashboard token revoke ") == ["ci"]
    assert offered("dashboard session end ") == [one.id]
    assert offered("dashboard session end --person ") == ["ann"]


@pytest.mark.usefixtures("configured")
def test_profiles_complete(complete: Complete) -> None:
    assert complete("deployforge status --profile reh") == ["rehearsal"]


def test_channels_events_stages_and_release_tools_complete(complete: Complete, cli: Cli) -> None:
    (cli.folder / "deployforge.yml").write_text(
        "{schema: 1, name: hello, description: Says hello, license: MIT, homepage: https://hello.example,\n"
        "author: {name: H, email: h@example.com}, artifacts: {from: directory},\n"
        "platforms: {scoop: {bucket: h/b}}, monitoring: {error_notifications: [slack]}}\n"
    )
    assert complete("deployforge notify test sl") == ["slack"]
    assert complete("deployforge notify send dr") == ["drift"]
    assert complete("deployforge deploy --from-stage pre") == ["preflight"]
    assert complete("deployforge init --from gor") == ["goreleaser"]


def _commands(command: click.Command, context: click.Context) -> Iterator[click.Command]:
    yield command
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from _commands(found, context)


#: Arguments that are for the user to make up.
_FREE = {"text", "platform_name", "new_name"}


def test_every_argument_completes_unless_it_is_free_text() -> None:
    context = click.Context(root)
    arguments = [p for c in _commands(root, context) for p in c.params if isinstance(p, click.Argument)]
    wanting = [a.name for a in arguments if a.name not in _FREE and not isinstance(a.type, click.Choice)]
    assert arguments
    assert all(isinstance(argument, Argument) for argument in arguments)
    assert set(wanting) <= set(completing._TABLE)


def test_ids_of_errors_and_topics_complete(complete: Complete) -> None:
    assert complete("deployforge help DF410") == ["DF4100"]
    assert complete("deployforge help pres") == ["presence"]


def test_a_broken_configuration_completes_to_nothing(complete: Complete, cli: Cli) -> None:
    (cli.folder / "deployforge.yml").write_text("platforms: [")
    assert not any(complete("deployforge status 1"))


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_the_script_is_one_that_the_shell_can_read(cli: Cli, shell: str) -> None:
    script = cli("completion", shell).out
    (cli.folder / "script").write_text(script)
    assert _shell(shell, "autoload -U compinit 2>/dev/null && compinit -u; . ./script && echo fine", cli.folder) == [
        "fine"
    ]


def test_powershell_asks_with_the_word_that_is_being_typed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Register-ArgumentCompleter -Native -CommandName deployforge" in cli("completion", "powershell").out
    monkeypatch.setenv("_DEPLOYFORGE_COMPLETE", "powershell_complete")
    monkeypatch.setenv("COMP_WORDS", "deployforge rol")
    monkeypatch.setenv("COMP_WORD", "rol")
    assert cli().out.split() == ["rollback"]
