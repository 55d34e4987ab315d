"""PNG, JPEG and TIFF bytes -> `Radiograph`. Knows nothing of DICOM; trusts no header that it has not
checked.

Eight bits are divided by 255. More than eight bits (a 12-bit film in a 16-bit file would come out nearly
black) are stretched from their lowest to their highest value, all levels kept. Pillow reads PNG and JPEG.
tifffile reads TIFF, because Pillow 12 leaves the bytes of compressed big-endian signed and float samples
unswapped and ignores white-is-zero in 16 bits; only LZW and JPEG inside TIFF, which tifffile alone cannot
decode, go to Pillow.
"""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from rrg.data.film import FULL_RANGE_WARNING, MAX_PIXELS, check_size, check_varies, full_range, refusal
from rrg.types import Radiograph, RrgError, View

Pixels = NDArray[Any]

# How to turn the stored picture upright, by the Orientation tag (TIFF 6.0, tag 274; EXIF 2.3, 4.6.4).
UPRIGHT: dict[int, tuple[str, Callable[[Pixels], Pixels]]] = {
    2: ("mirrored left to right", np.fliplr),
    3: ("turned by 180 degrees", lambda a: np.rot90(a, 2)),
    4: ("mirrored top to bottom", np.flipud),
    5: ("transposed", lambda a: a.swapaxes(0, 1)),
    6: ("turned by 90 degrees clockwise", lambda a: np.rot90(a, -1)),
    7: ("transposed along the other diagonal", lambda a: np.rot90(a, 2).swapaxes(0, 1)),
    8: ("turned by 90 degrees counter-clockwise", lambda a: np.rot90(a, 1)),
}
NATIVE_TIFF = {"NONE", "DEFLATE", "ADOBE_DEFLATE", "PACKBITS"}
GREY_TOLERANCE = 2  # of 255: rounding of JPEG's colour transform; a tinted film differs by more


