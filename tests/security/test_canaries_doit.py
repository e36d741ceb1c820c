"""No credential is ever found where somebody could read it: plain doit with our dodo.py (see `test_canaries`)."""

from __future__ import annotations

import shutil
import sys

import pytest

from tests.security.watching import assert_unseen, canaries, watched
from tests.support.canaries import Arguments
from tests.support.cases import ROOT
from tests.support.faults import echoing
from tests.support.worlds import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: /proc shows the arguments of children")


def doit(made: World, *words: str) -> tuple[int, str, Arguments]:
    shutil.copy(ROOT / "dodo.py", made.folder)
    made.environ["PYTHONPATH"] = str(ROOT)
    return watched(made.folder, made.environ, "doit", "--verbosity", "2", *words)


def test_a_release_and_its_rollback_show_no_credential_when_refused_nor_when_done(made: World) -> None:
    secrets = canaries(made)
    rule = made.proxy.when(do=echoing(), times=None)
    code, out, arguments = doit(made, f"deploy:{made.platform}")
    assert code != 0, out
    assert rule.met
    assert_unseen(made.folder, out, arguments, secrets)

    made.proxy.clear()
    first, out, _ = doit(made, f"deploy:{made.platform}")
    assert first == 0, out
    made.go_on_to("1.1.0")
    second, out, arguments = doit(made, f"deploy:{made.platform}")
    assert second == 0, out
    assert_unseen(made.folder, out, arguments, secrets)

    code, out, arguments = doit(made, f"rollback:{made.platform}", "to=1.0.0")
    assert code == 0, out
    assert_unseen(made.folder, out, arguments, secrets)
    assert (made.folder / ".doit.db").exists()
    assert made.rows("select 1 from runs where command = 'doit'")
