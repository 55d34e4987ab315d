"""Line integrals -> a film as a clinical system shows it: scatter, noise, blur, processing, tone curve, a side's letter.

Knows nothing of bodies and findings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Array = NDArray[np.floating[Any]]

HARDENING = 0.018  # of each unit of the line integral: a beam of many energies is hardened by what it crosses
AIR = 0.25  # line integral below which there is no body


@dataclass(frozen=True)
class Style:
    """One radiographic system and its operator."""

    scatter: float = 0.05  # scattered over unscattered radiation behind a thin body, after the grid
    quanta: float = 400_000.0  # counted in a pixel of the open beam
    blur: float = 0.35  # of the detector, pixels
    harmony: float = 0.3  # share of the broad differences taken away
    edge: float = 1.0  # share of the fine ones added
    contrast: float = 3.5  # slope of the tone curve
    middle: float = 0.4  # where it is steepest, between the lungs (0) and the mediastinum (1)
    darkest: float = 0.25  # level of the darkest lung
    brightest: float = 0.94  # level of the mediastinum
    black: float = 0.02  # level of the open beam
    collimated: tuple[int, int, int, int] = (0, 0, 0, 0)  # pixels outside the field: top, bottom, left, right
    marker: tuple[str, int, int] | None = None  # letter, row, column


def random_style(rng: np.random.Generator, portable: bool, lateral: bool) -> Style:
    """A system drawn at random; a portable one has no grid and fewer quanta."""
    dark = rng.random() < 0.3
    edges = tuple(int(n) for n in rng.integers(0, 7, 4) * (rng.random(4) < 0.15))
    return Style(
        scatter=float(rng.uniform(0.03, 0.07) * (2 if portable else 1)),
        quanta=float(rng.uniform(200_000, 800_000) * (0.4 if portable else 1)),
        blur=float(rng.uniform(0.3, 0.55)),
        harmony=float(rng.uniform(0.2, 0.45)),
        edge=float(rng.uniform(0.7, 1.4)),
        contrast=float(rng.uniform(3.0, 4.2) + 0.6 * lateral),
        middle=float(rng.uniform(0.32, 0.46)),
        darkest=float(np.clip(rng.normal(0.27 - 0.13 * lateral, 0.07), 0.05, 0.42)),
        brightest=float(rng.uniform(0.9, 0.97)),
        black=float(rng.uniform(0.1, 0.2) if dark else rng.uniform(0.0, 0.04)),
        collimated=edges,  # type: ignore[arg-type]
    )


def expose(integrals: Array, style: Style, rng: np.random.Generator) -> Array:
    """Line integrals (H, W) -> what the detector reads, again as the logarithm of the attenuation."""
    primary = np.exp(-integrals * (1 - HARDENING * integrals))
    scattering = primary * np.minimum(integrals, 3)
    sigma = integrals.shape[1] / 14
    total = primary + style.scatter * blurred(scattering, sigma, cv2.BORDER_REPLICATE) * 2
    counted = total * style.quanta + np.sqrt(total * style.quanta) * rng.standard_normal(total.shape)
    seen = blurred(np.maximum(counted, 1) / style.quanta, style.blur)
    return -np.log(np.maximum(seen, 1e-5)).astype(np.float32)


def blurred(picture: Array, sigma: float, border: int = cv2.BORDER_REFLECT) -> Array:
    """A picture (H, W) blurred by a Gaussian of `sigma` pixels, cut at four of them."""
    side = 2 * int(4 * sigma + 0.5) + 1
    return np.asarray(cv2.GaussianBlur(picture, (side, side), sigma, borderType=border))


def develop(readings: Array, style: Style) -> NDArray[np.uint8]:
    """Readings (H, W) -> (H, W) uint8, bright = dense, as a digital film is processed."""
    side = readings.shape[1]
    body = np.clip(readings / AIR, 0, 1)
    broad = blurred(readings, side / 16)
    fine = readings - blurred(readings, side / 200)
    middle = readings - blurred(readings, side / 50)
    level = readings - style.harmony * (broad - broad.mean()) + style.edge * (1.6 * fine + 0.3 * middle)
    low, high = np.percentile(level[readings > 2 * AIR], [2, 93])
    relative = (level - low) / (high - low)
    curve = 1 / (1 + np.exp(-style.contrast * (relative - style.middle)))
    ends = [1 / (1 + np.exp(-style.contrast * (at - style.middle))) for at in (0, 1)]
    tone = style.darkest + (style.brightest - style.darkest) * (curve - ends[0]) / (ends[1] - ends[0])
    shown = style.black + np.clip(tone - style.black, 0, 1) * body
    return _finish((shown * 255).astype(np.float32), style)


def field_of(side: int, style: Style) -> NDArray[np.bool_]:
    """(side, side) bool: what is not collimated away."""
    top, bottom, left, right = style.collimated
    field = np.zeros((side, side), dtype=bool)
    field[top : side - bottom, left : side - right] = True
    return field


def _finish(levels: Array, style: Style) -> NDArray[np.uint8]:
    film = Image.fromarray(np.clip(levels, 0, 255).round().astype(np.uint8))
    if style.marker:
        _mark(film, *style.marker)
    pixels = np.array(film)
    pixels[~field_of(len(pixels), style)] = 0
    return pixels


def _mark(film: Image.Image, letter: str, row: int, column: int) -> None:
    """A lead letter, not quite white, its edges soft."""
    layer = Image.new("L", film.size)
    ImageDraw.Draw(layer).text((column, row), letter, fill=255, font=ImageFont.load_default(15))
    soft = cv2.GaussianBlur(np.asarray(layer), (3, 3), 0.6)
    film.paste(245, (0, 0), Image.fromarray((soft * 0.95).astype(np.uint8)))
