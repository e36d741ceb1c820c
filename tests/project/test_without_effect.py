"""A key that has no effect is never a silent promise: it is refused, warned about or named in a note."""

from __future__ import annotations

from pathlib import Path

from deployforge_tasks.core.model import Level
from tests.project.kinds import load_text, problem_of


def test_what_is_there_cannot_be_published_again(tmp_path: Path) -> None:
    problem = problem_of(tmp_path, "conditions: {skip_if_exists: false}\n")
    assert (problem.place, problem.path) == ("deployforge.yml:3:30", "conditions.skip_if_exists")
    assert "never published again" in problem.message


def test_skipping_what_exists_may_be_said(tmp_path: Path) -> None:
    assert load_text(tmp_path, "conditions: {skip_if_exists: true}\n").project.conditions.skip_if_exists


def test_a_rollback_on_error_has_its_effect_and_no_warning(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "conditions: {rollback_on_error: true}\n")
    assert loaded.project.conditions.rollback_on_error
    assert not [p for p in loaded.warnings if p.path.startswith("conditions")]


def test_everything_that_nothing_reads_is_named_in_one_note_and_in_no_warning(tmp_path: Path) -> None:
    text = """
        monitoring: {download_tracking: true}
        binary: {name: hello, env: [HELLO_HOME]}
        verify: {propagate: {snap: 10m}}
        """
    loaded = load_text(tmp_path, text)
    (note,) = loaded.notes
    assert note.level is Level.NOTE
    assert note.path == "binary.env, verify.propagate, monitoring.download_tracking"
    assert not [p for p in loaded.warnings if "monitoring" in p.path or "binary" in p.path]


def test_there_is_no_note_when_everything_has_an_effect(tmp_path: Path) -> None:
    assert load_text(tmp_path, "binary: {name: hello}\n").notes == ()


def test_the_usual_variables_are_named_in_a_note_and_in_no_warning(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, "platforms: {docker: {images: [hello]}}\n")
    (note,) = loaded.notes
    assert (note.path, note.level) == ("credentials", Level.NOTE)
    assert "DOCKER_PASSWORD" in note.message
    assert not [p for p in loaded.warnings if p.path == "credentials"]
