"""What `deployforge login` looks like to a person at a real terminal."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from deployforge_tasks.rehearsal.stand_ins.npm import TOKEN
from tests.cli.place import WRONG, Place, posix, without_dates

pytestmark = posix

Screen = Callable[[str, str], None]
#: With the space that follows when the terminal shows no more of what is typed.
TOKEN_ASKED, PLACE_ASKED = "token, not shown.*: ", r"keep it in .*: "


def test_a_token_is_pasted_and_kept_in_an_env_file(place: Place, screen: Screen) -> None:
    with place.terminal("login", "npm") as terminal:
        terminal.expect(TOKEN_ASKED)
        terminal.sendline(TOKEN)
        terminal.expect(PLACE_ASKED)
        terminal.sendline("env-file")
    assert terminal.exitstatus == 0
    screen("login-env-file", without_dates(place.seen()))
    place.assert_unseen(TOKEN, but=place.folder / ".env")


def test_a_refused_token_is_followed_by_another_one(place: Place, screen: Screen) -> None:
    with place.terminal("login", "npm", "--store", "env-file") as terminal:
        terminal.expect(TOKEN_ASKED)
        terminal.sendline(WRONG)
        terminal.expect(r"try another one\? .*: ")
        terminal.sendline("y")
        terminal.expect(TOKEN_ASKED)
        terminal.sendline(TOKEN)
    assert terminal.exitstatus == 0
    screen("login-refused", without_dates(place.seen()))
    assert "hint: enter a new one; the refused one is what you entered here" in " ".join(place.seen().split())
    place.assert_unseen(WRONG, TOKEN, but=place.folder / ".env")


def test_the_secret_for_ci_is_told_and_nothing_is_kept(place: Place, screen: Screen) -> None:
    with place.terminal("login", "npm") as terminal:
        terminal.expect(TOKEN_ASKED)
        terminal.sendline(TOKEN)
        terminal.expect(PLACE_ASKED)
        terminal.sendline("print")
    assert terminal.exitstatus == 0
    screen("login-print", without_dates(place.seen()))
    place.assert_unseen(TOKEN)


@pytest.mark.parametrize(
    ("answers", "name"),
    [([], "login-stopped"), ([(TOKEN, PLACE_ASKED)], "login-stopped-later")],
    ids=["at the first question", "with a token that was tried"],
)
def test_ctrl_c_ends_the_dialogue_and_keeps_nothing(
    place: Place, screen: Screen, answers: list[tuple[str, str]], name: str
) -> None:
    with place.terminal("login", "npm") as terminal:
        terminal.expect(TOKEN_ASKED)
        for answer, next_question in answers:
            terminal.sendline(answer)
            terminal.expect(next_question)
        terminal.sendintr()
    assert terminal.exitstatus == 130
    screen(name, without_dates(place.seen()))
    place.assert_unseen(TOKEN)
