"""Measure and print; see the package's docstring."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import yaml

from tests.bench.slow_platforms import COUNT

ROOT = Path(__file__).parents[2]
LOOK, UPLOAD = 0.5, 1.0


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _announce_platforms(folder / "plugins")
        rows = [*_starting(folder), _listing(folder), _no_op(folder), *_cold(folder)]
    print(f"{'what':<58}{'measured':>12}{'against':>12}{'ratio':>8}{'target':>9}")
    for what, measured, against, ratio, target in rows:
        print(f"{what:<58}{measured:>12}{against:>12}{ratio:>8}{target:>9}")


Row = tuple[str, str, str, str, str]


def _starting(folder: Path) -> list[Row]:
    """`--help`, and a `status` whose one platform refuses the connection, against Python that does nothing."""
    project = _project(folder / "starting", 1)
    config = yaml.safe_load((project / "deployforge.yml").read_text())
    config["platforms"] = {"npm": {"registry": "http://127.0.0.1:9"}}
    config["conditions"] = {
        "retry_on_failure": 0,
        "read_patience": 0,
    }  # what is measured is the start, not the patience
    (project / "deployforge.yml").write_text(yaml.safe_dump(config))
    program = [sys.executable, "-m", "deployforge_tasks"]
    commands = {"bare": [sys.executable, "-c", "pass"], "help": [*program, "--help"], "status": [*program, "status"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(11):  # in turn, so that all see the same machine
        for name, command in commands.items():
            times[name].append(_seconds(command, project, may_fail=name == "status"))
    bare, help_, status = (statistics.median(times[name]) for name in commands)
    return [
        (
            "deployforge --help, against Python that does nothing",
            f"{help_:.3f} s",
            f"{bare:.3f} s",
            f"{help_ / bare:.1f}",
            "4",
        ),
        ("deployforge status, against the same", f"{status:.3f} s", f"{bare:.3f} s", f"{status / bare:.1f}", "8"),
    ]


def _listing(folder: Path) -> Row:
    """`doit list` of the sample project against doit itself on a file without tasks."""
    empty = folder / "empty"
    empty.mkdir()
    (empty / "dodo.py").write_text("")
    doit = [sys.executable, "-m", "doit", "list"]
    bare, ours = [], []
    for _ in range(9):  # in turn, so that both see the same machine
        bare.append(_seconds(doit, empty))
        ours.append(_seconds(doit, ROOT))
    a, b = statistics.median(ours), statistics.median(bare)
    return "doit list, against bare doit on an empty file", f"{a:.2f} s", f"{b:.2f} s", f"{a / b:.2f}", "2.5"


def _no_op(folder: Path) -> Row:
    """Everything is there already: 40 look-ups against one."""
    one = _project(folder / "one", 1, look=LOOK)
    many = _project(folder / "many", COUNT, look=LOOK)
    for project in (one, many):
        _deploy(project, folder, jobs=8)
    a = statistics.median(_deploy(many, folder, jobs=8)[0] for _ in range(3))
    b = statistics.median(_deploy(one, folder, jobs=8)[0] for _ in range(3))
    what = f"no-op deploy of {COUNT} platforms, look-up {LOOK} s, against one"
    return what, f"{a:.2f} s", f"{b:.2f} s", f"{a / b:.2f}", "1.6"


def _cold(folder: Path) -> list[Row]:
    """Nothing is there: 20 uploads at once against a single one, which is the critical path."""
    singles, alls, memory = [], [], 0.0
    for number in range(3):  # in turn, so that both see the same machine
        singles.append(_deploy(_project(folder / f"single-{number}", 1, upload=UPLOAD), folder, jobs=20)[0])
        seconds, peak = _deploy(_project(folder / f"all-{number}", 20, upload=UPLOAD), folder, jobs=20)
        alls.append(seconds)
        memory = max(memory, peak)
    single, all_at_once = statistics.median(singles), statistics.median(alls)
    what = f"cold deploy of 20 platforms, upload {UPLOAD:.0f} s, -n 20, against one"
    ratio = all_at_once / single
    return [
        (what, f"{all_at_once:.2f} s", f"{single:.2f} s", f"{ratio:.2f}", "1.25"),
        ("peak memory of that deploy", f"{memory:.0f} MB", "", "", "120 MB"),
    ]


def _project(folder: Path, count: int, *, look: float = 0.0, upload: float = 0.0) -> Path:
    folder.mkdir()
    options = {"look": look, "upload": upload}
    config = {
        "name": folder.name,
        "version": "1.0.0",
        "description": "A project for benchmarks",
        "artifacts": {"from": "directory", "targets": []},
        "platforms": {f"slow_{n:02}": options for n in range(count)},
        "verify": {"install": False},
    }
    (folder / "deployforge.yml").write_text(yaml.safe_dump(config))
    return folder


def _announce_platforms(plugins: Path) -> None:
    """A distribution that does nothing but name the platforms as plugins."""
    info = plugins / "bench_platforms-0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: bench-platforms\nVersion: 0\n")
    lines = [f"slow_{n:02} = tests.bench.slow_platforms:slow_{n:02}" for n in range(COUNT)]
    (info / "entry_points.txt").write_text("[deployforge.platforms]\n" + "\n".join(lines) + "\n")


def _deploy(project: Path, folder: Path, *, jobs: int) -> tuple[float, float]:
    """Seconds and peak resident megabytes of one deploy."""
    registry = folder / f"registry-{project.name}"
    registry.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(folder / "plugins"), str(ROOT)]),
        "DEPLOYFORGE_BENCH_REGISTRY": str(registry),
    }
    command = [sys.executable, "-m", "deployforge_tasks", "deploy", "--yes", "-n", str(jobs)]
    start, peak = time.perf_counter(), 0
    with subprocess.Popen(
        command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        watched = psutil.Process(process.pid)
        while process.poll() is None:
            try:
                peak = max(peak, watched.memory_info().rss)
            except psutil.Error:
                break
            time.sleep(0.005)
        said = process.communicate()[0].decode()
    if process.returncode:
        raise SystemExit(f"a deploy of the benchmark failed:\n{said}")
    return time.perf_counter() - start, peak / 1e6


def _seconds(command: list[str], folder: Path, *, may_fail: bool = False) -> float:
    start = time.perf_counter()
    subprocess.run(command, cwd=folder, check=not may_fail, capture_output=True)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
