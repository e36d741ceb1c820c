"""Archives are the same bytes each time and never leave their folder."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.effects.files import (
    Entry,
    redirect_page,
    remove_folder,
    tar_bytes,
    unpack,
    write_atomic,
    zip_bytes,
)

ENTRIES = [Entry("bin/hello", b"program", 0o755), Entry("README", b"text")]


@pytest.mark.parametrize("pack", [tar_bytes, zip_bytes])
def test_the_same_files_are_the_same_bytes_whatever_their_times(pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    source = tmp_path / "hello"
    source.write_bytes(b"program")
    first = pack([Entry("hello", source, 0o755)])
    os.utime(source, (1, 1))
    assert pack([Entry("hello", source, 0o755)]) == first


@pytest.mark.parametrize(("name", "pack"), [("a.tar.gz", tar_bytes), ("a.zip", zip_bytes)])
def test_what_was_packed_is_unpacked_with_its_permissions(name: str, pack: object, tmp_path: Path) -> None:
    assert callable(pack)
    (tmp_path / name).write_bytes(pack(ENTRIES))
    unpack(tmp_path / name, tmp_path / "out")
    assert (tmp_path / "out/bin/hello").read_bytes() == b"program"
    if os.name != "nt":
        assert (tmp_path / "out/bin/hello").stat().st_mode & 0o111
        assert not (tmp_path / "out/README").stat().st_mode & 0o111


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
def test_an_archive_that_wants_out_is_refused(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(ArtifactError, match="outside"):
        unpack(tmp_path / "a.zip", tmp_path / "deep/out")
    assert sorted(p.name for p in tmp_path.rglob("*") if p.is_file()) == ["a.zip"]


def test_a_link_in_an_archive_is_refused(tmp_path: Path) -> None:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        link = tarfile.TarInfo("hello")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    (tmp_path / "a.tar").write_bytes(raw.getvalue())
    with pytest.raises(ArtifactError, match="link"):
        unpack(tmp_path / "a.tar", tmp_path / "out")


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_what_is_no_archive_says_so(name: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(b"<html>404</html>")
    with pytest.raises(ArtifactError, match="cannot be unpacked"):
        unpack(tmp_path / name, tmp_path / "out")


def test_an_archive_that_unpacks_too_large_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deployforge_tasks.effects.files.MAX_UNPACKED", 10)
    (tmp_path / "a.zip").write_bytes(zip_bytes([Entry("bomb", b"0" * 1000)]))
    with pytest.raises(ArtifactError, match="unpacks to more"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    write_atomic(tmp_path / "state", "old")
    with pytest.raises(UnicodeEncodeError):
        write_atomic(tmp_path / "state", "\ud800")
    assert (tmp_path / "state").read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["state"]


def test_a_folder_is_removed_with_what_is_write_protected_in_it(tmp_path: Path) -> None:
    inside = tmp_path / "folder" / "objects"
    inside.mkdir(parents=True)
    (inside / "pack").write_bytes(b"data")
    (inside / "pack").chmod(0o444)
    inside.chmod(0o555)
    remove_folder(tmp_path / "folder")
    assert not (tmp_path / "folder").exists()


def test_removing_a_folder_that_is_not_there_is_no_error(tmp_path: Path) -> None:
    remove_folder(tmp_path / "nowhere")


def test_a_page_that_leads_on_is_its_owners_alone_and_is_gone_at_the_end() -> None:
    with redirect_page("http://127.0.0.1:1/?a=1&b=2") as page:
        assert "url=http://127.0.0.1:1/?a=1&amp;b=2" in page.read_text("utf-8")
        if os.name != "nt":
            assert page.stat().st_mode & 0o077 == 0
    assert not page.exists()
