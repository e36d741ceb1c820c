"""Many viewers of one event stream, on real sockets from a process of their own.

``python -m tests.bench.viewers <viewers> <events a second> <seconds>`` starts a dashboard held to one core, a process
that writes a run, and one that reads every stream; it prints what every viewer got, how late, and what it cost.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Told:
    """What the viewers got: `late` are seconds from the writing of an event to its reading."""

    viewers: int
    events: int
    received: int
    twice: int
    late_p50: float
    late_p99: float


@dataclass(frozen=True)
class Cost:
    """What it cost the dashboard: the share of one core while events flowed, and its resident memory in MB."""

    cpu: float
    memory: float


def measure(viewers: int, rate: float, seconds: float) -> tuple[Told, Cost]:
    """Run the whole of it once."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.viewers", "serve", str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert server.stdout
        place = json.loads(server.stdout.readline())
        count = round(rate * seconds)
        reader = subprocess.Popen(
            [sys.executable, "-m", "tests.bench.viewers", "read", json.dumps(place), str(viewers), str(count)],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert reader.stdout
        try:
            reader.stdout.readline()  # everybody is there
            process = psutil.Process(server.pid)
            begin, spent = time.perf_counter(), sum(process.cpu_times()[:2])
            command = [sys.executable, "-m", "tests.dashboard.writer", place["ledger"], place["project"]]
            subprocess.run([*command, str(count), str(1 / rate)], check=True)
            told = Told(**json.loads(reader.stdout.readline()))
            cost = Cost(
                (sum(process.cpu_times()[:2]) - spent) / (time.perf_counter() - begin),
                process.memory_info().rss / 2**20,
            )
        finally:
            reader.terminate()
            server.terminate()
            for child in (reader, server):
                child.wait(30)
                if child.stdout:
                    child.stdout.close()
    return told, cost


def serve(folder: Path) -> None:
    """A dashboard over an empty project, on one core."""
    from starlette.testclient import TestClient

    from tests.dashboard.site import open_site, served

    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    _many_files()
    with open_site(folder) as site, served(site.app, signed_on=False) as address:
        client: TestClient = site.client
        cookie = "; ".join(f"{name}={value}" for name, value in client.cookies.items())
        port = int(address.rpartition(":")[2])
        place = {"port": port, "cookie": cookie, "ledger": site.desk.ledger_url, "project": site.desk.project}
        print(json.dumps(place), flush=True)
        with suppress(KeyboardInterrupt):
            while True:
                time.sleep(3600)


async def read(place: dict[str, str], viewers: int, count: int) -> None:
    """Be all the viewers; tells when all are there, and at the end what they got."""
    _many_files()
    gate = asyncio.Semaphore(50)
    here = [asyncio.Event() for _ in range(viewers)]
    tasks = [asyncio.create_task(_view(place, count, gate, ready)) for ready in here]
    for ready in here:
        await ready.wait()
    print("ready", flush=True)
    found = await asyncio.gather(*tasks)
    late = sorted(seconds for times, _ in found for seconds in times)
    told = Told(
        viewers,
        count,
        len(late),
        sum(twice for _, twice in found),
        statistics.median(late),
        late[int(len(late) * 0.99)],
    )
    print(json.dumps(asdict(told)), flush=True)


async def _view(
    place: dict[str, str], count: int, gate: asyncio.Semaphore, ready: asyncio.Event
) -> tuple[list[float], int]:
    async with gate:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(place["port"]), limit=2**22)
        host = f"127.0.0.1:{place['port']}"
        writer.write(f"GET /events HTTP/1.1\r\nHost: {host}\r\nCookie: {place['cookie']}\r\n\r\n".encode())
        while b"event: ready" not in await reader.readline():
            pass
    ready.set()
    late: list[float] = []
    seen: set[str] = set()
    twice = 0
    while len(seen) < count:
        line = await reader.readline()
        if not line:
            break
        if b'"receipt"' in line:
            data = json.loads(line.removeprefix(b"data: "))["data"]
            twice += data["piece"] in seen
            seen.add(data["piece"])
            late.append(time.time() - data["at"])
    writer.close()
    return late, twice


def _many_files() -> None:
    with suppress(ImportError):
        import resource

        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main(words: list[str]) -> None:
    if words[0] == "serve":
        serve(Path(words[1]))
    elif words[0] == "read":
        asyncio.run(read(json.loads(words[1]), int(words[2]), int(words[3])))
    else:
        told, cost = measure(int(words[0]), float(words[1]), float(words[2]))
        print(f"received {told.received} of {told.viewers * told.events}, twice {told.twice}")
        print(f"late: half {told.late_p50:.3f} s, p99 {told.late_p99:.3f} s")
        print(f"cost: {cost.cpu:.0%} of one core, {cost.memory:.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1:])