def read_raster(data: bytes, kind: str, view: View) -> Radiograph:
    """`kind` is "PNG", "JPEG" or "TIFF", as the magic bytes say.

    Raises RrgError for what is not one grey picture that can be decoded whole.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow warns of large images; `check_size` decides
            values, bits, inverted, steps = _read_tiff(data) if kind == "TIFF" else _read_pillow(data, kind)
    except RrgError:
        raise
    except Image.DecompressionBombError:  # Pillow's own limit, met on opening
        raise refusal(f"The picture has far more than {MAX_PIXELS // 1_000_000} megapixels.") from None
    except Exception:  # decoders raise whatever they like on damaged files, and quote the content
        raise refusal(
            f"The {kind} file cannot be decoded: truncated, damaged or of a kind that is not supported.",
            "Export it again from its source.",
        ) from None
    head = f"{kind}, {values.shape[1]} x {values.shape[0]} pixels, {bits} bits"
    values, grey_steps = _as_grey(values, kind)
    pixels, scale_step, notes = _to_unit(values)
    if inverted:
        pixels = np.float32(1) - pixels
        steps = [*steps, "inverted: the file stores white as zero"]
    return Radiograph(
        pixels=np.ascontiguousarray(pixels),
        view=view,
        source_format=kind,
        bits=bits,
        steps=(head, *grey_steps, scale_step, *steps),
        warnings=notes,
        inverted=inverted,
    )


def _read_pillow(data: bytes, kind: str) -> tuple[Pixels, int, bool, list[str]]:
    """PNG or JPEG: values (H, W) or (H, W, 3), bits, stored inverted?, steps."""
    with Image.open(io.BytesIO(data), formats=["JPEG", "MPO"] if kind == "JPEG" else [kind]) as image:
        check_size(*image.size)
        _check_one_frame(getattr(image, "n_frames", 1))
        bits = _png_bits(data) if kind == "PNG" else 8
        orientation = int(image.getexif().get(0x0112, 1))
        values = _decoded(image, bits)
    upright, steps = _turn_upright(values, orientation)
    return upright, bits, False, steps


def _png_bits(data: bytes) -> int:
    """Bits per sample from the IHDR chunk (PNG 11.2.1); refuses what Pillow would reduce to 8 bits."""
    bits, colour = struct.unpack_from(">BB", data, 24)
    if bits == 16 and colour != 0:
        raise refusal("The PNG file has 16 bits and several channels.", "Export it as 16-bit grey.")
    return int(bits)


def _decoded(image: Image.Image, bits: int) -> Pixels:
    """Decode to (H, W) or (H, W, 3). Refuses two-level, transparent and non-RGB colour pictures."""
    if image.mode == "1" or bits == 1:
        raise refusal("The picture has two levels only (1 bit a pixel).")
    if image.has_transparency_data:
        rgba = np.asarray(image.convert("RGBA"))
        if rgba[..., 3].min() < 255:
            raise refusal("The picture has transparent pixels.", "Export it without an alpha channel.")
        return rgba[..., :3]
    if image.mode in {"P", "PA"}:
        return np.asarray(image.convert("RGB"))
    if image.mode not in {"L", "RGB", "I", "I;16", "I;16B", "F"}:
        raise refusal(f"The picture is stored as {image.mode}, which is colour.", "Export it as grey.")
    return np.asarray(image)


def _read_tiff(data: bytes) -> tuple[Pixels, int, bool, list[str]]:
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        _check_one_frame(len(tiff.pages))
        page = tiff.pages.first
        check_size(page.imagewidth, page.imagelength)
        photometric = getattr(page.photometric, "name", "unknown")
        bits = int(page.bitspersample)
        _check_tiff_layout(photometric, bits, page.samplesperpixel)
        if getattr(page.compression, "name", "") not in NATIVE_TIFF:
            return _read_tiff_with_pillow(data, photometric, bits, unsigned=page.sampleformat == 1)
        values = np.asarray(page.asarray())
        tag = page.tags.get("Orientation")
    if values.ndim == 3 and page.planarconfig == 2:  # planes one after the other
        values = np.moveaxis(values, 0, -1)
    upright, steps = _turn_upright(values, int(tag.value) if tag else 1)
    return upright, bits, photometric == "MINISWHITE", steps


def _check_tiff_layout(photometric: str, bits: int, samples: int) -> None:
    if (photometric, samples) not in {("MINISBLACK", 1), ("MINISWHITE", 1), ("RGB", 3), ("YCBCR", 3)}:
        raise refusal(f"The TIFF file is {photometric} with {samples} samples a pixel.", "Export it as grey.")
    if bits < 8:
        raise refusal(f"The TIFF file has {bits} bits a pixel.", "Export it with 8 or 16 bits.")


def _read_tiff_with_pillow(
    data: bytes, photometric: str, bits: int, unsigned: bool
) -> tuple[Pixels, int, bool, list[str]]:
    """LZW and JPEG inside TIFF. Pillow itself turns it upright and, in 8 bits, undoes white-is-zero."""
    if bits > 16 or not unsigned:
        raise refusal(
            "The TIFF file holds signed, float or 32-bit samples in a compression that is not read."
        )
    with Image.open(io.BytesIO(data), formats=["TIFF"]) as image:
        values = _decoded(image, bits)
    undone = photometric == "MINISWHITE" and bits == 8
    return (255 - values if undone else values), bits, photometric == "MINISWHITE", []


def _check_one_frame(frames: int) -> None:
    if frames != 1:
        raise refusal(f"The file holds {frames} pictures.", "Export the one that is to be read.")


def _turn_upright(values: Pixels, orientation: int) -> tuple[Pixels, list[str]]:
    if orientation not in UPRIGHT:
        return values, []
    words, turn = UPRIGHT[orientation]
    return turn(values), [f"{words}, as the file's orientation tag says"]


def _as_grey(values: Pixels, kind: str) -> tuple[Pixels, list[str]]:
    """(H, W, 3) with equal channels -> (H, W); anything coloured is refused."""
    if values.ndim == 2:
        return values, []
    spread = int(np.ptp(values.astype(np.int32), axis=-1).max())
    if values.shape[-1] != 3 or spread > (GREY_TOLERANCE if kind == "JPEG" else 0):
        raise refusal("The picture is in colour.", "Export it as grey.")
    return values[..., 1], ["three equal colour channels read as one grey channel"]


def _to_unit(values: Pixels) -> tuple[NDArray[np.float32], str, tuple[str, ...]]:
    """Grey values -> [0, 1] float32, with the step in words and warnings."""
    lowest, highest = float(values.min()), float(values.max())
    check_varies(lowest, highest)
    if values.dtype == np.uint8:
        return values.astype(np.float32) / np.float32(255), "scaled from 0..255 to [0, 1]", ()
    step = f"scaled from its full range {lowest:g}..{highest:g} to [0, 1]"
    return full_range(values, lowest, highest), step, (FULL_RANGE_WARNING,)
