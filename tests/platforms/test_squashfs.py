"""The squashfs writer against the real tools: the same bytes as mksquashfs, read back by unsquashfs."""

from __future__ import annotations

import lzma
import os
import random
import shutil
import subprocess
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import VerifyError
from deployforge_tasks.effects.files import EPOCH
from deployforge_tasks.platforms._squashfs import squashfs_bytes
from deployforge_tasks.platforms._squashfs_read import read_file
from deployforge_tasks.platforms._squashfs_xz import xz_block

#: What snapd packs with (snapd, ``snap/squashfs/squashfs.go``).
ARGUMENTS = ("-noappend", "-comp", "xz", "-no-fragments", "-no-progress", "-no-xattrs", "-all-root")
needs_tools = pytest.mark.skipif(shutil.which("mksquashfs") is None, reason="mksquashfs is not on this machine")


def tree(folder: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        path.chmod(0o755 if name.startswith("bin/") else 0o644)
    for path in (folder, *folder.rglob("*")):
        if path.is_dir():
            path.chmod(0o755)
    return folder


def ours(folder: Path) -> bytes:
    return squashfs_bytes(folder, {p for p in folder.rglob("*") if p.parent.name == "bin"})


def noise(size: int) -> bytes:
    return random.Random(size).randbytes(size)


def text(size: int) -> bytes:
    words = random.Random(size)
    return b" ".join(words.choice((b"hello", b"forge", b"release", b"once")) for _ in range(size // 6))


TREES = {
    "a snap": {"meta/snap.yaml": b"name: hello\n", "bin/hello": text(300_000)},
    "folders in folders": {"b/c/d": b"1", "b/c.d": b"2", "a/z": b"3", "B": b"4", "b/c/e/f/g": b"5"},
    "an empty file": {"meta/empty": b"", "meta/one": b"x"},
    "what cannot be compressed": {"bin/noise": noise(400_001), "small": noise(100)},
    "whole blocks": {"one": text(131072 * 6)[:131072], "two": noise(131072 * 2)},
    "holes": {"zeros": bytes(400_000), "mixed": bytes(131072) + noise(10) + bytes(131072)},
    "the same file twice": {"a/same": text(200_000), "b/same": text(200_000), "c": b"same", "d": b"same"},
    "many files": {f"share/{n:03d}/file-{n}-{m}.txt": f"{n} {m}".encode() for n in range(60) for m in range(10)},
    "a full folder": {f"share/file-{n:04d}": f"{n * n}".encode() for n in range(256)},
}


@needs_tools
@pytest.mark.parametrize("name", TREES)
def test_it_gives_the_bytes_of_mksquashfs(name: str, tmp_path: Path) -> None:
    folder, image = tree(tmp_path / "tree", TREES[name]), tmp_path / "image"
    environment = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": str(EPOCH)}
    subprocess.run(["mksquashfs", folder, image, *ARGUMENTS], check=True, capture_output=True, env=environment)
    assert ours(folder) == image.read_bytes()


@needs_tools
@pytest.mark.parametrize("name", TREES)
def test_unsquashfs_gives_the_files_back(name: str, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(ours(tree(tmp_path / "tree", TREES[name])))
    command: list[str | Path] = ["unsquashfs", "-no-progress", "-no-xattrs", "-d", tmp_path / "out", tmp_path / "image"]
    subprocess.run(command, check=True, capture_output=True)
    back = {
        p.relative_to(tmp_path / "out").as_posix(): p.read_bytes() for p in (tmp_path / "out").rglob("*") if p.is_file()
    }
    assert back == TREES[name]


@pytest.mark.parametrize("name", TREES)
def test_each_file_can_be_taken_out_without_tools(name: str, tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(ours(tree(tmp_path / "tree", TREES[name])))
    for path, content in list(TREES[name].items())[:20]:
        assert read_file(image, path) == content


@pytest.mark.parametrize("content", [b"", b"hsqs", noise(5000)])
def test_a_damaged_image_is_an_error(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "image").write_bytes(content)
    with pytest.raises(VerifyError):
        read_file(tmp_path / "image", "bin/hello")


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    image = tmp_path / "image"
    image.write_bytes(ours(tree(tmp_path / "tree", {"bin/hello": b"x"})))
    with pytest.raises(VerifyError, match="bye"):
        read_file(image, "bin/bye")


@pytest.mark.parametrize("data", [b"x", b"hello " * 1000, noise(100_000), text(131072)])
def test_an_xz_block_is_read_by_every_xz(data: bytes) -> None:
    assert lzma.decompress(xz_block(data, 131072)) == data
