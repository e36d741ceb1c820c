"""Build hello-forge for one target: ``build.py TARGET VERSION OUTPUT`` (TARGET as ``linux/amd64``).

Zig's C compiler comes as the Python wheel ``ziglang`` and cross-compiles to every target from anywhere.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

TRIPLES = {
    "linux/amd64": "x86_64-linux-none",
    "linux/arm64": "aarch64-linux-none",
    "darwin/amd64": "x86_64-macos",
    "darwin/arm64": "aarch64-macos",
    "windows/amd64": "x86_64-windows-gnu",
    "windows/arm64": "aarch64-windows-gnu",
}
FREESTANDING = ["-nostdlib", "-ffreestanding", "-fno-stack-protector", "-static"]
EXTRA = {
    "linux": FREESTANDING,
    "darwin": [],
    "windows": [*FREESTANDING, "-Wl,--entry,start", "-Wl,--subsystem,console", "-lkernel32"],
}


def build(target: str, version: str, output: Path) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    source = Path(__file__).with_name("hello.c")
    subprocess.run(
        [
            sys.executable, "-m", "ziglang", "cc", "-target", TRIPLES[target], "-Os", "-s",
            *EXTRA[target.split("/", 1)[0]], f'-DVERSION="{version}"', str(source), "-o", str(output),
        ],
        check=True,
        env={**os.environ, "SOURCE_DATE_EPOCH": "315532800"},
    )  # fmt: skip
    # Zig leaves debug files beside a Windows program; a release has no use for them.
    output.with_suffix(".pdb").unlink(missing_ok=True)


if __name__ == "__main__":
    build(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
