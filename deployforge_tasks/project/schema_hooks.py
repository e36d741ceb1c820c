"""``hooks:`` in ``deployforge.yml``: programs of the project's own, before and after the stages of a run."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from deployforge_tasks.project.strict import Duration, Strict

#: The stages of a release file; everything else but `run` belongs to a platform.
OF_FILES = ("build", "fetch")
Moment = Literal["run", "build", "fetch", "render", "package", "preflight", "publish", "verify", "rollback"]


class Hook(Strict):
    """A program that runs before or after a stage, or before or after the whole run."""

    before: Moment | None = None
    """The stage before which it runs (`run`: before anything else)."""
    after: Moment | None = None
    """The stage after which it runs, however that ended (`run`: after everything else)."""
    platforms: list[str] = Field(default_factory=list)
    """Only for these platforms; every one if not given."""
    run: list[str] = Field(min_length=1)
    """Program and arguments; no shell reads them. A path with a `/` begins in the project's folder."""
    timeout: Duration = Field(default=60.0, gt=0)
    """Seconds after which it is stopped, with everything that it started."""
    required: bool | None = None
    """Whether its failure fails the stage; by default that of a `before` hook does, and that of an `after` hook does
    not."""
    env: list[str] = Field(default_factory=list)
    """Names of environment variables that it gets besides `PATH` and the like; never those of credentials."""

    @property
    def moment(self) -> str:
        """``before publish``."""
        return f"before {self.before}" if self.before else f"after {self.after}"

    @property
    def stage(self) -> str:
        return self.before or self.after or ""

    @property
    def must(self) -> bool:
        """Whether its failure fails the stage."""
        return self.before is not None if self.required is None else self.required

    @model_validator(mode="after")
    def _one_moment(self) -> Self:
        if (self.before is None) == (self.after is None):
            raise ValueError("a hook runs either `before` or `after` one stage")
        if self.platforms and self.stage in ("run", *OF_FILES):
            raise ValueError(f"`{self.stage}` belongs to no platform: leave `platforms` out")
        return self
