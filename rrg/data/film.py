"""What every film must satisfy, whatever its file format, and the two sums that all readers share.

Knows nothing of DICOM, PNG, JPEG or TIFF, of chest anatomy beyond "the middle is denser than the lungs", or
of models.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rrg.types import RrgError

MAX_PIXELS = 64_000_000
MIN_SIDE = 32
ACCEPTED = (
    "Accepted are single-frame grey chest radiographs as DICOM, PNG, JPEG or TIFF, "
    f"at least {MIN_SIDE} pixels a side and at most {MAX_PIXELS // 1_000_000} megapixels."
)
FULL_RANGE_WARNING = (
    "The file has no usable display window: its full range of values is shown, contrast may be flat."
)


def refusal(found: str, advice: str = "") -> RrgError:
    """The error for a file that is not read: what was found, what to do, what is accepted."""
    return RrgError(" ".join(part for part in (found, advice, ACCEPTED) if part))


def check_size(width: int, height: int) -> None:
    """Refuse films that are too small to show anything or too large to be safe. Call it before decoding."""
    if min(width, height) < MIN_SIDE:
        raise refusal(f"The picture is {width} x {height} pixels: too small for a radiograph.")
    if width * height > MAX_PIXELS:
        megapixels = width * height / 1e6
        raise refusal(
            f"The picture is {width} x {height} pixels ({megapixels:.0f} megapixels).",
            "Export it at a lower resolution.",
        )


def check_varies(lowest: float, highest: float) -> None:
    """Refuse a film whose pixels all hold one value, or a value that is no number."""
    if not (np.isfinite(lowest) and np.isfinite(highest)):
        raise refusal("The picture holds values that are not finite numbers.")
    if lowest == highest:
        raise refusal(
            "All pixels of the picture hold the same value: nothing is shown.",
            "Export the image again from its source.",
        )


def full_range(values: NDArray[np.generic], lowest: float, highest: float) -> NDArray[np.float32]:
    """Map [lowest, highest] to [0, 1] float32; values outside are clipped."""
    check_varies(lowest, highest)
    scaled = (values.astype(np.float64) - lowest) / (highest - lowest)
    return np.clip(scaled, 0.0, 1.0).astype(np.float32)


def looks_inverted(pixels: NDArray[np.float32]) -> bool:
    """Whether (H, W) pixels in [0, 1] look like a frontal film in which air is bright.

    On a frontal film the mediastinum is denser than either lung. A film whose middle is clearly darker than
    both sides is taken to be inverted; anything less clear is not.
    """
    height, width = pixels.shape
    rows = pixels[int(0.30 * height) : int(0.60 * height)]
    left, middle, right = (
        float(np.median(rows[:, int(a * width) : int(b * width)]))
        for a, b in ((0.20, 0.35), (0.45, 0.55), (0.65, 0.80))
    )
    return middle < min(left, right) - 0.1
