"""SIGKILL before, during and right after a push to the AUR over a real sshd, then a plain new run.

What is held is on the server's side: its command before git speaks, and git's own hooks before and after the branch
moves. What `deployforge` started (git, ssh) may end with it, as when the machine loses its power, or go on alone.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from deployforge_tasks.rehearsal.real_servers.aur import AurOverSsh
from deployforge_tasks.rehearsal.registries import stand_ins
from deployforge_tasks.rehearsal.stand_ins.git import AUR_RULES
from tests.support import sshd
from tests.support.canaries import found_below
from tests.support.gate import Gate, gate
from tests.support.worlds import World, world

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGKILL"),
    pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine"),
]


@dataclass
class Server:
    """The project's world, and the gates on its sshd; `before` is where each connection that may write begins."""

    world: World
    before: Gate
    during: Gate
    after: Gate


@contextmanager
def server(folder: Path, *, before: int = 0, during: int = 0, after: int = 0) -> Iterator[Server]:
    """A world whose AUR is a real sshd; the numbers say which visitor each gate holds."""
    with ExitStack() as stack:
        made = stack.enter_context(world("aur", folder / "world", {**stand_ins(), "aur": AurOverSsh}))
        numbers = {"before": before, "during": during, "after": after}
        gates = {name: stack.enter_context(gate(folder / name, nth)) for name, nth in numbers.items()}
        set_up(made.registry.root, **gates)
        temporary = folder / "temporary"
        temporary.mkdir()
        made.environ["TMPDIR"] = str(temporary)
        yield Server(made, **gates)


def set_up(root: Path, before: Gate, during: Gate, after: Gate) -> None:
    """Put the gates into sshd's command and into the hooks of the package's repository."""
    (root / "serve.sh").rename(root / "served.sh")
    asked = f'case "$SSH_ORIGINAL_COMMAND" in git-receive-pack*) {before.lines} ;; esac'
    script(root / "serve.sh", asked, f'exec "{root}/served.sh"')
    hooks = root / "hooks"
    hooks.mkdir()
    script(hooks / "pre-receive", during.lines, f'exec sh "{AUR_RULES}"')
    script(hooks / "post-receive", after.lines)
    served = root / "served.sh"
    made = 'git init -q --bare -b master "$repository"'
    text = served.read_text("utf-8")
    assert made in text
    served.write_text(text.replace(made, f'{made}; git -C "$repository" config core.hooksPath "{hooks}"'), "utf-8")


def script(path: Path, *lines: str) -> None:
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]), "utf-8")
    path.chmod(0o755)


def kill(made: World, held: Gate, *, alone: bool, goes_on: bool) -> None:
    """Deploy until the gate holds the server, and kill; returns when nothing of it runs any more, here or there."""
    process = made.start_deploy()
    assert held.wait(), process.communicate(timeout=10)
    children = psutil.Process(process.pid).children(recursive=True)
    assert "ssh" in {child.name() for child in children}
    process.kill()
    for child in [] if alone else children:
        child.kill()
    if goes_on:
        held.let_go_on()
    else:
        held.send_away()
    process.communicate()
    ended(children)
    ended([p for p in psutil.process_iter() if str(made.registry.root / "aur") in " ".join(command(p))])


def command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def ended(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=30)
    assert not alive


def converges(server: Server) -> None:
    """A plain new run pushes only what is missing: one publication, a right ledger, and no key on the disk."""
    made = server.world
    missing, pushed = not made.publications(), server.during.visits
    done = made.deploy()
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = made.publications()
    assert (found.name, found.version, found.extra["commits"]) == ("hello-forge-bin", "1.0.0", "1")
    assert server.during.visits == pushed + missing
    assert made.rows("select piece from intents where outcome is null") == []
    settled = "select piece from intents where platform = 'aur' and outcome in ('received', 'published')"
    assert len(made.rows(settled)) == 1
    key = sshd.middle_of(made.registry.secrets()["aur"]["ssh_key"])
    assert found_below([made.folder, Path(made.environ["TMPDIR"])], [key]) == []


alone = pytest.mark.parametrize("alone", [True, False], ids=["its git goes on", "its git is killed too"])


@pytest.fixture(scope="module")
def connections(tmp_path_factory: pytest.TempPathFactory) -> int:
    """In how many connections that may write a release is made; the push is the last (the others only ask)."""
    with server(tmp_path_factory.mktemp("clean")) as clean:
        converges(clean)
        return clean.before.visits


@alone
def test_a_deploy_killed_before_the_server_hears_of_the_push(connections: int, tmp_path: Path, *, alone: bool) -> None:
    with server(tmp_path, before=connections) as held:
        kill(held.world, held.before, alone=alone, goes_on=True)
        assert len(held.world.publications()) == (1 if alone else 0)
        converges(held)


@alone
@pytest.mark.parametrize("goes_on", [True, False], ids=["the server takes it", "the server drops it"])
def test_a_deploy_killed_when_the_server_has_the_commit_and_no_branch_has_it(
    tmp_path: Path, *, alone: bool, goes_on: bool
) -> None:
    with server(tmp_path, during=1) as held:
        kill(held.world, held.during, alone=alone, goes_on=goes_on)
        assert len(held.world.publications()) == (1 if goes_on else 0)
        converges(held)


@alone
def test_a_deploy_killed_when_the_commit_is_published(tmp_path: Path, *, alone: bool) -> None:
    with server(tmp_path, after=1) as held:
        kill(held.world, held.after, alone=alone, goes_on=True)
        assert len(held.world.publications()) == 1
        converges(held)
