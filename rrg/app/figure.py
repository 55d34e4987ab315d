"""The alignment curve and the arc of one model as SVG to stand in the page: ink by style sheet, so one serves both themes.

Knows numbers and names only: no model, no page. Shapes and dashes tell the lines apart, colours only support them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rrg.types import HardNegative, HardNegatives

WIDTH, HEIGHT = 400, 236
LEFT, RIGHT, TOP, BOTTOM = 50, 14, 34, 42  # of the curve's axes within the picture
LEAST = 0.1  # of cosine, from the bottom to the top of a curve's picture
ARC_TOP = 52  # above the circle: the key
_STRAIGHT = 1e-3  # radians: below this peer and positive point the same way, or opposite ways

Point = tuple[float, float]


@dataclass(frozen=True)
class Film:
    """The image's direction in the plane of the arc: radians from the peer, and the share of it in that plane."""

    angle: float
    length: float

    @classmethod
    def of(cls, negatives: HardNegatives) -> Film | None:
        """From the cosines with both ends; None where peer and positive span no plane."""
        across = math.sin(negatives.span)
        if across < _STRAIGHT:
            return None
        along = negatives.peer_alignment
        rise = (negatives.positive_alignment - along * math.cos(negatives.span)) / across
        return cls(math.atan2(rise, along), math.hypot(rise, along))


def extents(curves: Sequence[HardNegatives]) -> list[tuple[float, float]]:
    """For each model the range of cosines to draw: each around its own, all of one length.

    So a step is as long in one picture as in the other, though the models' cosines may lie far apart; never
    below `LEAST`, so that next to nothing looks like next to nothing.
    """
    values = [[*(p.alignment for p in each.path), each.positive_alignment] for each in curves]
    length = max(LEAST, *(1.16 * (max(each) - min(each)) for each in values))
    middles = [(max(each) + min(each)) / 2 for each in values]
    return [(middle - length / 2, middle + length / 2) for middle in middles]


def curve(negatives: HardNegatives, point: HardNegative, low: float, high: float, words: str) -> str:
    """cos(film, h_lambda) as lambda falls from 1 to 0, against cos(film, positive); `words` are its alternative text."""
    path = sorted(negatives.path, key=lambda p: -p.hardness)

    def at(hardness: float, value: float) -> Point:
        across = LEFT + (1 - hardness) * (WIDTH - LEFT - RIGHT)
        return across, TOP + (high - value) / (high - low) * (HEIGHT - TOP - BOTTOM)

    line = [at(p.hardness, p.alignment) for p in path]
    ends = [at(1.0, negatives.positive_alignment), at(0.0, negatives.positive_alignment)]
    here, above = at(point.hardness, point.alignment), at(point.hardness, negatives.positive_alignment)
    parts = [
        *_ticks(at, low, high),
        f'<polygon class="gap" points="{_points([*line, *reversed(ends)])}"/>',
        f'<polyline class="positive" points="{_points(ends)}"/>',
        f'<polyline class="negative" points="{_points(line)}"/>',
        f'<line class="here" x1="{here[0]:.1f}" x2="{here[0]:.1f}" y1="{TOP}" y2="{HEIGHT - BOTTOM}"/>',
        f'<line class="margin" x1="{here[0]:.1f}" x2="{here[0]:.1f}" y1="{here[1]:.1f}" y2="{above[1]:.1f}"/>',
        _diamond(here),
        _key([("positive", "positive"), ("negative", "negative")]),
    ]
    return _svg(HEIGHT, words, parts)


