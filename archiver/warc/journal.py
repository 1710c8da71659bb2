"""How far an open WARC file is known to be durable: one line, written over and over in place.

A loss of power may leave a part of a new line over the old one. Digits of two offsets would then
read as a third, beyond what was durable, so that each line carries its own checksum.
"""

from __future__ import annotations

import re
import zlib

_LINE = re.compile(rb"([0-9]{20}) ([0-9a-f]{8})\n")


def journal_line(offset: int) -> bytes:
    """The line that says so: 20 digits, a space, CRC-32 of those digits in hex, a line feed."""
    digits = b"%020d" % offset
    return b"%s %08x\n" % (digits, zlib.crc32(digits))


def journalled_offset(line: bytes) -> int | None:
    """The offset that a journal's content says; None where it is not one whole line."""
    found = _LINE.fullmatch(line)
    if found is None:
        return None
    offset = int(found[1])
    return offset if journal_line(offset) == line else None
