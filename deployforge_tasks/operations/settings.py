"""Where a project is and how to read it: what every operation begins with."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from deployforge_tasks.project.load import Loaded


@dataclass(frozen=True)
class Settings:
    """The choices that come from the command line and the environment.

    `version` overrides the project's own; `environ` is the only place that variables and secrets are read from.
    """

    file: Path = Path("deployforge.yml")
    profile: str = ""
    version: str | None = None
    env_file: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))

    def load(self, overlay: Mapping[str, Any] | None = None) -> Loaded:
        """Read and check the project; `overlay` is laid over ``deployforge.yml`` (rehearsals).

        Raises:
            ConfigError: it cannot be used; has every problem.
        """
        from deployforge_tasks.platforms.registry import load

        return load(
            self.file,
            profile=self.profile,
            version=self.version,
            environ=self.environ,
            env_file=self.env_file,
            overlay=overlay,
        )
