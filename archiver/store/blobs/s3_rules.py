"""What the objects of a store are to be like: class, encryption, lock, checksums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from archiver.config.storage import StorageSettings
from archiver.errors import StorageError
from archiver.model import utcnow

# A moment may come back in another precision than it was given, such as whole seconds.
_ROUNDING = timedelta(seconds=2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """`checksums`: whether requests carry SHA-256; the rest as in the settings."""

    checksums: bool
    storage_class: str
    encryption: str
    kms_key: str
    lock: str
    lock_for: timedelta

    @classmethod
    def of(cls, settings: StorageSettings, endpoint: str) -> Rules:
        """The rules that settings make for the service at this URL."""
        host = urlsplit(endpoint).hostname or ""
        aws = host.endswith((".amazonaws.com", ".amazonaws.com.cn"))
        return cls(
            checksums=settings.checksums == "sha256" or (settings.checksums == "auto" and aws),
            storage_class=settings.storage_class,
            encryption=settings.encryption,
            kms_key=settings.kms_key,
            lock=settings.lock.upper(),
            lock_for=timedelta(seconds=settings.lock_for),
        )

    def object_of(self, sha256: str) -> dict[str, Any]:
        """What a request says of an object that is to be made, which has this SHA-256 (hex)."""
        said: dict[str, Any] = {"Metadata": {"sha256": sha256}}
        if self.storage_class:
            said["StorageClass"] = self.storage_class
        if self.encryption:
            said["ServerSideEncryption"] = self.encryption
            if self.kms_key:
                said["SSEKMSKeyId"] = self.kms_key
        return said

    def locked(self) -> dict[str, Any]:
        """What a request says to lock it from now on; nothing where no lock is configured."""
        if not self.lock:
            return {}
        said = self.retention(utcnow())
        return {
            "ObjectLockMode": said["Mode"],
            "ObjectLockRetainUntilDate": said["RetainUntilDate"],
        }

    def retention(self, since: datetime) -> dict[str, Any]:
        """What a request of its own says to lock what is there."""
        return {"Mode": self.lock, "RetainUntilDate": since + self.lock_for}

    def check_lock(self, found: Mapping[str, Any], thing: str, *, asked: datetime) -> None:
        """See that the store did lock it: some take the request and do another thing.

        Raises:
            StorageError: "refused".
        """
        if not self.lock:
            return
        mode, until = found.get("ObjectLockMode"), found.get("ObjectLockRetainUntilDate")
        if mode != self.lock or until is None or until < asked + self.lock_for - _ROUNDING:
            raise StorageError(
                f"is not locked as asked: {mode or 'no lock'} until {until}",
                reason="refused",
                thing=thing,
                todo="See what this store can do: archiver doctor; then change storage.lock.",
            )
