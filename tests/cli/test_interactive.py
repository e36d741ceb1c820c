"""`deploy --interactive` at a real terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable

import pytest

from deployforge_tasks.cli.interactive import choose
from deployforge_tasks.cli.invocation import Invocation
from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.core.presence import Action, Decision
from deployforge_tasks.operations.deploy import DeployResult, PlatformResult
from deployforge_tasks.operations.preview import Preview
from tests.cli.conftest import Cli
from tests.cli.shop import Shop, write_shop
from tests.support.faults import status

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on systems without pseudo terminals")

QUESTION = r"\[p\]ublish  \[s\]kip  \[a\]ll from here  \[d\]iff  \[q\]uit:"


def test_each_platform_is_asked_for_and_what_is_final_is_marked(
    shop: Shop,
    screen: Callable[[str, str], None],
) -> None:
    terminal = shop.looks("deploy", "--interactive", "--platforms", "east,west")
    terminal.waits_for(r"→ east +publish, not there  ! cannot be undone\n +" + QUESTION)
    terminal.presses("p\r")
    terminal.waits_for(r"→ west[^\n]*\n +" + QUESTION)
    terminal.presses("s\r")
    assert terminal.ends() == 0
    assert shop.server.accepted == ["east-0"]
    screen("interactive", terminal.text)


def test_all_from_here(shop: Shop) -> None:
    terminal = shop.looks("deploy", "--interactive")
    terminal.waits_for(QUESTION)
    terminal.presses("a\r")
    assert terminal.ends() == 0
    assert sorted(shop.server.accepted) == ["east-0", "north-0", "west-0"]


def test_what_needs_a_skipped_platform_is_skipped_too(shop: Shop) -> None:
    terminal = shop.looks("deploy", "--interactive", "--except", "west")
    terminal.waits_for("→ east[^\n]*\n +" + QUESTION)
    terminal.presses("s\r")
    terminal.waits_for("north is skipped: it needs east")
    assert terminal.ends() == 130
    assert shop.server.accepted == []


def test_what_cannot_be_packaged_is_not_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    publish = Decision(Action.PUBLISH, "not there")
    east = PlatformResult("east", "East", "planned", plan=publish)
    north = PlatformResult("north", "North", "planned", plan=publish, needs=("east",))
    plan = DeployResult("hello", "1.0.0", "", {"east": east, "north": north}, 0, "planned", 0.1)
    blocked = {"east": ArtifactError("no release file", hint="build it")}
    assert choose(Invocation(), plan, Preview(None, blocked, {}, None)) == []
    err = capsys.readouterr().err
    assert "east is skipped: no release file" in err
    assert "north is skipped: it needs east" in err


def test_the_diff_is_shown_when_it_is_asked_for(shop: Shop) -> None:
    terminal = shop.looks("deploy", "--interactive", "--platforms", "west")
    terminal.waits_for(QUESTION)
    terminal.presses("d\r")
    terminal.waits_for(r'\+  version "1.0.0"')
    terminal.presses("q\r")
    assert terminal.ends() == 130


@pytest.mark.parametrize("keys", ["q\r", "\x03"], ids=["quit", "ctrl-c"])
def test_quitting_publishes_nothing_of_what_was_chosen(shop: Shop, keys: str) -> None:
    terminal = shop.looks("deploy", "--interactive")
    terminal.waits_for("→ east[^\n]*\n +" + QUESTION)
    terminal.presses("p\r")
    terminal.waits_for("→ west[^\n]*\n +" + QUESTION)
    terminal.presses(keys)
    assert terminal.ends() == 130
    assert shop.server.accepted == []


def test_a_failure_is_tried_again_with_what_it_blocked(shop: Shop) -> None:
    shop.proxy.when("PUT", "/east/", do=status(403))
    terminal = shop.looks("deploy", "--interactive")
    terminal.waits_for(QUESTION)
    terminal.presses("a\r")
    terminal.waits_for(r"✗ east [^✗]*\[r\]etry  \[s\]kip  \[a\]bort:")
    assert shop.server.accepted == ["west-0"]
    terminal.presses("r\r")
    assert terminal.ends() == 0
    assert "3 published" in terminal.text
    assert sorted(shop.server.accepted) == ["east-0", "north-0", "west-0"]


def test_a_failure_that_is_skipped_stays_a_failure(shop: Shop) -> None:
    shop.proxy.when("PUT", "/east/", do=status(400), times=None)
    terminal = shop.looks("deploy", "--interactive")
    terminal.waits_for(QUESTION)
    terminal.presses("a\r")
    terminal.waits_for(r"\[r\]etry")
    terminal.presses("s\r")
    assert terminal.ends() not in (0, 130)
    assert "1 failed" in terminal.text
    assert "1 blocked" in terminal.text


def test_ctrl_c_after_a_failure_still_tells_what_was_published(shop: Shop) -> None:
    shop.proxy.when("PUT", "/east/", do=status(400), times=None)
    terminal = shop.looks("deploy", "--interactive")
    terminal.waits_for(QUESTION)
    terminal.presses("a\r")
    terminal.waits_for(r"\[r\]etry")
    terminal.presses("\x03")
    assert terminal.ends() not in (0, 130)
    assert "1 published" in terminal.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "needs a terminal and somebody to ask"),
        (("--json",), "--json has no place for them"),
    ],
)
def test_it_needs_a_terminal(cli: Cli, words: tuple[str, ...], said: str) -> None:
    write_shop(cli.folder, "http://127.0.0.1:9", {})
    done = cli("deploy", "--interactive", *words)
    assert done.code == 2
    assert said in done.err + done.out


@pytest.mark.parametrize("other", ["--watch", "--dry-run"])
def test_it_goes_with_no_other_way_to_look(shop: Shop, other: str) -> None:
    terminal = shop.looks("deploy", "--interactive", other)
    assert terminal.ends() == 2
    assert "--interactive goes with neither" in terminal.text
