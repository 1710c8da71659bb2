"""Stores for tests: a folder, and buckets of servers on loopback."""

from __future__ import annotations

import pytest
from support.s3_place import S3Place

from archiver.config.storage import StorageSettings


def bucket_settings(place: S3Place, *, locked: bool = False, **settings: object) -> StorageSettings:
    """Settings for a new bucket of a server."""
    bucket = place.new_bucket(lock=locked)
    given = {"retries": 0, "url": f"s3://{bucket}/kept/warcs", "addressing": "path"} | settings
    return StorageSettings.model_validate(
        {"endpoint": place.endpoint, "region": place.region, "ca_file": place.ca_file, **given}
    )


def use_credentials(monkeypatch: pytest.MonkeyPatch, place: S3Place) -> None:
    """Give this process the server's keys, as its users would: in the environment."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", place.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", place.secret_key)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
