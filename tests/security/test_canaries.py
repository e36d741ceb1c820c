"""No credential is ever found where somebody could read it: the registries' own tokens are the canaries.

The real command runs in a process of its own; what it prints, what it leaves on the disk and the argument lists of
everything it starts are searched for each credential, as text and encoded. Here it is `deployforge deploy`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.security.watching import assert_unseen, canaries, give_key, watched
from tests.support.canaries import Arguments
from tests.support.faults import echoing
from tests.support.worlds import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")


def deployed(made: World, *words: str) -> tuple[int, str, Arguments]:
    command = ["deploy", "--platforms", made.platform, "--yes", *words]
    return watched(made.folder, made.environ, "deployforge_tasks", *command)


def test_a_release_that_goes_well_shows_no_credential(made: World) -> None:
    made.change(lambda config: config.update(verify={"install": True}))
    code, out, arguments = deployed(made, "-vv")
    assert code == 0, out
    assert "python" in " ".join(arguments.programs)
    assert "git" in arguments.programs or made.platform not in ("aur", "homebrew", "scoop")
    assert_unseen(made.folder, out, arguments, canaries(made))


def test_an_answer_that_repeats_the_credentials_is_masked(made: World) -> None:
    rule = made.proxy.when(do=echoing(), times=None)
    code, out, arguments = deployed(made, "-vv", "--json=stream")
    assert code != 0, out
    assert rule.met
    assert_unseen(made.folder, out, arguments, canaries(made))


def test_a_credential_of_the_wrong_form_is_not_shown_either(made: World) -> None:
    secrets = []
    for number, name in enumerate(n for n in made.environ if n.startswith("DEPLOYFORGE_REHEARSAL_")):
        if not name.endswith("_USERNAME"):
            secrets.append(f"canary {number}/7d1c+\N{LATIN SMALL LETTER E WITH ACUTE}%&=never-to-be-seen")
            made.environ[name] = secrets[-1]
    _, out, arguments = deployed(made, "-vv")
    assert_unseen(made.folder, out, arguments, secrets)


def test_a_crash_report_holds_no_credential(made: World) -> None:
    made.environ["CANARIES"] = " ".join(n for n in made.environ if n.startswith("DEPLOYFORGE_REHEARSAL_"))
    made.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = ["deploy", "--platforms", made.platform, "--yes", "-vv"]
    code, out, arguments = watched(made.folder, made.environ, "tests.security.crashing", *command)
    reports = list((made.folder / ".deployforge").glob("crash-*.txt"))
    assert code == 70, out
    assert "cannot go on with" in reports[0].read_text("utf-8")
    assert_unseen(made.folder, out, arguments, canaries(made))


@pytest.mark.parametrize("right", [True, False], ids=["accepted", "refused"])
def test_an_ssh_key_is_shown_nowhere_and_left_nowhere(over_ssh: World, *, right: bool) -> None:
    secrets = give_key(over_ssh, right=right)
    code, out, arguments = deployed(over_ssh, "-vv")
    assert (code == 0) is right, out
    assert "ssh" in arguments.programs
    assert_unseen(over_ssh.folder, out, arguments, secrets)
