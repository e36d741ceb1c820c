"""What a page of a log is asked for, and the addresses of its other pages: filters stay as they are."""

from __future__ import annotations

from urllib.parse import urlencode

from pydantic import BaseModel, Field

from deployforge_tasks.operations.log_search import Search


class Asked(BaseModel):
    """The query of a log page.

    `q` is looked for, with `regex` as a regular expression; `level`, `platform` and `stage` filter; `line`, `before`
    and `after` are numbers of lines; `fold` shows the log by stages, with those in `open` open; `times` shows moments.
    """

    q: str = ""
    regex: bool = False
    level: str = ""
    platform: str = ""
    stage: str = ""
    line: int | None = Field(default=None, ge=0, lt=2**53)
    before: int | None = Field(default=None, ge=0, lt=2**53)
    after: int | None = Field(default=None, ge=0, lt=2**53)
    fold: bool = False
    open: list[str] = Field(default_factory=list)
    times: bool = True

    @property
    def search(self) -> Search:
        return Search(self.q, self.regex)

    def link(self, **changes: object) -> str:
        """The query of another page of the same log with the same filters; a value of None or "" leaves one out."""
        kept: dict[str, object] = {
            "q": self.q,
            "regex": self.regex and self.q and 1,
            "level": self.level,
            "platform": self.platform,
            "stage": self.stage,
            "times": "" if self.times else "no",
        }
        chosen = {name: value for name, value in {**kept, **changes}.items() if value not in (None, "", False)}
        return f"?{urlencode(chosen, doseq=True)}"

    def at(self, number: int) -> str:
        """The page around a line."""
        return f"{self.link(line=number)}#L{number}"

    def unfolded(self, name: str, *, opened: bool) -> str:
        """The log by stages with one more, or one fewer, open."""
        names = [one for one in self.open if one != name]
        return f"{self.link(fold=1, q=None, open=[*names, name] if opened else names)}#{name}"
