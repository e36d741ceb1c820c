"""A shelf whose package is made from files that depend on the version, as those of real platforms do."""

from __future__ import annotations

from deployforge_tasks.effects.files import write_atomic
from deployforge_tasks.platforms.base import Job
from tests.graph.shelf import Shelf, ShelfOptions


class RenderingShelf(Shelf):
    """Renders a formula, a picture, and a file whose name holds the version."""

    def render(self, job: Job[ShelfOptions]) -> None:
        version, text = str(job.version), job.options.text
        formula = (
            f'class Hello\n  version "{version}"\n  url "https://example.com/v{version}.tar.gz"\n  desc "{text}"\nend\n'
        )
        folder = job.workdir / "rendered"
        write_atomic(folder / "Formula" / "hello.rb", formula)
        write_atomic(folder / "manifests" / f"{version}.yaml", "name: hello\n")
        write_atomic(folder / "icon.png", b"\x89PNG\0" + version.encode())
