"""`hooks:`: the project's own programs before and after stages."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml

from deployforge_tasks.effects.clock import Clock, Patience, poll
from deployforge_tasks.operations.deploy import DeployResult, deploy
from deployforge_tasks.operations.rollback import rollback
from deployforge_tasks.platforms import registry
from tests.docs.walk import ROOT
from tests.graph import child
from tests.graph.shelf import Heard, ShelfServer, shelves, write_project

#: Appends what it reads to a file, with the names of the variables that it sees.
RECORD = """
    import json, os, sys
    event = json.load(sys.stdin)
    with open("heard.jsonl", "a") as file:
        file.write(json.dumps({**event, "environ": sorted(os.environ), "arguments": sys.argv[1:]}) + "\\n")
    print("the hook was here")
"""
#: Starts a program of its own, and waits for it much too long.
HANG = """
    import subprocess, sys, pathlib
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    pathlib.Path("pid").write_text(str(child.pid))
    child.wait()
"""
FAIL = "import sys; sys.exit('the door is locked')"


def script(folder: Path, code: str) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"hook{len(list(folder.glob('hook*.py')))}.py"
    path.write_text(textwrap.dedent(code), "utf-8")
    return [sys.executable, str(path)]


def project(folder: Path, url: str, *hooks: dict[str, Any], **platforms: dict[str, Any]) -> Path:
    write_project(folder, {name: {"url": url, **more} for name, more in (platforms or {"a": {}}).items()})
    with (folder / "deployforge.yml").open("a") as file:
        yaml.safe_dump({"hooks": list(hooks)}, file)
    return folder


def release(folder: Path, *names: str, environ: dict[str, str] | None = None, **arguments: Any) -> DeployResult:
    with shelves(*(names or ("a",))):
        return deploy(registry.load(folder / "deployforge.yml", environ=environ or {}), jobs=1, **arguments)


def heard(folder: Path) -> list[dict[str, Any]]:
    file = folder / "heard.jsonl"
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()] if file.exists() else []


def test_hooks_run_around_every_stage_of_a_run(tmp_path: Path, server: ShelfServer) -> None:
    stages = ("run", "render", "package", "preflight", "publish", "verify")
    record = script(tmp_path, RECORD)
    hooks = [{when: stage, "run": record} for stage in stages for when in ("before", "after")]
    assert release(project(tmp_path, server.url, *hooks)).exit_code == 0

    told = [(event["when"], event["stage"]) for event in heard(tmp_path)]
    inner = [(when, stage) for stage in stages[1:] for when in ("before", "after")]
    assert told == [("before", "run"), *inner, ("after", "run")]


def test_a_hook_reads_the_event_from_its_standard_input(tmp_path: Path, server: ShelfServer) -> None:
    record = script(tmp_path, RECORD)
    folder = project(tmp_path, server.url, {"after": "publish", "run": [*record, "one", "$HOME; two"]})
    release(folder)

    (event,) = heard(folder)
    del event["environ"]
    assert event == {
        "schema": "deployforge.hook/1",
        "when": "after",
        "stage": "publish",
        "platform": "a",
        "project": "hello-forge",
        "version": "1.0.0",
        "profile": "",
        "run": 1,
        "command": "deploy",
        "published": ["a-0"],
        "outcome": "ok",
        "reason": "",
        "arguments": ["one", "$HOME; two"],
    }


def test_the_hooks_of_the_run_know_its_platforms_and_how_it_ended(tmp_path: Path, server: ShelfServer) -> None:
    record = script(tmp_path, RECORD)
    hooks = [{"before": "run", "run": record}, {"after": "run", "run": record}]
    release(project(tmp_path, server.url, *hooks, a={}, b={"flaw": "no"}), "a", "b")

    before, after = heard(tmp_path)
    assert before["platforms"] == ["a", "b"]
    assert after["platforms"] == {"a": "published", "b": "failed"}
    assert (after["outcome"], after["exit_code"]) == ("failed", 5)


def test_a_hook_of_some_platforms_runs_for_them_only(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"before": "publish", "platforms": ["b"], "run": script(tmp_path, RECORD)}
    release(project(tmp_path, server.url, hook, a={}, b={}), "a", "b")

    assert [event["platform"] for event in heard(tmp_path)] == ["b"]


def test_what_is_up_to_date_runs_no_hook(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"before": "publish", "run": script(tmp_path, RECORD)})
    release(folder)
    release(folder)

    assert len(heard(folder)) == 1


def test_a_hook_sees_no_secret_and_only_the_variables_that_it_names(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"before": "publish", "run": script(tmp_path, RECORD), "env": ["CHAT_URL"]}
    folder = project(tmp_path, server.url, hook)
    release(folder, environ={"NPM_TOKEN": "canary", "CHAT_URL": "http://127.0.0.1:9", "OTHER": "x"})

    (event,) = heard(folder)
    assert "CHAT_URL" in event["environ"]
    assert not {"NPM_TOKEN", "OTHER"} & set(event["environ"])


def test_its_output_is_in_the_log_of_the_stage(tmp_path: Path, server: ShelfServer) -> None:
    listener = Heard()
    release(project(tmp_path, server.url, {"after": "verify", "run": script(tmp_path, RECORD)}), listeners=[listener])

    (line,) = [e for e in listener.events if e.kind == "log" and e.data["text"] == "the hook was here"]
    assert (line.platform, line.stage) == ("a", "verify")


def test_a_before_hook_that_fails_stops_its_stage_before_anything_is_sent(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"before": "publish", "platforms": ["a"], "run": script(tmp_path, FAIL)}
    result = release(project(tmp_path, server.url, hook, a={}, b={}), "a", "b")

    error = result.platforms["a"].error
    assert error is not None
    assert (error.code, error.stage, result.exit_code) == ("DF4041", "publish", 5)
    assert "the door is locked" in error.message
    assert server.accepted == ["b-0"]


def test_a_before_hook_that_need_not_succeed_is_a_warning(tmp_path: Path, server: ShelfServer) -> None:
    listener = Heard()
    hook = {"before": "publish", "required": False, "run": script(tmp_path, FAIL)}
    assert release(project(tmp_path, server.url, hook), listeners=[listener]).exit_code == 0

    assert any("the door is locked" in line for line in listener.logged("a"))


@pytest.mark.parametrize(("required", "code"), [(None, 0), (True, 5)])
def test_an_after_hook_that_fails_is_a_warning_unless_it_must_not(
    tmp_path: Path, server: ShelfServer, required: bool | None, code: int
) -> None:
    hook = {"after": "publish", "run": script(tmp_path, FAIL), **({} if required is None else {"required": required})}
    folder = project(tmp_path, server.url, hook)

    assert release(folder).exit_code == code
    assert server.accepted == ["a-0"]
    assert release(folder).exit_code == 0, "it is published, and that is not done again"


def test_an_after_hook_hears_of_a_failure_and_cannot_hide_it(tmp_path: Path, server: ShelfServer) -> None:
    hooks: list[dict[str, Any]] = [
        {"after": "preflight", "run": script(tmp_path, RECORD)},
        {"after": "preflight", "run": script(tmp_path, FAIL), "required": True},
    ]
    result = release(project(tmp_path, server.url, *hooks, a={"flaw": "the name is taken"}))

    (event,) = heard(tmp_path)
    assert (event["outcome"], event["reason"]) == ("failed", "SHELF-001 the name is taken")
    assert result.platforms["a"].error is not None
    assert result.platforms["a"].error.code == "DF3010"


def test_a_hook_before_the_run_that_fails_lets_nothing_begin(tmp_path: Path, server: ShelfServer) -> None:
    result = release(project(tmp_path, server.url, {"before": "run", "run": script(tmp_path, FAIL)}))

    assert (result.exit_code, result.outcome) == (5, "failed")
    assert result.platforms["a"].outcome == "stopped"
    assert server.journal == []
    assert [error.code for error in result.errors] == ["DF4041"]


def test_a_hook_after_the_run_that_must_succeed_fails_it(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"after": "run", "required": True, "run": script(tmp_path, FAIL)}
    result = release(project(tmp_path, server.url, hook))

    assert (result.exit_code, result.platforms["a"].outcome) == (5, "published")


def test_a_hook_that_hangs_is_stopped_with_its_children(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"before": "publish", "run": script(tmp_path, HANG), "timeout": "3s"}
    result = release(project(tmp_path, server.url, hook))

    error = result.platforms["a"].error
    assert error is not None
    assert "did not end within 3 seconds" in error.message
    assert server.accepted == []
    assert not alive(int((tmp_path / "pid").read_text()))


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_a_path_begins_in_the_folder_of_the_project(
    tmp_path: Path, server: ShelfServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sys.platform == "win32":
        pytest.skip("only on systems with `#!`")
    program = tmp_path / "scripts" / "announce"
    program.parent.mkdir()
    program.write_text(f"#!{sys.executable}\nopen('here', 'w').write('x')\n")
    program.chmod(0o755)
    folder = project(tmp_path, server.url, {"before": "publish", "run": ["scripts/announce"]})
    monkeypatch.chdir("/")

    assert release(folder).exit_code == 0
    assert (folder / "here").exists()


def test_a_program_that_is_not_there_is_a_clear_error(tmp_path: Path, server: ShelfServer) -> None:
    result = release(project(tmp_path, server.url, {"before": "publish", "run": ["no-such-program"]}))

    error = result.platforms["a"].error
    assert error is not None
    assert "`no-such-program` is not on this machine" in error.message


def test_hooks_run_around_a_rollback(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"before": "rollback", "run": script(tmp_path, RECORD)})
    with shelves("a"):
        rollback(registry.load(folder / "deployforge.yml", environ={}))

    assert [event["command"] for event in heard(folder)] == ["rollback"]


def test_a_rehearsal_runs_no_hook(tmp_path: Path, server: ShelfServer) -> None:
    hook = {"before": "publish", "run": script(tmp_path, RECORD)}
    release(project(tmp_path, server.url, hook), loopback_only=True)

    assert (server.accepted, heard(tmp_path)) == (["a-0"], [])


def test_hooks_run_under_plain_doit(tmp_path: Path, server: ShelfServer) -> None:
    record = script(tmp_path, RECORD)
    hooks = [{"before": "run", "run": record}, {"after": "publish", "run": record}]
    done = child.doit(project(tmp_path, server.url, *hooks), "a", "deploy")

    assert done.returncode == 0, done.stderr
    assert [event["command"] for event in heard(tmp_path)] == ["doit", "doit"]


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGTERM")
def test_a_stop_during_a_hook_before_the_run_lets_it_end_and_begins_nothing(
    tmp_path: Path, server: ShelfServer
) -> None:
    wait = """
        import pathlib, time
        pathlib.Path("begun").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.02)
        pathlib.Path("ended").touch()
    """
    folder = project(tmp_path, server.url, {"before": "run", "run": script(tmp_path, wait)})
    process = child.start(folder, "a", "deploy")
    assert until(lambda: (folder / "begun").exists()), process.communicate(timeout=5)
    process.terminate()
    (folder / "go").touch()
    out, err = process.communicate(timeout=30)

    assert process.returncode == 143, out + err
    assert (folder / "ended").exists()
    assert server.accepted == []


@pytest.mark.skipif(sys.platform == "win32", reason="only on systems with SIGTERM")
def test_a_second_signal_kills_a_hook_with_its_children(tmp_path: Path, server: ShelfServer) -> None:
    folder = project(tmp_path, server.url, {"before": "run", "run": script(tmp_path, HANG), "timeout": "10m"})
    process = child.start(folder, "a", "deploy")
    assert until(lambda: (folder / "pid").exists() and (folder / "pid").read_text()), process.communicate(timeout=5)
    process.send_signal(signal.SIGINT)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)

    assert process.returncode == 130
    assert until(lambda: not alive(int((folder / "pid").read_text())))


def until(holds: Callable[[], object], seconds: float = 30.0) -> bool:
    """Whether something comes to hold."""
    return bool(poll(Clock(), holds, bool, Patience(0.02, 0.2, seconds)))


@pytest.mark.parametrize(
    ("hook", "complaint"),
    [
        ({"run": ["x"]}, "either `before` or `after`"),
        ({"before": "publish", "after": "verify", "run": ["x"]}, "either `before` or `after`"),
        ({"before": "publish", "run": []}, "at least 1"),
        ({"before": "publish", "run": "make announce"}, "must be a list"),
        ({"before": "lunch", "run": ["x"]}, "is not one of"),
        ({"before": "publish", "platforms": ["nmp"], "run": ["x"]}, "unknown platform `nmp`"),
        ({"before": "run", "platforms": ["npm"], "run": ["x"]}, "belongs to no platform"),
        ({"before": "publish", "run": ["x"], "env": ["NPM_TOKEN"]}, "holds a credential"),
        ({"before": "publish", "run": ["x"], "timeout": 0}, "greater than 0"),
    ],
)
def test_a_hook_that_cannot_be_meant_is_refused_when_the_file_is_read(
    tmp_path: Path, hook: dict[str, Any], complaint: str
) -> None:
    from deployforge_tasks.core.errors import ConfigError

    folder = write_project(tmp_path, {"npm": {}})
    with (folder / "deployforge.yml").open("a") as file:
        yaml.safe_dump({"hooks": [hook]}, file)
    with pytest.raises(ConfigError) as caught:
        registry.load(folder / "deployforge.yml", environ={})

    assert complaint in str(caught.value)


def test_the_page_about_hooks_shows_what_is_true(tmp_path: Path, server: ShelfServer) -> None:
    page = (ROOT / "docs" / "how-to" / "hooks.md").read_text("utf-8")
    (shown,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    folder = write_project(tmp_path / "example", {"npm": {}, "pypi": {}})
    with (folder / "deployforge.yml").open("a") as file:
        file.write(example)
    release(project(tmp_path, server.url, {"after": "publish", "run": script(tmp_path, RECORD)}))
    (event,) = heard(tmp_path)

    assert [hook.moment for hook in registry.load(folder / "deployforge.yml", environ={}).project.hooks] == [
        "before publish", "after publish", "after run",
    ]  # fmt: skip
    assert list(json.loads(shown)) == [key for key in event if key not in ("environ", "arguments")]
