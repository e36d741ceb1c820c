"""No credential is ever found where somebody could read it: the registries' own tokens are the canaries.

The real command runs in a process of its own; what it prints, what it leaves on the disk and the argument lists of
everything it starts are searched for each credential, as text and encoded.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from deployforge_tasks.platforms.registry import platforms
from tests.support import sshd
from tests.support.canaries import Arguments, found_below, found_in
from tests.support.faults import echoing
from tests.support.worlds import World, world

NAMES = sorted(platforms())
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")


@pytest.fixture(params=NAMES)
def made(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    with world(request.param, tmp_path) as made:
        made.environ["TMPDIR"] = str(tmp_path / "temporary")
        (tmp_path / "temporary").mkdir()
        yield made


def canaries(made: World) -> list[str]:
    """The values of all credentials of the platform and its hubs that are secret, and what is packed inside of them."""
    names = (made.platform, *platforms()[made.platform].needs)
    secret = {(n, c.name) for n in names for c in platforms()[n].credentials if c.secret}
    registries = made.registries.running.values()
    values = [v for r in registries for n, all_ in r.secrets().items() for c, v in all_.items() if (n, c) in secret]
    assert values
    return values + [part for value in values for part in _inside(value)]


def _inside(value: str) -> list[str]:
    """The macaroons in the snap store's credentials."""
    try:
        packed = json.loads(base64.b64decode(value))["v"]
    except (ValueError, TypeError, KeyError):
        return []
    return list(packed.values())


def watched(made: World, command: list[str]) -> tuple[int, str, Arguments]:
    """Run a command in the project; its exit code, all it printed, and the arguments that were seen."""
    process = subprocess.Popen(
        command, cwd=made.folder, env=made.environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        with Arguments(process.pid) as arguments:
            out, _ = process.communicate(timeout=180)
    finally:
        process.kill()
    return process.returncode, out, arguments


def deployed(made: World, *words: str) -> tuple[int, str, Arguments]:
    command = ["deploy", "--platforms", made.platform, "--yes", *words]
    return watched(made, [sys.executable, "-m", "deployforge_tasks", *command])


def assert_unseen(made: World, out: str, arguments: Arguments, secrets: list[str]) -> None:
    assert found_in(out.encode(), secrets) == []
    assert found_in(b"\n".join(arguments.seen), secrets) == []
    assert found_below([made.folder, made.folder.parent / "temporary"], secrets) == []


def change(made: World, change: Callable[[dict[str, Any]], None]) -> None:
    """Change the project's configuration."""
    file = made.folder / "deployforge.yml"
    config = yaml.safe_load(file.read_text("utf-8"))
    change(config)
    file.write_text(yaml.safe_dump(config), "utf-8")


def test_a_release_that_goes_well_shows_no_credential(made: World) -> None:
    change(made, lambda config: config.update(verify={"install": True}))
    code, out, arguments = deployed(made, "-vv")
    assert code == 0, out
    assert "python" in " ".join(arguments.programs)
    assert "git" in arguments.programs or made.platform not in ("aur", "homebrew", "scoop")
    assert_unseen(made, out, arguments, canaries(made))


def test_an_answer_that_repeats_the_credentials_is_masked(made: World) -> None:
    rule = made.proxy.when(do=echoing(), times=None)
    code, out, arguments = deployed(made, "-vv", "--json=stream")
    assert code != 0, out
    assert rule.met
    assert_unseen(made, out, arguments, canaries(made))


def test_a_credential_of_the_wrong_form_is_not_shown_either(made: World) -> None:
    secrets = []
    for number, name in enumerate(n for n in made.environ if n.startswith("DEPLOYFORGE_REHEARSAL_")):
        if not name.endswith("_USERNAME"):
            secrets.append(f"canary {number}/7d1c+\N{LATIN SMALL LETTER E WITH ACUTE}%&=never-to-be-seen")
            made.environ[name] = secrets[-1]
    _, out, arguments = deployed(made, "-vv")
    assert_unseen(made, out, arguments, secrets)


def test_a_crash_report_holds_no_credential(made: World) -> None:
    made.environ["CANARIES"] = " ".join(n for n in made.environ if n.startswith("DEPLOYFORGE_REHEARSAL_"))
    made.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    command = ["deploy", "--platforms", made.platform, "--yes", "-vv"]
    code, out, arguments = watched(made, [sys.executable, "-m", "tests.security.crashing", *command])
    reports = list((made.folder / ".deployforge").glob("crash-*.txt"))
    assert code == 70, out
    assert "cannot go on with" in reports[0].read_text("utf-8")
    assert_unseen(made, out, arguments, canaries(made))


@pytest.mark.skipif(not sshd.available(), reason="sshd is not on this machine")
@pytest.mark.parametrize("right", [True, False], ids=["accepted", "refused"])
def test_an_ssh_key_is_shown_nowhere_and_left_nowhere(tmp_path: Path, *, right: bool) -> None:
    with world("aur", tmp_path) as made, sshd.git_over_ssh(tmp_path / "ssh") as server:
        key = server.private_key if right else (tmp_path / "ssh" / "host").read_text("utf-8")
        variable = next(n for n in made.environ if n.startswith("DEPLOYFORGE_REHEARSAL_AUR_"))
        made.environ |= {variable: key, "TMPDIR": str(tmp_path / "temporary")}
        (tmp_path / "temporary").mkdir()
        change(made, lambda config: config["platforms"]["aur"].update(server=server.url, host_key=server.host_key))
        change(made, lambda config: config["credentials"].update(aur={"ssh_key": variable}))

        code, out, arguments = deployed(made, "-vv")

        assert (code == 0) is right, out
        assert "ssh" in arguments.programs
        assert_unseen(made, out, arguments, ["\n".join(key.splitlines()[1:-1])])
