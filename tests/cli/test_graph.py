"""The graph as it stands after a release that failed in part."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from xml.etree import ElementTree

import pytest

from tests.cli.conftest import Cli

Project = Callable[..., None]
Screen = Callable[[str, str], None]
_SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def half_done(cli: Cli, project: Project) -> None:
    """npm and brew are out, snap was refused by its preflight."""
    project({"npm": {}, "brew": {}, "snap": {"flaw": "the token expires in 2 days"}})
    assert cli("deploy", "--yes").code == 5


def test_before_the_first_run_nothing_has_begun(cli: Cli, project: Project) -> None:
    project({"npm": {}})
    nodes = cli("graph", "--json").json["nodes"]
    assert {(n["name"], n["state"]) for n in nodes} == {
        (f"{stage}:npm", "none") for stage in ("render", "package", "preflight", "publish", "verify")
    }


@pytest.mark.usefixtures("half_done")
def test_the_graph_of_a_half_done_release(cli: Cli, screen: Screen) -> None:
    screen("graph", cli("graph").out)


@pytest.mark.usefixtures("half_done")
def test_a_hub_comes_before_what_points_at_it(cli: Cli) -> None:
    edges = {tuple(edge) for edge in cli("graph", "--json").json["edges"]}
    assert ("publish:npm", "publish:brew") in edges
    assert ("publish:npm", "publish:snap") not in edges


@pytest.mark.usefixtures("half_done")
def test_nothing_is_drawn_that_another_way_says_already(cli: Cli) -> None:
    edges = {tuple(edge) for edge in cli("graph", "--json").json["edges"]}
    assert ("render:npm", "package:npm") in edges
    assert not any((a, b) in edges and (b, c) in edges for a, c in edges for b, _ in edges)


@pytest.mark.usefixtures("half_done")
def test_mermaid_is_the_same_each_time(cli: Cli, screen: Screen) -> None:
    first = cli("graph", "--format", "mermaid").out
    assert cli("graph", "--format", "mermaid").out == first
    screen("graph-mermaid", first)


@pytest.mark.usefixtures("half_done")
def test_the_picture_tells_every_state_in_words(cli: Cli) -> None:
    done = cli("graph", "--format", "svg", "-o", "graph.svg")
    assert (done.code, done.out) == (0, "")
    root = ElementTree.parse(cli.folder / "graph.svg").getroot()
    words = [element.text or "" for element in root.iter(f"{_SVG}text")]
    assert sum(word.startswith("✗ failed") for word in words) == 1
    assert sum(word.startswith("\N{EN DASH} blocked") for word in words) == 2
    tips = [element.text or "" for element in root.iter(f"{_SVG}title")]
    assert any("preflight:snap: failed: SHELF-001 the token expires in 2 days" in tip for tip in tips)


@pytest.mark.usefixtures("half_done")
def test_graphviz_can_draw_it(cli: Cli) -> None:
    if shutil.which("dot") is None:
        pytest.skip("Graphviz is not on this machine")
    text = cli("graph", "--format", "dot").out
    done = subprocess.run(["dot", "-Tsvg"], input=text, capture_output=True, text=True, check=True)
    assert "publish:snap" in done.stdout


@pytest.mark.usefixtures("half_done")
def test_a_file_that_cannot_be_written_is_an_error_with_a_next_step(cli: Cli) -> None:
    done = cli("graph", "--format", "svg", "-o", "none/graph.svg")
    assert done.code == 2
    assert "hint:" in done.err
