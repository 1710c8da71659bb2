"""Settings of where WARC files are kept: the archive's own disk, another one, or an S3 store."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, field_validator

from archiver.config.addresses import check_page_url
from archiver.config.quantities import Duration, Size
from archiver.config.section import Section

MiB = 1024**2
GB = 1000**3
DAY = 86400.0
KEY_FIELDS = ("outlet", "year", "month", "day", "host", "name")


def _check_store(url: str) -> str:
    """Empty, `s3://bucket/prefix` or `file:///folder`; otherwise ValueError."""
    if not url:
        return url
    if re.search(r"[\s\x00-\x1f\x7f?#@]", url):
        raise ValueError("a store's URL has no spaces, user, query or fragment in it")
    parts = urlsplit(url)
    if any(part in (".", "..") for part in parts.path.split("/")):
        raise ValueError('no part of a store\'s URL may be "." or ".."')
    s3 = parts.scheme == "s3" and re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{1,62}", parts.netloc)
    disk = parts.scheme == "file" and not parts.netloc and parts.path.strip("/")
    if not s3 and not disk:
        raise ValueError(f"{url!r:.80} is no store: write s3://BUCKET/PREFIX or file:///FOLDER")
    return url.rstrip("/")


def _check_endpoint(url: str) -> str:
    return check_page_url(url).rstrip("/") if url else url


class StorageSettings(Section):
    """Where closed WARC files go. Credentials are never here: the AWS SDK's own chain has them."""

    url: Annotated[str, AfterValidator(_check_store)] = Field(
        default="",
        description="Store to which every closed WARC file is copied: s3://BUCKET/PREFIX, or"
        " file:///FOLDER of another disk. Empty: they stay in the archive's folder.",
    )
    key: str = Field(
        default="{outlet}/{year}/{month}/{day}/{name}",
        description="Names in the store, below its prefix: {outlet}, {year}, {month}, {day},"
        " {host}, and {name}, the file's own, which ends it.",
    )
    keep_local: Duration | Literal["forever"] = Field(
        default=7 * DAY,
        description="How long the local file stays after its copy was verified; 0: not at all;"
        ' "forever".',
    )
    spool_max: Annotated[Size, Field(ge=1)] = Field(
        default=50 * GB,
        description="Size of all local WARC files without a copy at which crawls end and none"
        " begins, until the store takes files again.",
    )
    cache: Size = Field(
        default=1 * GB,
        description="Disk that parts of WARC files may take which were read back from the store.",
    )
    endpoint: Annotated[str, AfterValidator(_check_endpoint)] = Field(
        default="", description="URL of an S3 service other than AWS."
    )
    region: str = Field(default="", description="Region; empty: as the AWS SDK finds it.")
    profile: str = Field(
        default="", description="Profile of ~/.aws/config; empty: as the AWS SDK finds it."
    )
    addressing: Literal["auto", "virtual", "path"] = Field(
        default="auto",
        description='Whether the bucket is part of the host name ("virtual") or the path ("path").',
    )
    ca_file: str = Field(
        default="",
        description="PEM file of the authorities to trust for the endpoint; relative to the"
        " working folder. Empty: the AWS SDK's.",
    )
    checksums: Literal["auto", "sha256", "md5"] = Field(
        default="auto",
        description="By what the store checks what it is given; many services know MD5 alone."
        ' "auto": sha256 with AWS, else md5.',
    )
    storage_class: str = Field(
        default="", pattern=r"^[A-Z0-9_]*$", description="Such as STANDARD_IA; empty: the bucket's."
    )
    encryption: Literal["", "AES256", "aws:kms"] = Field(
        default="", description="Encryption by the server; empty: as the bucket is set up."
    )
    kms_key: str = Field(default="", description="Key for aws:kms; empty: the account's.")
    lock: Literal["", "governance", "compliance"] = Field(
        default="",
        description="Object Lock of WARC files, in a bucket that was made for it: nobody deletes"
        " them before lock_for is over, in compliance mode not even the account's owner.",
    )
    lock_for: Duration = Field(default=365 * DAY, description="How long they are locked.")
    part_size: Annotated[Size, Field(ge=5 * MiB)] = Field(
        default=8 * MiB,
        description="Size of the parts of an upload, of which a broken off one loses none.",
    )
    parallel: Annotated[int, Field(ge=1, le=64)] = Field(
        default=4, description="Parts that are uploaded side by side."
    )
    timeout: Annotated[Duration, Field(gt=0)] = Field(
        default=60.0, description="Time that the store may stay silent."
    )
    retries: Annotated[int, Field(ge=0)] = Field(
        default=8, description="Further attempts of one request that failed by no fault of its own."
    )
    abandon_after: Annotated[Duration, Field(gt=0)] = Field(
        default=7 * DAY,
        description="Age at which unfinished uploads below the prefix that nobody goes on with are"
        " ended, since a store bills them.",
    )
    backup_every: Annotated[Duration, Field(gt=0)] = Field(
        default=DAY, description="How often the daemon copies the SQLite catalogue to the store."
    )
    backups: Annotated[int, Field(ge=1)] = Field(
        default=14, description="How many of these copies are kept."
    )

    @field_validator("key")
    @classmethod
    def _key_ends_with_name(cls, key: str) -> str:
        try:
            fields = list(Formatter().parse(key))
        except ValueError as error:
            raise ValueError(f"a bad template: {error}") from None
        for _, name, spec, conversion in fields:
            if name is not None and (name not in KEY_FIELDS or spec or conversion):
                known = ", ".join(f"{{{known}}}" for known in KEY_FIELDS)
                raise ValueError(f"only {known} may stand between braces, not {{{name}}}")
        plain = key.format(**dict.fromkeys(KEY_FIELDS, "x"))
        if not re.fullmatch(r"[A-Za-z0-9_=.-]+(/[A-Za-z0-9_=.-]+)*", plain) or ".." in plain:
            raise ValueError("a key has letters, digits, '_', '=', '.', '-' and single '/'")
        if not (key == "{name}" or key.endswith("/{name}")):
            raise ValueError("a key ends with /{name}, so that files keep their own names")
        return key
