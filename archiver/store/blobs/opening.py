"""Which store a URL names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError
from archiver.store.blobs import Blobs
from archiver.store.blobs.disk import DiskBlobs


def open_blobs(settings: StorageSettings, url: str, *, ca_file: Path | None = None) -> Blobs:
    """The store of a URL such as `s3://bucket/prefix` or `file:///folder`; asks it nothing yet.

    Raises:
        StorageError: "refused" for another scheme, or without what the AWS SDK needs.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        from archiver.store.blobs.s3 import S3Blobs  # boto3 takes a third of a second

        return S3Blobs(settings, url, ca_file=ca_file)
    if parts.scheme == "file" and not parts.netloc:
        return DiskBlobs(Path(unquote(parts.path)))
    raise StorageError("no store has such a URL", reason="refused", thing=url)
