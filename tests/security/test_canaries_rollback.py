"""No credential is ever found where somebody could read it: `deployforge rollback` (see `test_canaries`)."""

from __future__ import annotations

import sys

import pytest

from deployforge_tasks.platforms.registry import platforms
from tests.security.watching import assert_unseen, canaries, give_key, watched
from tests.support.canaries import Arguments
from tests.support.faults import echoing
from tests.support.worlds import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")
INCOMPLETE = 8


def two_versions(made: World) -> None:
    """Publish a version, and the next one."""
    first = made.deploy()
    made.go_on_to("1.1.0")
    second = made.deploy()
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr


def taken_back(made: World, *words: str) -> tuple[int, str, Arguments]:
    command = ["rollback", "v1.0.0", "--platforms", made.platform, "--yes", "-vv", *words]
    return watched(made.folder, made.environ, "deployforge_tasks", *command)


def reversible(made: World) -> bool:
    return platforms()[made.platform].traits.reversible


def test_a_rollback_shows_no_credential_when_refused_nor_when_done(made: World) -> None:
    two_versions(made)
    rule = made.proxy.when(do=echoing(), times=None)
    code, out, arguments = taken_back(made, "--json=stream")
    assert rule.met or not reversible(made)
    assert code == INCOMPLETE, out
    assert_unseen(made.folder, out, arguments, canaries(made))

    made.proxy.clear()
    code, out, arguments = taken_back(made)
    assert code in (0, INCOMPLETE), out
    assert ("done " if reversible(made) else "by hand") in out
    assert_unseen(made.folder, out, arguments, canaries(made))


@pytest.mark.parametrize("right", [True, False], ids=["accepted", "refused"])
def test_an_ssh_key_is_shown_nowhere_and_left_nowhere(over_ssh: World, *, right: bool) -> None:
    two_versions(over_ssh)
    secrets = give_key(over_ssh, right=right)
    _, out, arguments = taken_back(over_ssh)
    assert ("offers 1.0.0 again" in out) is right, out
    assert "ssh" in arguments.programs
    assert_unseen(over_ssh.folder, out, arguments, secrets)
