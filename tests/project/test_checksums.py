"""Files of checksums, as different tools write them."""

from __future__ import annotations

import pytest

from deployforge_tasks.core.errors import ArtifactError
from deployforge_tasks.project.checksums import FROZEN, compare, parse

DIGEST = "ab" * 32


@pytest.mark.parametrize(
    "line",
    [
        f"{DIGEST}  hello.tar.gz",
        f"{DIGEST} *hello.tar.gz",
        f"{DIGEST.upper()}  ./hello.tar.gz",
        f"SHA256 (hello.tar.gz) = {DIGEST}",
        f"# comment\r\n{DIGEST}  hello.tar.gz\r\n\r\n",
    ],
)
def test_each_tools_lines_are_read(line: str) -> None:
    assert parse(line) == {"hello.tar.gz": DIGEST}


@pytest.mark.parametrize(
    "line", ["", "<html>404</html>", f"{DIGEST}", f"{DIGEST[:40]}  hello.tar.gz", f"MD5 (a) = {DIGEST}"]
)
def test_other_lines_are_left_out(line: str) -> None:
    assert parse(line) == {}


def test_equal_digests_are_fine() -> None:
    compare("hello", DIGEST, {FROZEN: DIGEST, "the host": DIGEST})


@pytest.mark.parametrize(("source", "code"), [(FROZEN, "DF3110"), ("the host", "DF3111")])
def test_a_difference_names_both_digests(source: str, code: str) -> None:
    with pytest.raises(ArtifactError) as caught:
        compare("hello", DIGEST, {source: "cd" * 32})
    assert caught.value.code == code
    assert DIGEST in caught.value.message
    assert "cd" * 32 in caught.value.message
