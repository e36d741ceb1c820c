"""Templates: which there are, what they render to, and a copy to make one's own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.cli.conftest import Cli
from tests.support.hello import release_files
from tests.support.jobs import PROJECT

URL = "http://127.0.0.1:9/releases"


@pytest.fixture
def project(cli: Cli) -> Path:
    """A project whose release files lie in its folder, with a Scoop manifest to render."""
    release_files(cli.folder / "files", "1.0.0", ["windows/amd64"], URL)
    config = {
        **PROJECT,
        "version": "1.0.0",
        "artifacts": {"from": "directory", "directory": "files", "targets": ["windows/amd64"]},
        "platforms": {"scoop": {}},
    }
    (cli.folder / "deployforge.yml").write_text(yaml.safe_dump(config))
    return cli.folder


def manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / "scoop" / "bucket" / "hello-forge.json").read_text("utf-8"))
    return found


def files_below(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_template_is_listed_with_the_files_that_it_renders(cli: Cli) -> None:
    lines = cli("templates", "list").out.splitlines()
    assert any(line.split()[:3] == ["aur", "built", "in"] and "PKGBUILD" in line for line in lines)
    assert {t["platform"] for t in cli("templates", "list", "--json").json["templates"]} >= {"npm", "pypi", "snap"}


def test_rendering_writes_what_a_deploy_would_publish(cli: Cli, project: Path) -> None:
    done = cli("templates", "render", "--platforms", "scoop", "--to", "out")
    assert (done.code, done.out.split()) == (0, ["scoop", "bucket/hello-forge.json"])
    assert manifest(project / "out")["version"] == "1.0.0"


@pytest.mark.usefixtures("project")
def test_a_copy_never_takes_the_place_of_files_that_it_did_not_write(cli: Cli) -> None:
    """`--to templates` is where `eject` put the project's own."""
    cli("templates", "eject", "scoop")
    before = files_below(cli.folder / "templates")
    done = cli("templates", "render", "--to", "templates")
    assert (done.code, "DF1487" in done.err) == (3, True)
    assert files_below(cli.folder / "templates") == before


def test_a_copy_can_be_made_again(cli: Cli, project: Path) -> None:
    cli("templates", "render", "--to", "out")
    (project / "out" / "scoop" / "bucket" / "hello-forge.json").write_text("old", "utf-8")
    assert cli("templates", "render", "--to", "out").code == 0
    assert manifest(project / "out")["version"] == "1.0.0"


def test_a_platform_that_cannot_be_rendered_does_not_hide_the_others(cli: Cli, project: Path) -> None:
    config = yaml.safe_load((project / "deployforge.yml").read_text("utf-8"))
    config["platforms"] = {"scoop": {}, "chocolatey": {"templates": "broken"}}
    (project / "deployforge.yml").write_text(yaml.safe_dump(config))
    broken = project / "broken" / "{{cookiecutter.root}}"
    broken.mkdir(parents=True)
    (broken / "x.nuspec").write_text("{{ nobody_knows_this }}", "utf-8")
    found = {p["name"]: p["error"] for p in cli("templates", "render", "--json").json["platforms"]}
    assert found["scoop"] is None
    assert found["chocolatey"] is not None


def test_rendering_without_the_release_files_says_what_is_missing(cli: Cli, project: Path) -> None:
    for file in (project / "files").iterdir():
        file.unlink()
    done = cli("templates", "render")
    assert done.code == 5
    assert "hint:" in done.err


def test_a_template_of_ones_own_renders_the_same_until_it_is_changed(cli: Cli, project: Path) -> None:
    cli("templates", "render", "--to", "before")
    done = cli("templates", "eject", "scoop")
    assert done.code == 0
    assert "set `platforms.scoop.templates: templates/scoop`" in done.err
    config = yaml.safe_load((project / "deployforge.yml").read_text("utf-8"))
    config["platforms"]["scoop"] = {"templates": "templates/scoop"}
    (project / "deployforge.yml").write_text(yaml.safe_dump(config))

    cli("templates", "render", "--to", "same")
    assert manifest(project / "same") == manifest(project / "before")
    own = {t["name"]: t["own"] for t in cli("templates", "list", "--json").json["templates"]}
    assert own["scoop"] == str(project / "templates" / "scoop")
    assert own["aur"] is None

    (source,) = (project / "templates" / "scoop").glob("*/*/*.json")
    source.write_text(
        source.read_text("utf-8").replace('"description": ', '"notes": "ours", "description": ', 1), "utf-8"
    )
    cli("templates", "render", "--to", "changed")
    assert manifest(project / "changed") == {**manifest(project / "before"), "notes": "ours"}


@pytest.mark.usefixtures("project")
def test_a_template_is_never_ejected_over_ones_own(cli: Cli) -> None:
    assert cli("templates", "eject", "scoop").code == 0
    done = cli("templates", "eject", "scoop")
    assert done.code == 3
    assert "DF1484" in done.err


@pytest.mark.usefixtures("project")
def test_a_platform_without_templates_says_so(cli: Cli, project: Path) -> None:
    config = yaml.safe_load((project / "deployforge.yml").read_text("utf-8"))
    config["platforms"]["github"] = {}
    (project / "deployforge.yml").write_text(yaml.safe_dump(config))
    done = cli("templates", "eject", "github")
    assert done.code == 3
    assert "DF1483" in done.err
