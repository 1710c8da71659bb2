"""How alike two texts are: MinHash signatures, and the keys by which alike ones are found.

A signature (Broder 1997, as `rensa` makes it) stands for the set of a text's shingles: runs of so
many words, without marks and case. The share of equal places in two signatures estimates the
share of shingles that the texts have in common (Jaccard). Signatures are cut into bands: texts
that are alike have an equal band with a probability of 1 - (1 - likeness**ROWS) ** BANDS, which is
87 % at 0.5, 98.8 % at 0.6 and 99.98 % at 0.7.
"""

from __future__ import annotations

import hashlib
import struct

from rensa import RMinHash

from archiver.revise.words import is_word, keys, tokens

SHINGLE = 4  # words
BANDS = 32
ROWS = 4
PLACES = BANDS * ROWS
THRESHOLD = 0.55  # measured: benchmarks/duplicates.py
LEAST = 40  # words; texts of fewer are alike by chance
_SEED = 1
_FORM = f"<{PLACES}I"


def signature_of(text: str) -> bytes | None:
    """The signature of a text: 512 bytes; None for one that is too short to be compared."""
    words = [key.lower() for key in keys(tokens(text)) if is_word(key)]
    if len(words) < LEAST:
        return None
    sketch = RMinHash(num_perm=PLACES, seed=_SEED)
    sketch.update([" ".join(words[at : at + SHINGLE]) for at in range(len(words) - SHINGLE + 1)])
    return struct.pack(_FORM, *sketch.digest())


def bands_of(signature: bytes) -> list[int]:
    """The keys of a signature: two texts that share one may be alike. Signed, of 64 bits."""
    size = 4 * ROWS
    return [
        int.from_bytes(
            hashlib.blake2b(
                signature[band * size : (band + 1) * size], digest_size=8, salt=bytes([band])
            ).digest(),
            signed=True,
        )
        for band in range(BANDS)
    ]


def likeness(one: bytes, other: bytes) -> float:
    """The share of shingles that two texts have in common, by their signatures: 0 to 1."""
    ours, theirs = struct.unpack(_FORM, one), struct.unpack(_FORM, other)
    return sum(map(int.__eq__, ours, theirs)) / PLACES
