"""The registry: platforms are found, and whole configurations are loaded with them."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from deployforge_tasks.core import endpoints
from deployforge_tasks.core.errors import ConfigError
from deployforge_tasks.platforms import registry
from deployforge_tasks.platforms.registry import json_schema, load, platforms

ROOT = Path(__file__).parents[2]
CONTEXTLITE = ROOT / "tests" / "project" / "contextlite.yml"
TWELVE = {
    "github", "npm", "github_packages", "pypi", "docker", "homebrew",
    "scoop", "aur", "chocolatey", "crates", "vscode", "snap",
}  # fmt: skip
SEED = f"""\
name: contextlite
version: 1.0.42
description: "Ultra-fast context engine for AI systems"
platforms:
  npm:
    enabled: true
    scope: "@contextlite"
    registry: "{endpoints.NPM_REGISTRY}"
    binary_wrapper: "./wrappers/node"
  pypi:
    enabled: true
    wheel: true
    registry: "{endpoints.PYPI_INDEX}"
    binary_wrapper: "./wrappers/python"
  docker:
    enabled: true
    registry: "docker.io"
    images:
      - makuykendall/contextlite:latest
      - makuykendall/contextlite:${{version}}
    platforms: ["linux/amd64", "linux/arm64"]
  homebrew:
    enabled: true
    formula_name: "contextlite"
    dependencies: ["go"]
  chocolatey:
    enabled: true
    package_name: "contextlite"
    dependencies: []
  crates:
    enabled: true
    package_name: "contextlite-client"
    features: ["cli", "api"]
  vscode:
    enabled: true
    extension_id: "contextlite.contextlite"
    categories: ["Other"]
  snap:
    enabled: true
    confinement: "strict"
    grade: "stable"
conditions:
  skip_if_exists: true
  retry_on_failure: 3
  rollback_on_error: true
monitoring:
  download_tracking: true
  error_notifications: ["slack", "email"]
  success_notifications: ["discord"]
