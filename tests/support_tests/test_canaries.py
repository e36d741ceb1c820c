"""The search for secrets finds them: without that, finding none proves nothing."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.support.canaries import Arguments, found_below, found_in

SECRET = "a-canary/of+some=length"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        quote(SECRET, safe=""),
        SECRET.encode().hex(),
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(f"a:{SECRET}:more".encode()).decode(),
        base64.urlsafe_b64encode(f"ab:{SECRET}:more".encode()).decode(),
    ],
)
def test_every_form_is_found(text: str) -> None:
    assert found_in(f"before {text} after".encode(), [SECRET])


def test_other_text_is_not_taken_for_a_secret() -> None:
    assert found_in(b"a canary of some length " + base64.b64encode(b"a-canary"), [SECRET]) == []


def test_files_are_searched_with_their_names(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "data.db").write_bytes(b"\0\1" + SECRET.encode() + b"\0")
    (tmp_path / "plain.txt").write_text("nothing")
    assert len(found_below([tmp_path], [SECRET])) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")
def test_the_arguments_of_a_grandchild_are_seen() -> None:
    inner = "import sys; sys.stdin.read()"
    outer = (
        f"import subprocess, sys; subprocess.run([sys.executable, '-c', {inner!r}, {SECRET!r}[:1] + {SECRET[1:]!r}])"
    )
    with subprocess.Popen([sys.executable, "-c", outer], stdin=subprocess.PIPE) as process:
        with Arguments(process) as arguments:
            while not any(SECRET.encode() in line.split(b"\0") for line in list(arguments.seen)):
                assert process.poll() is None
        assert process.stdin is not None
        process.stdin.close()
