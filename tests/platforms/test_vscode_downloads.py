"""VS Code Marketplace: totals of the extension."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from deployforge_tasks.core.downloads import Kind, Unit
from deployforge_tasks.core.errors import NetworkError
from tests.support.counts import Counted, counted, gallery

QUERY = r"/_apis/public/gallery/extensionquery"


@pytest.fixture
def vscode(tmp_path: Path) -> Iterator[Counted]:
    with counted("vscode", tmp_path) as case:
        yield case


def test_installations_are_the_headline_and_other_downloads_stand_beside_it(vscode: Counted) -> None:
    install, page = vscode.series()
    assert (install.counter.kind, install.counter.unit, install.counter.headline) == (Kind.TOTAL, Unit.INSTALLS, True)
    assert install.readings[0].count == 1200
    assert (page.readings[0].count, page.counter.headline) == (35, False)


def test_the_gallery_is_asked_for_statistics(vscode: Counted) -> None:
    vscode.series()
    assert [r.json()["flags"] & 0x100 for r in vscode.source.asked] == [0x100]


def test_an_extension_that_nobody_sees_has_no_series(vscode: Counted) -> None:
    vscode.source.answers[QUERY] = {"results": [{"extensions": [], "pagingToken": None, "resultMetadata": []}]}
    assert vscode.series() == []


def test_statistics_that_are_not_told_are_no_zero(vscode: Counted) -> None:
    vscode.source.answers[QUERY] = gallery(averagerating=5.0)
    assert vscode.series() == []


def test_an_answer_without_statistics_is_none(vscode: Counted) -> None:
    answer = gallery()
    del answer["results"][0]["extensions"][0]["statistics"]
    vscode.source.answers[QUERY] = answer
    with pytest.raises(NetworkError):
        vscode.series()
