"""The publishers of a GoReleaser configuration, and the platforms that they are here."""

from __future__ import annotations

import re
from typing import Any

from deployforge_tasks.discovery.importing import Import
from deployforge_tasks.discovery.shapes import items, table, tables, words

_SKIP = (True, "true")


def publishers(found: Import) -> None:
    """Take over every publisher that is a platform here."""
    for key in found.each("brews", "homebrew_casks"):
        _brew(found, key)
    for key in found.each("scoops", "scoop"):
        _off_or_use(found, "scoop", key)
        _repository(found, key, "scoop", "bucket")
        _fields(found, key, "scoop", {"name": "app", "license": "license", "directory": "directory"})
    for key in found.each("aurs"):
        _aur(found, key)
    for key in found.each("chocolateys"):
        _chocolatey(found, key)
    for key in found.each("snapcrafts"):
        _snap(found, key)
    _docker(found)
    for key in found.each("npms"):
        _off_or_use(found, "npm", key)
        _fields(found, key, "npm", {"name": "package", "access": "access", "tag": "dist_tag"})
        _about(found, key, "npm")
        found.leave(f"{key}.format", "npm 12 runs no install scripts", "nothing: packages carry the program itself")
    _others(found)


def _off_or_use(found: Import, platform: str, key: str) -> None:
    skipped = next((n for n in ("skip_upload", "skip_publish", "disable") if found.get(f"{key}.{n}") in _SKIP), "")
    found.use(platform, key, off=f"`{skipped}: true` in {found.path}" if skipped else "")


def _fields(found: Import, key: str, platform: str, names: dict[str, str]) -> None:
    for theirs, ours in names.items():
        found.move(f"{key}.{theirs}", f"platforms.{platform}.{ours}")


def _about(found: Import, key: str, platform: str) -> None:
    """What publishers repeat of the project itself."""
    found.move(f"{key}.homepage", "homepage")
    found.move(f"{key}.license", "license")
    text = found.text(f"{key}.description")
    if text and "\n" not in text.strip():
        found.move(f"{key}.description", "description")
    elif text:
        found.move(f"{key}.description", f"descriptions.{platform}", text)


def _repository(found: Import, key: str, platform: str, option: str) -> None:
    """``repository`` (``tap``/``bucket`` before v1.19): where the manifest is committed."""
    for name in ("repository", "tap", "bucket"):
        owner, repo = found.text(f"{key}.{name}.owner"), found.text(f"{key}.{name}.name")
        if owner and repo:
            found.move(f"{key}.{name}", f"platforms.{platform}.{option}", f"{owner}/{repo}")
            found.move(f"{key}.{name}.branch", f"platforms.{platform}.branch")
            found.secret(f"{key}.{name}.token", platform, "token")
        found.leave(
            f"{key}.{name}.pull_request",
            "the commit goes to the branch itself",
            f"give the token write access to the {option}",
        )
    found.leave(f"{key}.commit_author", "the author is the project's", "set `author:`")


def _brew(found: Import, key: str) -> None:
    _off_or_use(found, "homebrew", key)
    _repository(found, key, "homebrew", "tap")
    _fields(
        found,
        key,
        "homebrew",
        {"name": "formula_name", "folder": "directory", "directory": "directory", "license": "license"},
    )
    _about(found, key, "homebrew")
    needs = [d.get("name") if isinstance(d, dict) else d for d in items(found.get(f"{key}.dependencies"))]
    found.move(f"{key}.dependencies", "platforms.homebrew.dependencies", [n for n in needs if isinstance(n, str)])
    test = re.search(
        r'system\s+"#\{bin\}/[^"]+"((?:\s*,\s*"[^"]*")*)\s*$|system\s+"#\{bin\}/\S+\s+([^"]+)"',
        str(found.get(f"{key}.test") or ""),
    )
    words = re.findall(r'"([^"]*)"', test[1]) if test and test[1] else (test[2].split() if test and test[2] else [])
    if words:
        found.move(f"{key}.test", "platforms.homebrew.test", words if len(words) > 1 else words[0])
    else:
        found.leave(
            f"{key}.test", "the formula's test runs the program once", "set `platforms.homebrew.test` to arguments"
        )
    if key.startswith("homebrew_casks"):
        found.leave(key, "a cask becomes a formula", "tell users to run `brew uninstall --cask` once")
    for name in (
        "install",
        "caveats",
        "service",
        "plist",
        "conflicts",
        "extra_install",
        "post_install",
        "custom_block",
        "manpages",
        "completions",
    ):
        found.leave(
            f"{key}.{name}",
            "the formula installs the program",
            "write a template of your own (`platforms.homebrew.templates`)",
        )


def _aur(found: Import, key: str) -> None:
    _off_or_use(found, "aur", key)
    url = str(found.get(f"{key}.git_url") or "")
    name = re.search(r"/([\w@.+-]+?)(?:\.git)?$", url)
    if found.text(f"{key}.name"):
        found.move(f"{key}.name", "platforms.aur.package")
    elif name:
        found.move(f"{key}.git_url", "platforms.aur.package", name[1])
    maintainers = found.get(f"{key}.maintainers")
    if isinstance(maintainers, list) and maintainers:
        found.move(f"{key}.maintainers", "platforms.aur.maintainer", str(maintainers[0]))
    for field in ("provides", "conflicts", "depends"):
        value = found.get(f"{key}.{field}")
        found.move(f"{key}.{field}", f"platforms.aur.{field}", value if isinstance(value, list) else None)
    _fields(found, key, "aur", {"license": "license"})
    _about(found, key, "aur")
    found.secret(f"{key}.private_key", "aur", "ssh_key")
    for field in ("package", "optdepends", "backup", "install"):
        found.leave(
            f"{key}.{field}",
            "the package installs the program",
            "write a template of your own (`platforms.aur.templates`)",
        )


