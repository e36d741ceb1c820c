"""VSIX packages of VS Code extensions: an Open Packaging Conventions zip, written reproducibly.

Shape of the manifest: https://learn.microsoft.com/en-us/visualstudio/extensibility/vsix-extension-schema-2-0-reference
with VS Code's properties (https://github.com/microsoft/vscode-vsce, `src/package.ts`).
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from deployforge_tasks.effects.files import Entry, zip_bytes

_CODE = "Microsoft.VisualStudio.Code"
_SERVICES = "Microsoft.VisualStudio.Services"
_MIME = {
    ".json": "application/json",
    ".js": "application/javascript",
    ".md": "text/markdown",
    ".txt": "text/plain",
    ".png": "image/png",
    ".vsixmanifest": "text/xml",
    ".xml": "text/xml",
}


def vsix_bytes(package: Mapping[str, Any], files: Sequence[Entry], *, target: str | None, pre_release: bool) -> bytes:
    """The bytes of a VSIX.

    Args:
        package: content of the extension's package.json.
        files: the extension's files, names relative to its folder.
        target: VS Code's word for the target (``linux-x64``), None for every one.
    """
    inside = [Entry(f"extension/{e.name}", e.data, e.mode) for e in files]
    manifest = Entry("extension.vsixmanifest", _manifest(package, files, target, pre_release).encode())
    return zip_bytes([manifest, Entry("[Content_Types].xml", _content_types([manifest, *inside]).encode()), *inside])


def reproducible(vsix: bytes) -> bytes:
    """The same package with its files in the order of their names, without times."""
    with zipfile.ZipFile(io.BytesIO(vsix)) as archive:
        entries = [
            Entry(i.filename, archive.read(i), stat.S_IMODE(i.external_attr >> 16) or 0o644)
            for i in sorted(archive.infolist(), key=lambda i: i.filename)
            if not i.is_dir()
        ]
    return zip_bytes(entries)


def _manifest(package: Mapping[str, Any], files: Sequence[Entry], target: str | None, pre_release: bool) -> str:
    names = {e.name.lower(): e.name for e in files}
    identity = {
        "Language": "en-US",
        "Id": package["name"],
        "Version": package["version"],
        "Publisher": package["publisher"],
        **({"TargetPlatform": target} if target else {}),
    }
    assets = {
        f"{_CODE}.Manifest": "package.json",
        f"{_SERVICES}.Content.Details": names.get("readme.md"),
        f"{_SERVICES}.Content.Changelog": names.get("changelog.md"),
        f"{_SERVICES}.Content.License": names.get("license.txt") or names.get("license.md"),
        f"{_SERVICES}.Icons.Default": package.get("icon"),
    }
    lines = [
        f"<Identity {_attributes(identity)} />",
        f"<DisplayName>{escape(package.get('displayName', package['name']))}</DisplayName>",
        f'<Description xml:space="preserve">{escape(package.get("description", ""))}</Description>',
        f"<Tags>{escape(','.join(package.get('keywords', [])))}</Tags>",
        f"<Categories>{escape(','.join(package.get('categories', [])))}</Categories>",
        "<GalleryFlags>Public</GalleryFlags>",
        f"<Properties>{_properties(package, pre_release)}</Properties>",
        *(f"<License>extension/{p}</License>" for n, p in assets.items() if n.endswith(".License") and p),
        *(f"<Icon>extension/{escape(p)}</Icon>" for n, p in assets.items() if n.endswith("Icons.Default") and p),
    ]
    listed = "".join(
        f"<Asset {_attributes({'Type': kind, 'Path': f'extension/{path}', 'Addressable': 'true'})} />"
        for kind, path in assets.items()
        if path
    )
    return (
        '<?xml version="1.0" encoding="utf-8"?>\n'
        '<PackageManifest Version="2.0.0" xmlns="http://schemas.microsoft.com/developer/vsx-schema/2011" '
        'xmlns:d="http://schemas.microsoft.com/developer/vsx-schema-design/2011">\n'
        f"<Metadata>{''.join(lines)}</Metadata>\n"
        f'<Installation><InstallationTarget Id="{_CODE}" /></Installation>\n<Dependencies />\n'
        f"<Assets>{listed}</Assets>\n</PackageManifest>\n"
    )


def _properties(package: Mapping[str, Any], pre_release: bool) -> str:
    repository = package.get("repository") or {}
    source = repository.get("url", "") if isinstance(repository, dict) else str(repository)
    issues = package.get("bugs") or {}
    values = {
        f"{_CODE}.Engine": package["engines"]["vscode"],
        f"{_CODE}.ExtensionDependencies": ",".join(package.get("extensionDependencies", [])),
        f"{_CODE}.ExtensionPack": ",".join(package.get("extensionPack", [])),
        f"{_CODE}.ExtensionKind": ",".join(package.get("extensionKind", ["workspace"])),
        f"{_CODE}.LocalizedLanguages": "",
        f"{_CODE}.ExecutesCode": "true" if package.get("main") else "",
        f"{_CODE}.PreRelease": "true" if pre_release else "",
        f"{_SERVICES}.Links.Source": source,
        f"{_SERVICES}.Links.Support": issues.get("url", "") if isinstance(issues, dict) else str(issues),
        f"{_SERVICES}.Links.Learn": package.get("homepage", ""),
        f"{_SERVICES}.GitHubFlavoredMarkdown": "true",
        f"{_SERVICES}.Content.Pricing": "Free",
    }
    always = (f"{_CODE}.ExtensionDependencies", f"{_CODE}.ExtensionPack", f"{_CODE}.LocalizedLanguages")
    return "".join(
        f"<Property {_attributes({'Id': name, 'Value': value})} />"
        for name, value in values.items()
        if value or name in always
    )


def _attributes(values: Mapping[str, str]) -> str:
    return " ".join(f"{name}={quoteattr(str(value))}" for name, value in values.items())


def _content_types(entries: Sequence[Entry]) -> str:
    """One line for each extension; a file without one (a program) gets none, as in vsce's packages."""
    suffixes = sorted({s for e in entries if (s := PurePosixPath(e.name).suffix.lower())})
    lines = "".join(
        f"<Default {_attributes({'Extension': s, 'ContentType': _MIME.get(s, 'application/octet-stream')})} />"
        for s in suffixes
    )
    space = "http://schemas.openxmlformats.org/package/2006/content-types"
    return f'<?xml version="1.0" encoding="utf-8"?>\n<Types xmlns="{space}">{lines}</Types>\n'
