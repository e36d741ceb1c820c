"""Building a multi-platform image from release files, without an engine: layers, configs, manifests and the index.

The formats are those of https://github.com/opencontainers/image-spec. The same input gives the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deployforge_tasks.core.errors import PreflightError
from deployforge_tasks.effects.files import Entry, gzip_bytes, tar_bytes, write_atomic
from deployforge_tasks.platforms._oci import INDEXES, OCI_CONFIG, OCI_INDEX, OCI_LAYER, OCI_MANIFEST, sha256

#: The images' date: the same each time (https://reproducible-builds.org/docs/source-date-epoch/).
CREATED = "1980-01-01T00:00:00Z"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
VERSION_KEY = "org.opencontainers.image.version"
_GZIP_LAYERS = (OCI_LAYER, "application/vnd.docker.image.rootfs.diff.tar.gzip")


@dataclass(frozen=True)
class Base:
    """What lies below our layer for one platform: its config and layer descriptors (empty for ``scratch``)."""

    config: Mapping[str, Any] = field(default_factory=dict)
    layers: tuple[Mapping[str, Any], ...] = ()


class Layout:
    """An OCI image layout on disk (https://github.com/opencontainers/image-spec/blob/main/image-layout.md)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def blob(self, digest: str) -> Path:
        return self.folder / "blobs" / "sha256" / digest.removeprefix("sha256:")

    def add(self, media_type: str, data: bytes) -> dict[str, Any]:
        """Store a blob; returns its descriptor."""
        digest = sha256(data)
        write_atomic(self.blob(digest), data)
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def add_json(self, media_type: str, document: Mapping[str, Any]) -> dict[str, Any]:
        return self.add(media_type, canonical(document))

    def read(self, digest: str) -> dict[str, Any]:
        return dict(json.loads(self.blob(digest).read_bytes()))

    def close(self, index: Mapping[str, Any]) -> None:
        """Write the layout's entry files, so that other tools can read it."""
        write_atomic(self.folder / "oci-layout", canonical({"imageLayoutVersion": "1.0.0"}))
        write_atomic(self.folder / "index.json", canonical({"schemaVersion": 2, "manifests": [dict(index)]}))


def canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def layer_of(entries: Sequence[Entry]) -> tuple[bytes, str]:
    """A gzipped layer and the digest of its plain tar (its ``diff_id``)."""
    tar = tar_bytes(entries, gz=False, directories=True)
    return gzip_bytes(tar), sha256(tar)


def add_image(
    layout: Layout,
    platform: str,
    layers: Sequence[tuple[bytes, str]],
    *,
    settings: Mapping[str, Any],
    annotations: Mapping[str, str],
    base: Base | None = None,
) -> dict[str, Any]:
    """Add one platform's image; returns its descriptor for the index.

    Args:
        platform: ``os/arch`` in OCI's words.
        layers: ours, each gzipped with its diff_id; they go on top of the base's.
        settings: the ``config`` object (entrypoint, env, …), laid over the base's.
        annotations: texts that the manifest carries.
        base: what lies below.
    """
    os, arch = platform.split("/")
    ours = [layout.add(OCI_LAYER, data) for data, _ in layers]
    base = base or Base()
    below = dict(base.config)
    rootfs = dict(below.get("rootfs") or {})
    config: dict[str, Any] = {
        **{k: below[k] for k in ("variant", "os.version", "os.features") if k in below},
        "architecture": arch,
        "os": os,
        "created": CREATED,
        "config": merge_settings(below.get("config") or {}, settings),
        "rootfs": {"type": "layers", "diff_ids": [*rootfs.get("diff_ids", []), *(d for _, d in layers)]},
        "history": [
            *(below.get("history") or []),
            *({"created": CREATED, "created_by": "deployforge", "comment": "release file"} for _ in layers),
        ],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": layout.add_json(OCI_CONFIG, config),
        "layers": [*base.layers, *ours],
        "annotations": dict(annotations),
    }
    return {**layout.add_json(OCI_MANIFEST, manifest), "platform": {"architecture": arch, "os": os}}


def add_index(layout: Layout, images: Sequence[Mapping[str, Any]], annotations: Mapping[str, str]) -> dict[str, Any]:
    """Add the index over all platforms' images; returns its descriptor."""
    index = {
        "schemaVersion": 2,
        "mediaType": OCI_INDEX,
        "manifests": [dict(i) for i in images],
        "annotations": dict(annotations),
    }
    return layout.add_json(OCI_INDEX, index)


def merge_settings(below: Mapping[str, Any], ours: Mapping[str, Any]) -> dict[str, Any]:
    """Our settings over the base's; environment, labels and ports are joined, a new entrypoint drops the base's cmd."""
    merged = {**below, **{k: v for k, v in ours.items() if v}}
    if ours.get("Entrypoint") and not ours.get("Cmd"):
        merged.pop("Cmd", None)
    names = {e.partition("=")[0] for e in ours.get("Env") or ()}
    inherited = [e for e in below.get("Env") or () if e.partition("=")[0] not in names]
    merged["Env"] = [*inherited, *(ours.get("Env") or ())]
    if not any(e.startswith("PATH=") for e in merged["Env"]):
        merged["Env"].insert(0, PATH)
    for key in ("Labels", "ExposedPorts"):
        if joined := {**(below.get(key) or {}), **(ours.get(key) or {})}:
            merged[key] = joined
    return merged


def child_for(index: Mapping[str, Any], platform: str) -> str | None:
    """Digest of the index's image for a platform."""
    return children(index).get(platform)


def children(index: Mapping[str, Any]) -> dict[str, str]:
    """Platform -> digest of its image; attestations (``unknown/unknown``) are left out."""
    found: dict[str, str] = {}
    for entry in index.get("manifests") or ():
        where = entry.get("platform") or {}
        name = f"{where.get('os')}/{where.get('architecture')}"
        if name != "unknown/unknown":
            found.setdefault(name, str(entry.get("digest")))
    return found


def base_layers(manifest: Mapping[str, Any], reference: str) -> tuple[Mapping[str, Any], ...]:
    """The descriptors of a base image's layers, in OCI's words.

    Raises:
        PreflightError: a layer that cannot be carried over (foreign, zstd or not compressed).
    """
    layers = []
    for layer in manifest.get("layers") or ():
        if layer.get("mediaType") not in _GZIP_LAYERS or layer.get("urls"):
            raise PreflightError(
                f"the base image {reference} has a layer of the kind {layer.get('mediaType')}",
                hint="choose a base whose layers are plain gzipped tars",
                code="DF3310",
            )
        layers.append({"mediaType": OCI_LAYER, "digest": layer["digest"], "size": layer["size"]})
    return tuple(layers)


def is_index(media_type: str) -> bool:
    return media_type in INDEXES