def _chocolatey(found: Import, key: str) -> None:
    _off_or_use(found, "chocolatey", key)
    names = {
        "name": "package_name",
        "title": "title",
        "license_url": "license_url",
        "package_source_url": "package_source_url",
    }
    _fields(found, key, "chocolatey", names)
    found.move(f"{key}.project_url", "homepage")
    found.move(f"{key}.docs_url", "urls.docs")
    found.move(f"{key}.bug_tracker_url", "urls.issues")
    found.move(f"{key}.icon_url", "urls.icon")
    found.move(f"{key}.summary", "summary")
    found.move(f"{key}.authors", "author.name")
    found.move(f"{key}.copyright", "author.copyright")
    if isinstance(found.get(f"{key}.require_license_acceptance"), bool):
        found.move(
            f"{key}.require_license_acceptance",
            "platforms.chocolatey.require_license_acceptance",
            found.get(f"{key}.require_license_acceptance"),
        )
    if found.text(f"{key}.tags"):
        found.move(f"{key}.tags", "keywords", str(found.get(f"{key}.tags")).split())
    needs = [d.get("id") for d in tables(found.get(f"{key}.dependencies"))]
    found.move(f"{key}.dependencies", "platforms.chocolatey.dependencies", [n for n in needs if n])
    found.secret(f"{key}.api_key", "chocolatey", "key")


def _snap(found: Import, key: str) -> None:
    published = found.get(f"{key}.publish") is True
    off = "" if published else f"`publish` is not true in {found.path}"
    found.use("snap", key, off=off)
    _fields(found, key, "snap", {"name": "name", "base": "base", "grade": "grade", "confinement": "confinement"})
    found.move(f"{key}.summary", "summary")
    channels = [c for c in words(found.get(f"{key}.channel_templates")) if "{{" not in c]
    found.move(f"{key}.channel_templates", "platforms.snap.channels", channels)
    apps = table(found.get(f"{key}.apps")).values()
    plugs = [plug for app in apps for plug in words(table(app).get("plugs"))]
    found.move(f"{key}.apps", "platforms.snap.plugs", list(dict.fromkeys(plugs)))
    for field in ("description", "layout", "hooks", "extra_files", "plugs", "assumes"):
        found.leave(
            f"{key}.{field}", "the snap holds the program", "write a template of your own (`platforms.snap.templates`)"
        )


_TAGS = (
    ("{{ .Version }}", "{version}"),
    ("{{ .Tag }}", "v{version}"),
    ("{{ .Major }}", "{major}"),
    ("{{ .Minor }}", "{minor}"),
)


def _docker(found: Import) -> None:
    images: list[str] = []
    for key in found.each("dockers"):
        images += _images(found, key, items(found.get(f"{key}.image_templates")))
    for key in found.each("docker_manifests"):
        images += _images(found, key, [found.get(f"{key}.name_template")])
    for key in found.each("dockers_v2"):
        tags = [str(tag) for tag in items(found.get(f"{key}.tags"))]
        names = [str(image) for image in items(found.get(f"{key}.images"))]
        images += _images(found, key, [f"{name}:{tag}" for name in names for tag in tags])
    plain = [i for i in dict.fromkeys(images) if not re.search(r"[-_](?:amd64|arm64(?:v8)?|armv?\d\w*|386|x86_64)$", i)]
    key = next(iter(found.each("docker_manifests", "dockers_v2", "dockers")), "")
    if key:
        found.use("docker", key)
        found.move(key, "platforms.docker.images", plain)


def _images(found: Import, key: str, templates: Any) -> list[str]:
    good = []
    for template in templates:
        text = re.sub(r"\{\{-?\s*(\.\w+)\s*-?\}\}", r"{{ \1 }}", str(template))
        text = re.sub(r"\{\{\s*if not \.\w+\s*\}\}(\w+)\{\{\s*end\s*\}\}", r"\1", text)
        for theirs, ours in _TAGS:
            text = text.replace(theirs, ours)
        if "{{" in text:
            found.leave(key, f"the tag `{template}` is a Go template", "write it in `platforms.docker.images`")
        else:
            good.append(text)
    for field in ("dockerfile", "extra_files", "build_flag_templates", "labels", "annotations"):
        todo = "set `platforms.docker.base`, `labels` or, with a Docker Engine, `dockerfile`"
        found.leave(f"{key}.{field}", "the image is made from the release file, without a Dockerfile", todo)
    return good


def _others(found: Import) -> None:
    """Publishers for which a platform may come with a plugin or a later version."""
    for key in found.each("winget"):
        publisher, name = found.text(f"{key}.publisher"), found.text(f"{key}.name")
        identifier = found.text(f"{key}.package_identifier") or (f"{publisher}.{name}" if publisher and name else None)
        found.use("winget", key)
        found.move(key, "platforms.winget.identifier", identifier)
        found.secret(f"{key}.repository.token", "winget", "token")
    for name, platform in (
        ("nix", "nix"),
        ("krews", "krew"),
        ("flatpak", "flathub"),
        ("flatpaks", "flathub"),
        ("mcp", "mcp_registry"),
    ):
        for key in found.each(name):
            found.use(platform, key)
            if platform == "flathub":
                found.move(f"{key}.app_id", "platforms.flathub.app_id")
    found.leave("aur_sources", "packages are made from release files", "keep the source package by hand")
