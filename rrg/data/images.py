"""One path from any file to a `Radiograph`, for training, evaluation, command line and app alike.

DICOM goes modality LUT -> VOI LUT or window -> inversion of MONOCHROME1 -> [0, 1] float32, bright = dense;
PNG, JPEG and TIFF keep the bits that they have. What was done is recorded in words. The format is told from
the content, never from the name. Compressed DICOM is decoded by pydicom's plugins: pylibjpeg-openjpeg (MIT,
around OpenJPEG, BSD-2) for JPEG 2000, python-gdcm (BSD-3) for JPEG and JPEG-LS, pydicom itself for RLE;
never by pylibjpeg-libjpeg, which is GPL-3 and does not go with this project's licence. Lossy JPEG of 12 bits,
which it alone decodes, is refused.

Knows nothing of model sizes, tensors or data sets, and does not judge from the pixels whether they show a
chest. Nothing that names a person (tags, file names) gets into the result, an error or a log.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rrg.data.film import ACCEPTED, looks_inverted, refusal
from rrg.data.foreign import what_it_is
from rrg.data.raster import read_raster
from rrg.types import Radiograph, RrgError, View

MAX_BYTES = 512 * 2**20  # 64 megapixels of 16 bits are 128 MB; nothing honest is larger than this

_RASTER = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"II+\x00": "TIFF",
    b"MM\x00+": "TIFF",
}


def load_radiograph(source: str | Path | bytes, *, view: View | None = None) -> Radiograph:
    """Read one film from a path or from the bytes of a file.

    Returns pixels (H, W) float32 in [0, 1], bright = dense. `view` overrides what the file says of its
    projection. Raises RrgError, saying what was found and what is accepted, for anything that is not one
    grey chest radiograph: several frames, colour, unknown photometric interpretation, no pixel data,
    truncated or encrypted files, more than 64 megapixels, fewer than 32 pixels a side, constant pictures,
    other modalities and body parts, other files.
    """
    data = source if isinstance(source, bytes) else _read_file(Path(source))
    film = _decode(data, View.UNKNOWN if view is None else view)
    if view is not None:
        film = replace(film, view=view, steps=(*film.steps, f"view given: {view.name.lower()}"))
    return replace(film, warnings=(*film.warnings, *_doubts(film)))


def _read_file(path: Path) -> bytes:
    """The file's bytes. Its name, which is often a patient's, stays out of every message."""
    try:
        if not path.exists():
            raise RrgError(f"The file does not exist: check its path. {ACCEPTED}")
        if not path.is_file():
            raise refusal("This is a folder or a device, not a file.", "Choose one picture.")
        if path.stat().st_size > MAX_BYTES:
            raise refusal(f"The file is larger than {MAX_BYTES // 2**20} MB.")
        return path.read_bytes()
    except (OSError, ValueError):
        raise RrgError(
            f"The file cannot be opened: check its path and that it may be read. {ACCEPTED}"
        ) from None


def looks_like_dicom(data: bytes) -> bool:
    """By the prefix "DICM" (PS3.10, 7.1), or, without one, by a first element of group 2 or 8."""
    if data[128:132] == b"DICM":
        return True
    little = data[:2] in {b"\x02\x00", b"\x08\x00"} and len(data) > 8
    return little and (data[4:6].isalpha() or data[6:8] == b"\x00\x00")


def _decode(data: bytes, view: View) -> Radiograph:
    if not data:
        raise refusal("The file is empty.", "Copy or export it again.")
    if len(data) > MAX_BYTES:
        raise refusal(f"The file is larger than {MAX_BYTES // 2**20} MB.")
    if looks_like_dicom(data):
        from rrg.data.dicom import read_dicom  # pydicom and its plugins take half a second to import

        return read_dicom(data)
    for magic, kind in _RASTER.items():
        if data.startswith(magic):
            return read_raster(data, kind, view)
    raise refusal(f"This is {what_it_is(data)}.", "Choose the film itself, as it was exported.")


def _doubts(film: Radiograph) -> list[str]:
    """What a reader must know before trusting the film: an unknown view, a polarity that looks wrong."""
    doubts = []
    if film.view is View.UNKNOWN:
        doubts.append("The file does not say whether it shows a frontal or a lateral view.")
    if film.view is not View.LATERAL and looks_inverted(film.pixels):
        doubts.append(
            "The middle of the film is darker than both sides: if it is a frontal film, bones are dark. "
            "Check the polarity."
        )
    return doubts
