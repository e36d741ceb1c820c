"""The page about getting told: every section loads, and its recipe accepts our signature and no other."""

from __future__ import annotations

import re
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deployforge_tasks.notify.happening import WORDS, Happening
from deployforge_tasks.notify.tell import tell
from deployforge_tasks.operations.settings import Settings
from deployforge_tasks.project.routes import ERRORS, SUCCESSES, of_kind
from deployforge_tasks.project.schema_channels import KINDS
from deployforge_tasks.rehearsal.server import Request
from tests.docs.walk import ROOT
from tests.notify.services import Services

PAGE = (ROOT / "docs" / "how-to" / "get-told.md").read_text("utf-8")
HEAD = "name: hello\nversion: 1.0.0\ndescription: Greets\nplatforms: {npm: {enabled: false}, pypi: {enabled: false}}\n"


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Services]:
    made = Services(tmp_path / "services")
    made.start()
    yield made
    made.stop()


@pytest.mark.parametrize("text", re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
def test_every_section_loads_and_is_used(tmp_path: Path, text: str) -> None:
    (tmp_path / "deployforge.yml").write_text(HEAD + text, "utf-8")

    loaded = Settings(tmp_path / "deployforge.yml", environ={}).load()

    assert not [note.path for note in loaded.notes if "monitoring" in note.path or "business" in note.path]


def test_the_table_names_every_event_and_what_the_short_forms_stand_for() -> None:
    rows = re.findall(r"^\| (`.*?) \| .* \| (yes)? ?\| (yes)? ?\|$", PAGE, re.MULTILINE)
    named = {event: (bool(e), bool(s)) for events, e, s in rows for event in re.findall(r"`(\w+)`", events)}

    assert named == {event: (event in ERRORS, event in SUCCESSES) for event in WORDS}


def test_the_table_names_every_kind_and_its_variables() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \| [^|]+ \|$", PAGE, re.MULTILINE))

    assert [kind for kind in rows if kind in KINDS] == list(KINDS)
    for kind in KINDS:
        assert set(re.findall(r"`([A-Z_]+)`", rows[kind])) == {v for c in of_kind(kind).needs for v in c.env}
    lines = {kind: line for kind in rows for line in PAGE.splitlines() if line.startswith(f"| `{kind}` |")}
    assert [kind for kind, line in lines.items() if "deployforge[notify]" in line] == ["desktop", "apprise"]


def _received(services: Services, folder: Path) -> Request:
    text = HEAD + "monitoring: {routes: [{channels: [webhook]}]}\n"
    (folder / "deployforge.yml").write_text(text, "utf-8")
    loaded = Settings(folder / "deployforge.yml", environ=services.environ).load()
    courier = tell(loaded, f"sqlite:///{folder / 'ledger.db'}", Happening("failure", "1.0.0", reason="it broke"))
    assert courier is not None
    assert [d.outcome for d in courier.wait()] == ["delivered"]
    return services.got["webhook"][0]


def test_the_recipe_accepts_our_signature_and_no_other(services: Services, tmp_path: Path) -> None:
    code = re.search(r"^```python\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    assert code is not None
    module: Any = types.ModuleType("recipe")
    exec(compile(code[1], "get-told.md", "exec"), module.__dict__)
    request, secret = _received(services, tmp_path), services.environ["WEBHOOK_SECRET"]
    headers = dict(request.headers.items())

    assert module.is_from_us(secret, headers, request.body)
    assert not module.is_from_us("another", headers, request.body)
    assert not module.is_from_us(secret, headers, request.body + b" ")
    later = {**headers, "X-DeployForge-Timestamp": str(int(headers["X-DeployForge-Timestamp"]) + 1)}
    assert not module.is_from_us(secret, later, request.body)
