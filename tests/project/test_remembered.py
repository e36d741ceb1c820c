"""What is remembered of credentials between commands."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deployforge_tasks.project.remembered import FILE, Remembered

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(days=-24), "expired on 2026-11-01"),
        (timedelta(hours=3), "expires today"),
        (timedelta(days=1, hours=1), "expires in 1 day"),
        (timedelta(days=14), "expires in 14 days"),
    ],
)
def test_an_end_within_two_weeks_is_told_later_on(tmp_path: Path, left: timedelta, said: str) -> None:
    Remembered(tmp_path, "").saw("npm", NOW + left, NOW - timedelta(days=3))
    assert Remembered(tmp_path, "").endings(["npm", "pypi"], NOW) == [
        f"the credential of npm {said} (as of 2026-11-22)"
    ]


def test_an_end_that_is_far_away_is_not_told(tmp_path: Path) -> None:
    Remembered(tmp_path, "").saw("npm", NOW + timedelta(days=15), NOW)
    assert Remembered(tmp_path, "").endings(["npm"], NOW) == []


def test_a_new_credential_without_an_end_takes_the_old_warning_away(tmp_path: Path) -> None:
    memory = Remembered(tmp_path, "")
    memory.saw("npm", NOW, NOW)
    memory.saw("npm", None, NOW)
    assert memory.endings(["npm"], NOW) == []


def test_every_profile_has_its_own_ends(tmp_path: Path) -> None:
    Remembered(tmp_path, "staging").saw("npm", NOW, NOW)
    assert Remembered(tmp_path, "").endings(["npm"], NOW) == []
    assert len(Remembered(tmp_path, "staging").endings(["npm"], NOW)) == 1


def test_what_the_keyring_has_is_known_to_every_profile(tmp_path: Path) -> None:
    Remembered(tmp_path, "staging").stored("docker", "ghcr_password", there=True)
    assert Remembered(tmp_path, "").kept("docker") == ("ghcr_password",)
    Remembered(tmp_path, "").stored("docker", "ghcr_password", there=False)
    assert Remembered(tmp_path, "staging").kept("docker") == ()


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"ends": 1, "kept": {"npm": 3}}', '{"ends": {"/npm": "x"}}'])
def test_a_damaged_file_is_an_empty_memory(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text(text, "utf-8")
    assert Remembered(tmp_path, "").endings(["npm"], NOW) == []
    assert Remembered(tmp_path, "").kept("npm") == ()
    Remembered(tmp_path, "").saw("npm", NOW, NOW)
    assert len(Remembered(tmp_path, "").endings(["npm"], NOW)) == 1


def test_nothing_to_remember_makes_no_file(tmp_path: Path) -> None:
    Remembered(tmp_path, "").saw("npm", None, NOW)
    assert not (tmp_path / FILE).exists()