"""


@pytest.fixture
def fresh() -> Any:
    """The registry without what it remembers, before and after."""
    platforms.cache_clear()
    yield
    platforms.cache_clear()


def plugin(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    entry = EntryPoint("extra", value, registry.ENTRY_POINTS)
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: [entry])


# --- finding platforms


def test_the_twelve_are_found() -> None:
    assert set(platforms()) >= TWELVE


def test_every_platform_lies_in_the_module_of_its_name() -> None:
    assert {n: type(p).__module__.rpartition(".")[2] for n, p in platforms().items()} == {n: n for n in platforms()}


def test_every_alias_is_known_without_importing_its_platform() -> None:
    assert {alias: p.name for p in platforms().values() for alias in p.aliases} == platforms().aliases


@pytest.mark.usefixtures("fresh")
def test_a_plugin_adds_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, "tests.platforms.extra_platform:Extra")
    assert platforms()["extra"].title == "Extra"


@pytest.mark.usefixtures("fresh")
def test_a_broken_plugin_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, "tests.platforms.extra_platform:Missing")
    with pytest.raises(ConfigError, match="the platform plugin `extra` cannot be loaded"):
        platforms()


@pytest.mark.usefixtures("fresh")
def test_a_plugin_cannot_take_anothers_name(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, "tests.platforms.extra_platform:SecondNpm")
    with pytest.raises(ConfigError, match="two platforms are called `npm`"):
        platforms()


@pytest.mark.usefixtures("fresh")
def test_a_plugins_platform_cannot_be_called_as_another_one_is_also_called(monkeypatch: pytest.MonkeyPatch) -> None:
    plugin(monkeypatch, "tests.platforms.extra_platform:AliasTaker")
    with pytest.raises(ConfigError, match="two platforms are called `github_release`"):
        platforms()


def test_listing_the_platforms_imports_nothing_heavy() -> None:
    heavy = ("requests", "docker", "twine", "cookiecutter", "sqlalchemy", "rich", "yaml", "jinja2")
    code = (
        "import sys; from deployforge_tasks.platforms.registry import platforms; dict(platforms());"
        f"print([m for m in {heavy!r} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("name", sorted(platforms()))
def test_a_platform_imports_no_other_one(name: str) -> None:
    tree = ast.parse((ROOT / "deployforge_tasks" / "platforms" / f"{name}.py").read_text("utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    inside = {module.rpartition(".")[2] for module in imported if module.startswith("deployforge_tasks.platforms.")}
    assert {module for module in inside if not module.startswith("_")} <= {"base"}


#: Platforms that speak npm's protocol share its parts, and what lies on GitHub asks GitHub's API.
SHARED = {"github_packages": ("npm", "github"), "_git_github": ("github",), "_git_account": ("github",)}


def test_a_part_that_is_named_after_a_platform_is_used_by_no_other() -> None:
    folder = ROOT / "deployforge_tasks" / "platforms"
    found = []
    for file in folder.glob("*.py"):
        tree = ast.parse(file.read_text("utf-8"))
        modules = [n.module or "" for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)]
        parts = [m.rpartition("._")[2] for m in modules if m.startswith("deployforge_tasks.platforms._")]
        owners = SHARED.get(file.stem, (file.stem.removeprefix("_"),))
        foreign = [name for name in platforms() if not any(owner.startswith(name) for owner in owners)]
        named = {part for part in parts for name in foreign if part.startswith(f"{name}_")}
        found += [(file.name, part) for part in sorted(named)]
    assert found == []


# --- whole configurations


def test_the_sample_loads_without_a_warning() -> None:
    loaded = load(ROOT / "deployforge.yml", environ={})
    assert set(loaded.options) == TWELVE
    assert loaded.warnings == ()


def test_the_configuration_of_the_first_hour_loads_with_warnings(tmp_path: Path) -> None:
    (tmp_path / "deployforge.yml").write_text(SEED)
    loaded = load(tmp_path / "deployforge.yml", environ={})
    assert str(loaded.version) == "1.0.42"
    assert {w.path for w in loaded.warnings} >= {
        "license", "author", "source.repo", "artifacts",
        "platforms.npm.scope", "platforms.pypi.registry", "platforms.homebrew.dependencies",
        "platforms.crates.features", "platforms.vscode.extension_id",
    }  # fmt: skip
    assert "credentials" in {n.path for n in loaded.notes}
    assert all(w.hint for w in (*loaded.warnings, *loaded.notes))


def test_the_complete_release_of_a_real_project_can_be_written_down() -> None:
    loaded = load(CONTEXTLITE, environ={})
    assert {name for name, options in loaded.options.items() if options.enabled} == TWELVE - {"scoop"}
    switched_off = {"winget", "flathub", "nix", "mcp_registry", "huggingface_space"}
    assert {w.path for w in loaded.warnings} == {
        *(f"platforms.{name}" for name in switched_off), "version_files[0].path", "version_files[1].path",
        "source.require_tag_commit",
    }  # fmt: skip


def test_an_alias_keeps_its_options() -> None:
    assert load(CONTEXTLITE, environ={}).options["github"].model_dump()["notes"] == "notes.md"


# --- the schema


def test_the_schema_in_the_docs_is_the_generated_one() -> None:
    written = (ROOT / "docs" / "reference" / "deployforge.schema.json").read_text("utf-8")
    assert json.loads(written) == json_schema(), (
        "run `deployforge config schema > docs/reference/deployforge.schema.json`"
    )


def test_the_schema_is_valid_itself() -> None:
    jsonschema.Draft202012Validator.check_schema(json_schema())


@pytest.mark.parametrize("text", [SEED, CONTEXTLITE.read_text("utf-8"), (ROOT / "deployforge.yml").read_text("utf-8")])
def test_what_loads_satisfies_the_schema(text: str) -> None:
    jsonschema.validate(yaml.safe_load(text), json_schema())


@pytest.mark.parametrize(
    "change",
    [
        {"vrsion": "1.0.0"},
        {"platforms": {"docker": {"image": "a"}}},
        {"platforms": {"snap": {"grade": "nightly"}}},
        {"profiles": {"staging": {"platforms": {"npm": {"tagg": "x"}}}}},
        {"artifacts": {"from": "github"}},
    ],
)
def test_what_is_refused_breaks_the_schema(change: dict[str, Any]) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"name": "a", "description": "b", **change}, json_schema())


def test_a_profile_needs_to_say_only_what_it_changes() -> None:
    profile = {"author": {"email": "a@example.com"}, "platforms": {"docker": {"images": ["a:b"]}}}
    jsonschema.validate({"name": "a", "description": "b", "profiles": {"staging": profile}}, json_schema())
