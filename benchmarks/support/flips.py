"""Single bits of a WARC file turned over: which of them change content, and which are found."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from pathlib import Path

from isal import isal_zlib

from archiver.warc.check import check_file


@dataclass(kw_only=True, slots=True)
class Flips:
    """Counts: bits turned over; those that changed what the file decompresses to; what was found.

    `elsewhere`: bits that changed nothing of that, such as a gzip header's time.
    """

    tried: int = 0
    content: int = 0
    content_found: int = 0
    elsewhere: int = 0
    elsewhere_found: int = 0
    missed: list[int] = None  # type: ignore[assignment]  # offsets of bytes


def flip_bits(path: Path, *, count: int, seed: int) -> Flips:
    """Turn over so many single bits of a file, one at a time, and have it checked each time."""
    made = Flips(missed=[])
    whole = path.read_bytes()
    truth = _content(whole)
    chance = random.Random(seed)
    damaged = path.with_name("flipped-" + path.name)
    for place in chance.sample(range(len(whole) * 8), count):
        changed = bytearray(whole)
        changed[place // 8] ^= 1 << place % 8
        damaged.write_bytes(changed)
        found = bool(check_file(damaged))
        made.tried += 1
        if _content(bytes(changed)) != truth:
            made.content += 1
            made.content_found += found
            if not found:
                made.missed.append(place // 8)
        else:
            made.elsewhere += 1
            made.elsewhere_found += found
    damaged.unlink()
    return made


def _content(data: bytes) -> str | None:
    """A digest of all that the members hold; None where one of them does not end well."""
    digest = hashlib.sha256()
    while data:
        inflate = isal_zlib.decompressobj(wbits=31)
        try:
            digest.update(inflate.decompress(data))
        except isal_zlib.error:  # type: ignore[misc]  # its stub says instance
            return None
        if not inflate.eof:
            return None
        data = inflate.unused_data
    return digest.hexdigest()
