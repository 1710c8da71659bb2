"""Small pictures, painted from a name: PNG scenes, SVG charts and the site's logo.

The same name gives the same picture, and another name another one.
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Callable, Sequence
from functools import cache
from html import escape
from random import Random

_SKIES = {
    "harbour": ((250, 205, 150), (96, 140, 178)),
    "road": ((232, 224, 205), (140, 170, 190)),
    "hills": ((244, 214, 190), (120, 132, 176)),
    "city": ((92, 74, 110), (24, 30, 60)),
    "pitch": ((214, 232, 240), (110, 166, 206)),
    "stage": ((70, 30, 34), (12, 10, 18)),
    "hall": ((226, 206, 170), (150, 118, 84)),
    "storm": ((148, 156, 164), (56, 64, 78)),
    "lab": ((196, 230, 222), (44, 104, 112)),
}
SCENES = frozenset(_SKIES)
_STEPS = 48  # colours of a gradient
_LAMP = (246, 196, 74)

Colour = tuple[int, int, int]


class _Canvas:
    """A picture of palette colours, painted in spans of rows; coordinates go from 0 to 1."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self.rows = [bytearray(width) for _ in range(height)]
        self.palette: list[Colour] = []

    def colour(self, colour: Colour) -> int:
        if colour not in self.palette:
            self.palette.append(colour)
        return self.palette.index(colour)

    def sky(self, low: Colour, high: Colour) -> None:
        for y, row in enumerate(self.rows):
            part = (y * _STEPS // self.height) / _STEPS
            mixed = [round(h + (lo - h) * part) for lo, h in zip(low, high, strict=True)]
            row[:] = bytes([self.colour((mixed[0], mixed[1], mixed[2]))]) * self.width

    def shape(
        self,
        top: float,
        bottom: float,
        span: Callable[[float], tuple[float, float]],
        colour: Colour,
    ) -> None:
        """Paint rows `top` to `bottom`, each from and to where `span` of its height says."""
        index = self.colour(colour)
        for y in range(
            max(0, round(top * self.height)), min(self.height, round(bottom * self.height))
        ):
            left, right = span(y / self.height)
            start = min(self.width, max(0, round(left * self.width)))
            end = min(self.width, max(start, round(right * self.width)))
            self.rows[y][start:end] = bytes([index]) * (end - start)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        self.shape(top, bottom, lambda _: (left, right), colour)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """A disc whose `radius` is in heights."""
        flat = self.height / self.width

        def span(row: float) -> tuple[float, float]:
            half = math.sqrt(max(0.0, radius**2 - (row - y) ** 2)) * flat
            return x - half, x + half

        self.shape(y - radius, y + radius, span, colour)

    def peak(self, x: float, top: float, bottom: float, slope: float, colour: Colour) -> None:
        self.shape(
            top, bottom, lambda row: (x - (row - top) * slope, x + (row - top) * slope), colour
        )

    def png(self) -> bytes:
        def chunk(kind: bytes, data: bytes) -> bytes:
            check = zlib.crc32(kind + data)
            return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", check)

        head = struct.pack(">IIBBBBB", self.width, self.height, 8, 3, 0, 0, 0)
        palette = bytes(value for colour in self.palette for value in colour)
        rows = b"".join(b"\0" + row for row in self.rows)
        return b"".join([
            b"\x89PNG\r\n\x1a\n",
            chunk(b"IHDR", head),
            chunk(b"PLTE", palette),
            chunk(b"IDAT", zlib.compress(rows, 9)),
            chunk(b"IEND", b""),
        ])  # fmt: skip


@cache
def png(name: str, scene: str, width: int) -> bytes:
    """A painted scene as a PNG of `width` by 9/16 of it, in pixels.

    Raises:
        KeyError: where there is no such scene.
    """
    canvas = _Canvas(width, width * 9 // 16)
    chance = Random(f"lantern {name}")
    canvas.sky(*_SKIES[scene])
    _PAINTERS[scene](canvas, chance)
    return canvas.png()


def _shade(chance: Random, colour: Colour, spread: int = 18) -> Colour:
    shift = chance.randint(-spread, spread)
    red, green, blue = (min(255, max(0, value + shift)) for value in colour)
    return red, green, blue


def _hills(canvas: _Canvas, chance: Random, foot: float, colour: Colour, count: int = 5) -> None:
    for _ in range(count):
        top = foot - chance.uniform(0.1, 0.4)
        canvas.peak(chance.random(), top, foot, chance.uniform(0.5, 1.1), _shade(chance, colour))


def _harbour(canvas: _Canvas, chance: Random) -> None:
    canvas.disc(chance.uniform(0.15, 0.85), chance.uniform(0.2, 0.4), 0.09, (255, 240, 214))
    _hills(canvas, chance, 0.62, (84, 108, 124))
    canvas.box(0, 0.62, 1, 1, (52, 92, 116))
    for _ in range(26):
        x, y = chance.random(), chance.uniform(0.66, 0.98)
        canvas.box(x, y, x + chance.uniform(0.04, 0.18), y + 0.008, (98, 140, 160))
    x = chance.uniform(0.15, 0.6)
    canvas.shape(0.6, 0.72, lambda row: (x - 0.3 * (0.72 - row), x + 0.3), (36, 42, 52))
    canvas.box(x + 0.06, 0.5, x + 0.24, 0.6, (240, 236, 226))
    canvas.box(x + 0.1, 0.42, x + 0.14, 0.5, (190, 70, 50))
    for window in range(6):
        canvas.box(x + 0.075 + window * 0.027, 0.53, x + 0.09 + window * 0.027, 0.56, (70, 90, 110))


def _city(canvas: _Canvas, chance: Random) -> None:
    canvas.disc(chance.uniform(0.1, 0.9), 0.2, 0.08, (240, 232, 204))
    x = -0.02
    while x < 1:
        wide, top = chance.uniform(0.06, 0.15), chance.uniform(0.3, 0.65)
        canvas.box(x, top, x + wide, 0.9, _shade(chance, (48, 46, 66)))
        canvas.peak(x + wide / 2, top - 0.08, top, wide * 6, _shade(chance, (70, 48, 56)))
        for row in range(int((0.85 - top) / 0.09)):
            for column in range(3):
                if chance.random() < 0.45:
                    left, up = x + wide * (0.15 + column * 0.28), top + 0.04 + row * 0.09
                    canvas.box(left, up, left + wide * 0.16, up + 0.045, _LAMP)
        x += wide
    canvas.box(0, 0.9, 1, 1, (30, 30, 40))


def _road(canvas: _Canvas, chance: Random) -> None:
    _hills(canvas, chance, 0.6, (126, 140, 112))
    canvas.box(0, 0.6, 1, 1, (156, 158, 118))
    canvas.shape(0.6, 1, lambda row: (0.5 - (row - 0.58), 0.5 + (row - 0.58)), (92, 92, 96))
    for mark in range(5):
        canvas.box(0.49, 0.64 + mark * 0.08, 0.51, 0.68 + mark * 0.08, (240, 240, 230))


def _mountains(canvas: _Canvas, chance: Random) -> None:
    canvas.disc(chance.uniform(0.1, 0.9), 0.3, 0.1, (255, 236, 200))
    for foot, colour in ((0.75, (142, 146, 172)), (0.88, (104, 116, 134)), (1.0, (66, 86, 88))):
        _hills(canvas, chance, foot, colour)
        canvas.box(0, foot - 0.01, 1, 1, colour)
    canvas.box(0, 0.93, 1, 1, (56, 76, 70))


def _pitch(canvas: _Canvas, chance: Random) -> None:
    canvas.box(0, 0.28, 1, 0.42, _shade(chance, (120, 110, 116)))
    for stripe in range(8):
        colour = (86, 150, 84) if stripe % 2 else (98, 164, 92)
        canvas.box(stripe / 8, 0.42, (stripe + 1) / 8, 1, colour)
    canvas.box(0, 0.7, 1, 0.708, (240, 244, 236))
    for _ in range(9):
        x, y = chance.uniform(0.05, 0.95), chance.uniform(0.45, 0.85)
        shirt = chance.choice([(200, 50, 50), (244, 210, 70), (40, 60, 130)])
        canvas.disc(x, y - 0.02, 0.018, (222, 180, 150))
        canvas.box(x - 0.012, y, x + 0.012, y + 0.06, shirt)
        canvas.box(x - 0.01, y + 0.06, x + 0.01, y + 0.1, (40, 40, 48))
    canvas.disc(chance.random(), 0.9, 0.014, (255, 255, 255))


def _stage(canvas: _Canvas, chance: Random) -> None:
    for _ in range(3):
        x = chance.uniform(0.2, 0.8)
        canvas.peak(x, 0, 0.85, chance.uniform(0.12, 0.2), _shade(chance, (120, 84, 58)))
    canvas.box(0, 0.85, 1, 1, (58, 38, 30))
    x = chance.uniform(0.3, 0.7)
    canvas.peak(x, 0.5, 0.88, 0.14, (40, 26, 34))
    canvas.disc(x, 0.5, 0.05, (214, 172, 140))
    canvas.disc(x + 0.06, 0.56, 0.03, _LAMP)


def _hall(canvas: _Canvas, chance: Random) -> None:
    for arch in range(5):
        x = 0.1 + arch * 0.2
        canvas.disc(x, 0.28, 0.1, (236, 240, 238))
        canvas.box(x - 0.056, 0.28, x + 0.056, 0.58, (236, 240, 238))
    for row in range(4):
        y = 0.64 + row * 0.09
        canvas.box(0.02, y, 0.98, y + 0.03, _shade(chance, (104, 66, 44), 8))
        for seat in range(9):
            canvas.disc(
                0.1 + seat * 0.1 + chance.uniform(-0.02, 0.02), y - 0.02, 0.022, (70, 54, 60)
            )


def _storm(canvas: _Canvas, chance: Random) -> None:
    for _ in range(9):
        canvas.disc(chance.random(), chance.uniform(0, 0.25), 0.16, _shade(chance, (92, 98, 110)))
    canvas.box(0, 0.65, 1, 1, (62, 82, 92))
    for _ in range(10):
        x, y = chance.random(), chance.uniform(0.58, 0.8)
        canvas.peak(x, y, y + 0.12, chance.uniform(0.4, 0.9), _shade(chance, (96, 122, 130)))
    canvas.box(0.7, 0.35, 0.74, 0.75, (228, 222, 214))
    canvas.box(0.69, 0.3, 0.75, 0.36, (188, 60, 48))
    for _ in range(90):
        x, y = chance.random(), chance.random()
        canvas.box(x, y, x + 0.002, y + 0.04, (190, 198, 206))


def _lab(canvas: _Canvas, chance: Random) -> None:
    for _ in range(14):
        x, top = chance.random(), chance.uniform(0.3, 0.8)
        canvas.peak(x, top, 1, chance.uniform(0.02, 0.05), _shade(chance, (40, 110, 76), 30))
    for _ in range(24):
        x, y, radius = chance.random(), chance.random(), chance.uniform(0.01, 0.045)
        canvas.disc(x, y, radius, _shade(chance, (214, 240, 234)))


_PAINTERS: dict[str, Callable[[_Canvas, Random], None]] = {
    "harbour": _harbour,
    "road": _road,
    "hills": _mountains,
    "city": _city,
    "pitch": _pitch,
    "stage": _stage,
    "hall": _hall,
    "storm": _storm,
    "lab": _lab,
}


def chart(title: str, bars: Sequence[tuple[str, float]]) -> bytes:
    """A bar chart as SVG, 960 by 540 units."""
    highest, wide = max(value for _, value in bars), 840 / len(bars)
    parts = []
    for place, (label, value) in enumerate(bars):
        tall, left = 360 * value / highest, 60 + place * wide
        middle = left + wide * 0.4
        parts.append(
            f'<rect x="{left:.0f}" y="{440 - tall:.0f}" width="{wide * 0.8:.0f}" '
            f'height="{tall:.0f}" fill="#c98a1b"/>'
            f'<text x="{middle:.0f}" y="{430 - tall:.0f}">{value:g}</text>'
            f'<text x="{middle:.0f}" y="475">{escape(label)}</text>'
        )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 960 540" role="img">'
        f"<title>{escape(title)}</title>"
        '<rect width="960" height="540" fill="#faf6ec"/><path d="M40 440h880" stroke="#333"/>'
        '<g font-family="sans-serif" font-size="26" text-anchor="middle" fill="#222">'
        f"{''.join(parts)}</g></svg>\n"
    ).encode()
