"""Files: atomic writes, digests, and archives that are written reproducibly and unpacked safely."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import html
import io
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from deployforge_tasks.core.errors import ArtifactError

#: 1980-01-01, the earliest date that a zip can hold: the time of every file in a reproducible archive.
EPOCH = 315532800
MAX_UNPACKED = 4 << 30
MAX_FILES = 20_000


@dataclass(frozen=True)
class Entry:
    """A file for an archive: its name inside (POSIX), content or source file, and permissions."""

    name: str
    data: bytes | Path
    mode: int = 0o644

    def read(self) -> bytes:
        return self.data.read_bytes() if isinstance(self.data, Path) else self.data


def write_atomic(path: Path, data: bytes | str) -> None:
    """Write a file so that a reader sees the old or the new content, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def redirect_page(url: str) -> Iterator[Path]:
    """A page that only its owner can read and that leads to a URL, removed at the end."""
    handle, name = tempfile.mkstemp(prefix="deployforge-", suffix=".html")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0; url={html.escape(url)}"><title>…</title>')
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, write-protected or not (git protects its objects); best effort."""
    shutil.rmtree(folder, ignore_errors=True)
    if not folder.exists():
        return
    for path in [folder, *folder.rglob("*")]:
        with contextlib.suppress(OSError):
            path.chmod(0o700)
    shutil.rmtree(folder, ignore_errors=True)


def digest(path: Path, algorithm: str = "sha256") -> str:
    """The hex digest of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def tar_bytes(entries: Iterable[Entry], *, gz: bool = True, directories: bool = False) -> bytes:
    """A reproducible tar (gzip) in the order given: fixed times, owner root, GNU format.

    Args:
        directories: also write an entry for every parent folder (image layers want them).
    """
    raw = io.BytesIO()
    seen: set[str] = set()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for entry in entries:
            if directories:
                for parent in reversed(PurePosixPath(entry.name).parents):
                    if str(parent) not in (".", "/") and str(parent) not in seen:
                        seen.add(str(parent))
                        folder = tarfile.TarInfo(str(parent))
                        folder.type, folder.mode, folder.mtime = tarfile.DIRTYPE, 0o755, EPOCH
                        tar.addfile(folder)
            data = entry.read()
            info = tarfile.TarInfo(entry.name)
            info.size, info.mode, info.mtime = len(data), entry.mode, EPOCH
            tar.addfile(info, io.BytesIO(data))
    return gzip_bytes(raw.getvalue()) if gz else raw.getvalue()


def gzip_bytes(data: bytes) -> bytes:
    """Gzip without name or time."""
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb", compresslevel=9, mtime=0, filename="") as file:
        file.write(data)
    return packed.getvalue()


def zip_bytes(entries: Iterable[Entry]) -> bytes:
    """A reproducible zip in the order given, with Unix permissions."""
    raw = io.BytesIO()
    with zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for entry in entries:
            info = zipfile.ZipInfo(entry.name, date_time=(1980, 1, 1, 0, 0, 0))
            info.create_system = 3
            info.external_attr = (stat.S_IFREG | entry.mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, entry.read(), compresslevel=9)
    return raw.getvalue()


def folder_entries(folder: Path, prefix: str = "", *, executable: Iterable[str] = ()) -> list[Entry]:
    """Every file below a folder in name order; names in `executable` get mode 0755."""
    marked = set(executable)
    entries = []
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        entries.append(Entry(prefix + name, path, 0o755 if name in marked else 0o644))
    return entries


def is_archive(name: str) -> bool:
    """Whether `unpack` can open a file of this name."""
    return name.lower().endswith((".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar", ".zip"))


def unpack(archive: Path, to: Path) -> list[Path]:
    """Unpack a tar or zip: only plain files and folders, only below `to`, with limits.

    Raises:
        ArtifactError: the archive cannot be read, is too large, or wants to leave the folder.
    """
    to.mkdir(parents=True, exist_ok=True)
    try:
        if archive.name.lower().endswith(".zip"):
            return list(_unpack_zip(archive, to))
        return list(_unpack_tar(archive, to))
    except (tarfile.TarError, zipfile.BadZipFile, EOFError, OSError) as error:
        raise ArtifactError(
            f"{archive.name} cannot be unpacked: {error}",
            hint="is the download complete and really an archive?",
            code="DF3120",
        ) from error


def _unpack_tar(archive: Path, to: Path) -> Iterable[Path]:
    total = 0
    with tarfile.open(archive) as tar:
        for count, member in enumerate(tar):
            if member.isdir():
                continue
            if not member.isreg():
                raise _unsafe(archive, member.name, "is a link or a device")
            total += member.size
            _check_limits(archive, count, total)
            source = tar.extractfile(member)
            assert source is not None
            yield _place(archive, to, member.name, source.read(), bool(member.mode & 0o111))


def _unpack_zip(archive: Path, to: Path) -> Iterable[Path]:
    total = 0
    with zipfile.ZipFile(archive) as pack:
        for count, member in enumerate(pack.infolist()):
            if member.is_dir():
                continue
            mode = member.external_attr >> 16
            if stat.S_ISLNK(mode):
                raise _unsafe(archive, member.filename, "is a link")
            total += member.file_size
            _check_limits(archive, count, total)
            yield _place(archive, to, member.filename, pack.read(member), bool(mode & 0o111))


def _place(archive: Path, to: Path, name: str, data: bytes, executable: bool) -> Path:
    parts = PurePosixPath(name.replace("\\", "/")).parts
    if not parts or parts[0] == "/" or ".." in parts or ":" in parts[0]:
        raise _unsafe(archive, name, "would be written outside of the folder")
    path = to.joinpath(*parts)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(0o755 if executable else 0o644)
    return path


def _check_limits(archive: Path, count: int, total: int) -> None:
    if count >= MAX_FILES or total > MAX_UNPACKED:
        raise ArtifactError(
            f"{archive.name} unpacks to more than {MAX_FILES} files or {MAX_UNPACKED >> 30} GiB",
            hint="is this the right archive?",
            code="DF3121",
        )


def _unsafe(archive: Path, name: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"{archive.name} holds `{name}`, which {why}", hint="rebuild the archive with plain files only", code="DF3122"
    )
