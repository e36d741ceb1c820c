"""Small platforms for tests of loading, and a shortcut to load a text."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import Field

from deployforge_tasks.core.model import Credential
from deployforge_tasks.project.load import Loaded, load_project
from deployforge_tasks.project.problems import ConfigProblems, Problem
from deployforge_tasks.project.strict import Options, Strict


@dataclass(frozen=True)
class FakeKind:
    """As much of a platform as loading looks at."""

    name: str
    options: type[Options]
    credentials: tuple[Credential, ...] = ()
    needs: tuple[str, ...] = ()
    uses_artifacts: bool = True

    def hubs(self, options: Options) -> tuple[str, ...]:
        return self.needs


class Image(Strict):
    name: str


class DockerOptions(Options):
    images: list[str] = Field(default_factory=list)
    extra: list[Image] = Field(default_factory=list)
    note: str = ""
    port: int = 80


class SnapOptions(Options):
    grade: Literal["stable", "devel"] = "stable"

    def advice(self) -> list[tuple[str, str, str]]:
        return [("grade", "devel snaps are not for stable", "say stable")] if self.grade == "devel" else []


PASSWORD = Credential("password", ("DOCKER_PASSWORD", "DOCKERHUB_TOKEN"), help="make one")
KINDS = {
    kind.name: kind
    for kind in (
        FakeKind("docker", DockerOptions, credentials=(PASSWORD,)),
        FakeKind("github", Options),
        FakeKind("snap", SnapOptions, needs=("github",)),
    )
}
ALIASES = {"github_release": "github"}
HEAD = "name: hello\ndescription: A program\n"


def load_text(
    folder: Path, text: str, *, head: str = HEAD, environ: Mapping[str, str] | None = None, **more: Any
) -> Loaded:
    """Load a configuration that begins with a name and a description (lines 1 and 2)."""
    file = folder / "deployforge.yml"
    file.write_text(head + textwrap.dedent(text), "utf-8")
    return load_project(file, KINDS, ALIASES, environ=environ or {}, **more)


def problems_of(folder: Path, text: str, **more: Any) -> tuple[Problem, ...]:
    """The problems that loading such a configuration raises."""
    with pytest.raises(ConfigProblems) as caught:
        load_text(folder, text, **more)
    return caught.value.problems


def problem_of(folder: Path, text: str, **more: Any) -> Problem:
    (problem,) = problems_of(folder, text, **more)
    return problem
