"""The page about the dashboard's security: its sections load and are safe to serve."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deployforge_tasks.access.roles import DOES, lowest_role
from deployforge_tasks.access.way_in import check_way_in, in_the_clear
from deployforge_tasks.operations.settings import Settings
from tests.docs.walk import ROOT

PAGE = (ROOT / "docs" / "how-to" / "secure-the-dashboard.md").read_text("utf-8")
HEAD = "name: hello\nversion: 1.0.0\ndescription: Greets\nplatforms: {npm: {enabled: false}}\n"


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_every_section_loads_and_is_safe(tmp_path: Path, text: str) -> None:
    (tmp_path / "deployforge.yml").write_text(HEAD + text, "utf-8")
    section = Settings(tmp_path / "deployforge.yml", environ={}).load().project.dashboard
    check_way_in(section, section.host)
    assert not in_the_clear(section, section.host)


@pytest.mark.parametrize(
    ("permission", "word"), [("logs", "logs"), ("stop", "stop"), ("rollback", "roll back"), ("approve", "approve")]
)
def test_the_table_of_roles_is_that_of_the_program(permission: str, word: str) -> None:
    row = next(line for line in PAGE.splitlines() if line.startswith(f"| {lowest_role(permission)} |"))
    assert word in row
    assert permission in DOES
