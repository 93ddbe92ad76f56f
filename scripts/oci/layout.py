#!/usr/bin/env python3
"""Packs static or complete roots as an OCI image layout, without a daemon.

    layout.py OUT --version V --epoch SECONDS [--revision COMMIT] ARCHITECTURE=ROOT ...

OUT is a tar archive that `skopeo copy oci-archive:OUT ...` and `podman load` take. Each ROOT is a
directory that becomes the one layer of an image. The same roots give the same bytes.
"""

import argparse
import datetime
import gzip
import hashlib
import io
import json
import pathlib
import tarfile

MEDIA = "application/vnd.oci.image."
USER = 65532
DATA = "var/lib/hallpass"


class Layout:
    """The files of the layout, by name."""

    def __init__(self):
        self.files = {"oci-layout": json_bytes({"imageLayoutVersion": "1.0.0"})}

    def add(self, media_type, content, **more):
        """Adds a blob, and describes it."""
        digest = hashlib.sha256(content).hexdigest()
        self.files[f"blobs/sha256/{digest}"] = content
        return {"mediaType": MEDIA + media_type, "digest": f"sha256:{digest}", "size": len(content), **more}

    def write(self, path, epoch):
        with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as archive:
            for name, content in sorted(self.files.items()):
                entry = tarfile.TarInfo(name)
                entry.size, entry.mtime, entry.mode = len(content), epoch, 0o644
                archive.addfile(entry, io.BytesIO(content))


def json_bytes(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def layer(root, epoch):
    """The root as a tar archive. All of it belongs to root, but for the data directory."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(root.rglob("*")):
            name = str(path.relative_to(root))
            entry = archive.gettarinfo(path, name)
            owner = USER if name == DATA else 0
            entry.uid, entry.gid, entry.uname, entry.gname, entry.mtime = owner, owner, "", "", epoch
            if path.is_file():
                with path.open("rb") as file:
                    archive.addfile(entry, file)
            else:
                archive.addfile(entry)
    return buffer.getvalue()


def image(layout, architecture, root, options):
    """Adds an image, and describes its manifest."""
    created = datetime.datetime.fromtimestamp(options.epoch, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    contents = layer(root, options.epoch)
    labels = {
        "org.opencontainers.image.title": "hallpass",
        "org.opencontainers.image.version": options.version,
        "org.opencontainers.image.created": created,
    }
    if options.revision:
        labels["org.opencontainers.image.revision"] = options.revision
    config = {
        "architecture": architecture,
        "os": "linux",
        "created": created,
        "config": {
            "User": f"{USER}:{USER}",
            "Env": ["HALLPASS_LISTEN=0.0.0.0:8080", f"HALLPASS_DATA_DIR=/{DATA}"],
            "Entrypoint": ["/usr/bin/hallpass"],
            "Cmd": ["serve"],
            "ExposedPorts": {"8080/tcp": {}},
            "Volumes": {f"/{DATA}": {}},
            "StopSignal": "SIGTERM",
            "Labels": labels,
        },
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(contents).hexdigest()}"]},
        "history": [{"created": created, "created_by": "scripts/release"}],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MEDIA + "manifest.v1+json",
        "config": layout.add("config.v1+json", json_bytes(config)),
        "layers": [layout.add("layer.v1.tar+gzip", gzip.compress(contents, mtime=0))],
    }
    platform = {"architecture": architecture, "os": "linux"}
    return layout.add("manifest.v1+json", json_bytes(manifest), platform=platform)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--version", required=True)
    parser.add_argument("--revision")
    parser.add_argument("--epoch", type=int, required=True)
    parser.add_argument("roots", nargs="+", metavar="ARCHITECTURE=ROOT")
    options = parser.parse_args()
    layout = Layout()
    pairs = [pair.split("=", 1) for pair in options.roots]
    images = [image(layout, architecture, pathlib.Path(root), options) for architecture, root in pairs]
    if len(images) > 1:
        index = {"schemaVersion": 2, "mediaType": MEDIA + "index.v1+json", "manifests": images}
        images = [layout.add("index.v1+json", json_bytes(index))]
    for found in images:
        found["annotations"] = {"org.opencontainers.image.ref.name": f"hallpass:{options.version}"}
    layout.files["index.json"] = json_bytes({"schemaVersion": 2, "manifests": images})
    layout.write(options.out, options.epoch)


main()