def _ticks(at: Callable[[float, float], Point], low: float, high: float) -> list[str]:
    parts = []
    for value in _round_numbers(low, high):
        _, y = at(1.0, value)
        parts.append(f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{_number(value)}</text>')
    for hardness, anchor in ((1.0, "start"), (0.5, "middle"), (0.0, "end")):
        x, _ = at(hardness, low)
        told = {1.0: "λ 1: the peer", 0.5: "0.5", 0.0: "0: the hardest"}[hardness]
        parts.append(f'<text x="{x:.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="{anchor}">{told}</text>')
    return parts


def _round_numbers(low: float, high: float) -> list[float]:
    """Three to six round values within a range."""
    rough = (high - low) / 4
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    return [i * step for i in range(math.ceil(low / step), math.floor(high / step) + 1)]


def arc(negatives: HardNegatives, point: HardNegative, words: str) -> str:
    """The way from the peer (left) to the positive (right) on the sphere, with the film's direction in their plane."""
    film = Film.of(negatives)
    if film is None:
        return ""
    radius = min(190.0, 125 / max(math.sin(negatives.span / 2), 0.1))  # as large as leaves room for the words
    centre = (WIDTH / 2, ARC_TOP + radius)
    turn = math.pi / 2 + negatives.span / 2

    def at(angle: float, length: float = 1.0) -> Point:
        away = length * radius
        return centre[0] + away * math.cos(turn - angle), centre[1] - away * math.sin(turn - angle)

    peer, positive = at(0), at(negatives.span)
    tip = at(film.angle, film.length)
    parts = [
        *(f'<line class="ray" {_ends(centre, end)}/>' for end in (peer, positive)),
        f'<line class="film-way" {_ends(centre, at(film.angle))}/>',
        f'<polyline class="span" points="{_points(_bow(at, 0, negatives.span))}"/>',
        f'<polyline class="reach" points="{_points(_bow(at, 0, negatives.reach))}"/>',
        f'<line class="film" {_ends(centre, tip)}/>', _head(centre, tip),
        f'<circle class="peer" cx="{peer[0]:.1f}" cy="{peer[1]:.1f}" r="6"/>',
        f'<circle class="truth" cx="{positive[0]:.1f}" cy="{positive[1]:.1f}" r="6"/>',
        _diamond(at(point.angle)),
        f'<text x="{peer[0] - 12:.1f}" y="{peer[1] + 4:.1f}" text-anchor="end">peer</text>',
        f'<text x="{positive[0] + 12:.1f}" y="{positive[1] + 4:.1f}">positive</text>',
        _key([("film", "film"), ("reach", "hardest")]),
    ]  # fmt: skip
    return _svg(max(centre[1], tip[1], peer[1]) + 14, words, parts)


def _bow(at: Callable[[float], Point], start: float, end: float) -> list[Point]:
    return [at(start + (end - start) * i / 32) for i in range(33)]


def _head(start: Point, tip: Point) -> str:
    """The head of an arrow, smaller than the arrow itself."""
    length = math.dist(start, tip)
    if length < 1:
        return ""
    size = min(12.0, length / 2)
    x, y = (tip[0] - start[0]) / length, (tip[1] - start[1]) / length
    base = (tip[0] - size * x, tip[1] - size * y)
    wings = [
        (base[0] - y * size * 0.45, base[1] + x * size * 0.45),
        (base[0] + y * size * 0.45, base[1] - x * size * 0.45),
    ]
    return f'<polygon class="head" points="{_points([tip, *wings])}"/>'


def _key(entries: Sequence[tuple[str, str]]) -> str:
    """Line samples with their words above a picture, and the diamond."""
    parts, x = [], 6
    for kind, name in entries:
        parts.append(f'<line class="{kind}" x1="{x}" x2="{x + 26}" y1="12" y2="12"/>')
        parts.append(f'<text x="{x + 32}" y="16">{name}</text>')
        x += 46 + 7 * len(name)
    return "".join(parts) + _diamond((x + 6, 12)) + f'<text x="{x + 18}" y="16">negative at this λ</text>'


def _diamond(centre: Point) -> str:
    x, y = centre
    corners = [(x, y - 8), (x + 8, y), (x, y + 8), (x - 8, y)]
    return f'<polygon class="marker" points="{_points(corners)}"/>'


def _svg(height: float, words: str, parts: Sequence[str]) -> str:
    """`words` come escaped."""
    box = f'viewBox="0 0 {WIDTH} {height:.0f}"'
    return f'<svg class="figure" {box} role="img" aria-label="{words}">{"".join(parts)}</svg>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _ends(start: Point, end: Point) -> str:
    return f'x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}"'


def _number(value: float) -> str:
    return f"{value + 0.0:.2f}".replace("-", "−")
