"""Running a command where every place in which a secret must not be is watched."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deployforge_tasks.platforms.registry import platforms
from tests.support import sshd
from tests.support.canaries import Arguments, found_below, found_in
from tests.support.worlds import World


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


def give_key(made: World, *, right: bool) -> list[str]:
    """Release to the AUR over ssh with the key of its account, or with another one; what to look for of the key."""
    key = (made.registry.root / ("client" if right else "host")).read_text("utf-8")
    made.environ["DEPLOYFORGE_REHEARSAL_AUR_SSH_KEY"] = key
    return [sshd.middle_of(key)]


def watched(folder: Path, environ: Mapping[str, str], module: str, *words: str) -> tuple[int, str, Arguments]:
    """Run ``python -m <module> <words>`` in a folder; its exit code, all it printed, and the arguments seen."""
    command = [sys.executable, "-m", module, *words]
    process = subprocess.Popen(
        command, cwd=folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        with Arguments(process) as arguments:
            out, _ = process.communicate(timeout=300)
    finally:
        process.kill()
    return process.returncode, out, arguments


def assert_unseen(folder: Path, out: str, arguments: Arguments, secrets: Sequence[str]) -> None:
    """No secret was printed, stands in an argument list, or is left in the project's folder or the temporary one."""
    assert found_in(out.encode(), secrets) == []
    assert found_in(b"\n".join(arguments.seen), secrets) == []
    assert found_below([folder, folder.parent / "temporary"], secrets) == []
