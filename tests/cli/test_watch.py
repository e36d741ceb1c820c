"""`deploy --watch` at a real terminal: a run in a process of its own, looked at from here."""

from __future__ import annotations

import json
import os
import re
import signal
import sys

import psutil
import pytest

from tests.cli.shop import Shop

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="not on systems without pseudo terminals")


def test_from_the_start_to_the_end(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    board = terminal.waits_for("west .*published, verified")
    assert "run 1" in board
    assert "north" in board
    terminal.waits_for("north .*waits for east")
    terminal.waits_for("q detach")
    held.release()
    assert terminal.ends() == 0
    assert "3 published" in terminal.text
    assert "q detach" not in terminal.text  # the board has made room for the summary
    assert shop.newest()["outcome"] == "ok"


def test_l_shows_and_hides_the_log(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    terminal.waits_for("east +publish")
    terminal.presses("l")
    terminal.waits_for(r"\d\d:\d\d:\d\d east +publish +started")
    terminal.presses("l")
    terminal._until(lambda: "started" not in terminal.text, "the log is not hidden", 60)
    held.release()
    assert terminal.ends() == 0


def test_q_detaches_and_the_run_goes_on_to_its_end(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    terminal.waits_for("q detach")
    terminal.presses("q")
    assert terminal.ends() == 0
    assert "run 1 goes on; `deployforge logs 1 -f` follows it" in terminal.text
    assert shop.newest()["state"] == "running"

    again = shop.looks("logs", "-f")
    again.waits_for("east +publish +started")
    held.release()
    again.waits_for("run 1 ended: ok, exit code 0")
    assert again.ends() == 0
    assert sorted(shop.server.accepted) == ["east-0", "north-0", "west-0"]


def test_the_run_outlives_its_terminal(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    terminal.waits_for("q detach")
    terminal.child.close(force=True)  # the window is closed: SIGHUP, then SIGKILL
    held.release()
    done = shop.run("logs", "-f")
    assert "run 1 ended: ok" in done.stderr
    assert list((shop.folder / ".deployforge").glob("crash-*")) == []


def test_the_first_ctrl_c_lets_what_runs_finish(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    terminal.waits_for("west .*published, verified")
    terminal.presses("\x03")
    terminal.waits_for("stopping: what runs may finish")
    held.release()
    assert terminal.ends() == 130
    assert re.search(r"north +stopped", terminal.text)
    assert sorted(shop.server.accepted) == ["east-0", "west-0"]
    assert shop.newest()["outcome"] == "stopped"


def test_the_second_ctrl_c_kills(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    terminal.waits_for("q detach")
    terminal.presses("\x03")
    terminal.waits_for("stopping")
    terminal.presses("\x03")
    assert terminal.ends() == 130
    assert "run 1 was killed" in terminal.text
    assert shop.newest()["state"] == "killed"
    shop.proxy.clear()
    assert shop.run("deploy", "--yes").returncode == 0
    assert sorted(shop.server.accepted) == ["east-0", "north-0", "west-0"]


def test_a_run_that_cannot_begin_says_why(shop: Shop) -> None:
    (shop.folder / ".deployforge").mkdir()
    (shop.folder / ".deployforge" / "runs").write_text("in the way", encoding="utf-8")
    done = shop.run("deploy", "--watch", "--yes")
    assert done.returncode == 3
    assert "DF1362" in done.stderr


def test_without_a_terminal_it_is_followed_by_lines(shop: Shop) -> None:
    done = shop.run("deploy", "--watch", "--yes")
    assert done.returncode == 0, done.stderr
    assert "north" in done.stderr
    assert "publish    started" in done.stderr
    assert "3 published" in done.stdout


def test_sigterm_to_the_one_who_watches_leaves_the_run_alone(shop: Shop) -> None:
    held = shop.hold_east()
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    terminal.waits_for("q detach")
    os.kill(terminal.child.pid, signal.SIGTERM)
    assert terminal.ends() == 143
    held.release()
    assert "run 1 ended: ok" in shop.run("logs", "-f").stderr


def test_as_a_stream_of_json(shop: Shop) -> None:
    done = shop.run("deploy", "--watch", "--yes", "--json=stream")
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert documents[0]["kind"] == "run_started"
    assert documents[-1]["schema"] == "deployforge.deploy/1"
    assert {p["outcome"] for p in documents[-1]["platforms"]} == {"published"}


def test_the_secrets_of_the_environment_are_in_no_argument_and_in_no_file(shop: Shop) -> None:
    held = shop.hold_east()
    shop.environ["SHOP_TOKEN"] = "canary-watch-4711"
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert held.wait()
    run = psutil.Process(shop.newest()["pid"])
    assert "canary-watch-4711" not in " ".join(run.cmdline())
    assert run.environ()["SHOP_TOKEN"] == "canary-watch-4711"
    held.release()
    assert terminal.ends() == 0
    for file in (shop.folder / ".deployforge").rglob("*"):
        assert not file.is_file() or b"canary-watch-4711" not in file.read_bytes()


def test_the_output_of_the_run_is_kept(shop: Shop) -> None:
    shop.run("deploy", "--watch", "--yes")
    (folder,) = (shop.folder / ".deployforge" / "runs").iterdir()
    assert "3 published" in (folder / "output.log").read_text("utf-8")
    assert json.loads((folder / "result.json").read_text("utf-8"))["exit_code"] == 0


def test_the_typed_version_is_asked_for_before_the_run_begins(shop: Shop) -> None:
    terminal = shop.looks("deploy", "--watch")
    terminal.waits_for("Type 1.0.0 to publish")
    assert not (shop.folder / ".deployforge" / "runs").exists()
    terminal.presses("1.0.0\r")
    assert terminal.ends() == 0
    assert "3 published" in terminal.text


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
def test_on_an_old_code_page(shop: Shop, encoding: str) -> None:
    shop.environ |= {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert terminal.ends() == 0
    terminal.everything.decode(encoding)
    assert "+  east" in terminal.text


@pytest.mark.parametrize("words", [("TERM", "dumb"), ("NO_COLOR", "1")])
def test_a_simple_terminal(shop: Shop, words: tuple[str, str]) -> None:
    shop.environ[words[0]] = words[1]
    terminal = shop.looks("deploy", "--watch", "--yes")
    assert terminal.ends() == 0
    assert b"\x1b[3" not in terminal.everything
    assert (b"\x1b[2K" in terminal.everything) is (words[0] == "NO_COLOR")
