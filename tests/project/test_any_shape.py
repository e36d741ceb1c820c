"""Whatever stands in the file, loading answers with a configuration or with problems, never with a crash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.project.load import load_project
from deployforge_tasks.project.problems import ConfigProblems
from deployforge_tasks.project.schema import Project
from tests.project.kinds import ALIASES, KINDS

WORD = st.sampled_from(
    ["docker", "snap", "github_release", "x", "v{version}", "${X}", "linux/amd64", "1.0.0", "enabled", "a/b", ""]
)
SCALAR = st.none() | st.booleans() | st.integers(-2, 9) | WORD
VALUE = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(WORD, inner, max_size=2), max_leaves=5
)
SECTIONS = [field.alias or name for name, field in Project.model_fields.items()] + ["profiles"]
FILE = st.dictionaries(st.sampled_from(SECTIONS), VALUE, max_size=4)


def refusal(folder: Path, data: Any, **more: Any) -> ConfigError | None:
    """Load a configuration; the refusal, if it is one."""
    file = folder / "deployforge.yml"
    file.write_text(json.dumps({"name": "a", "description": "b", "version": "1.0.0", **data}), "utf-8")
    try:
        load_project(file, KINDS, ALIASES, environ={}, **more)
    except ConfigError as refused:
        return refused
    return None


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILE, st.sampled_from(["", "x", "rehearsal"]), FILE)
def test_any_shape_loads_or_is_refused_with_a_hint(
    tmp_path: Path, data: dict[str, Any], profile: str, overlay: dict[str, Any]
) -> None:
    refused = refusal(tmp_path, data, profile=profile, overlay=overlay)
    if isinstance(refused, ConfigProblems):
        assert all(problem.message and problem.place for problem in refused.problems)
    assert refused is None or refused.hint


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("value", [1, "text", [None]])
def test_a_section_with_the_wrong_kind_of_value_never_crashes(tmp_path: Path, section: str, value: object) -> None:
    refused = refusal(tmp_path, {section: value})
    assert refused is None or refused.message
