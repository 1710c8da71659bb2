"""What makes two texts the same to the archive. Pure functions."""

from __future__ import annotations

import hashlib
import json
import unicodedata

from archiver.model import Article, Discovery


def _plain(text: str | None) -> str:
    """One form of a text that reads the same: NFC, with runs of white space as one blank."""
    return " ".join(unicodedata.normalize("NFC", text or "").split())


def text_digest(article: Article) -> str:
    """`sha256:` and hex over title, standfirst, text, authors and image captions.

    Dates, links, tags, pictures' URLs and spacing do not count: a reader would not call an
    article changed by them.
    """
    parts = [
        _plain(article.title),
        _plain(article.standfirst),
        _plain(article.text),
        [_plain(author) for author in article.authors],
        [_plain(image.caption) for image in article.images if _plain(image.caption)],
    ]
    return f"sha256:{hashlib.sha256(json.dumps(parts).encode('ascii')).hexdigest()}"


def marks_digest(article: Article) -> int:
    """A signed 64-bit digest of what an article says beside its text, for revisions only.

    That is when it was published, whether it is free to read, and its pictures.
    """
    said = [
        article.published,
        article.access.free,
        [[image.url, image.is_cover] for image in article.images],
    ]
    digest = hashlib.blake2b(json.dumps(said).encode("ascii"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def words_digest(discovery: Discovery) -> int:
    """A signed 64-bit digest of what the source said of the URL: guid, title and dates."""
    said = [
        discovery.guid,
        discovery.title,
        discovery.published_raw,
        discovery.published.isoformat() if discovery.published else None,
        discovery.modified.isoformat() if discovery.modified else None,
    ]
    digest = hashlib.blake2b(json.dumps(said).encode("ascii"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)
