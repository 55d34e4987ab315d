"""DICOM bytes -> `Radiograph`. Knows nothing of other formats; reads from the header only what the pixels
need.

The grey-scale chain is a function of the stored value alone, so it is computed once on a table of at most
65,536 values and looked up. pydicom does the arithmetic. No value of a tag that may name a person is kept
or quoted, and pydicom's own warnings, which quote values, are silenced.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import get_frame
from pydicom.pixels import apply_modality_lut, apply_voi, apply_windowing
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from rrg.data.film import FULL_RANGE_WARNING, MAX_PIXELS, check_size, check_varies, full_range, refusal
from rrg.types import Radiograph, RrgError, View

logging.getLogger("pydicom").addFilter(lambda _: False)  # its messages quote tag values

# PS3.3 C.7.3.1.1.1. "DR" is not a defined term, but is found.
RADIOGRAPHY = {"CR", "DX", "RG", "DR"}
MAYBE_RADIOGRAPHY = {"OT", "RF", "SC"}  # scanned, converted or fluoroscopy-room films
CHEST_WORDS = ("CHEST", "THORA", "TORAX", "LUNG", "RIBS")
MAX_INFLATED = 2 * MAX_PIXELS + 2**20
EXTREMES = np.array([-1e30, 1e30])

Values = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Grey:
    """A stage of the grey-scale chain: one output value for each stored value, and what was done."""

    table: Values
    steps: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def read_dicom(data: bytes) -> Radiograph:
    """Raises RrgError for what is not one grey projection radiograph of a chest that can be decoded whole."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            dataset = _parse(data)
            _check_content(dataset)
            _check_pixels(dataset)
            return _render(dataset)
        except RrgError:
            raise
        except Exception:  # pydicom raises whatever a broken value leads to, and quotes the value
            raise refusal(
                "The DICOM file's header holds values that contradict each other or cannot be read.",
                "Export it again from its source.",
            ) from None


def _parse(data: bytes) -> Dataset:
    prefixed = data[128:132] == b"DICM"
    if prefixed and _transfer_syntax(data) == DeflatedExplicitVRLittleEndian:
        _check_inflated(data)
    # Old writers leave the preamble out (PS3.10 wants it), and only `force` reads their files.
    dataset = pydicom.dcmread(io.BytesIO(data), force=not prefixed)
    if "TransferSyntaxUID" not in getattr(dataset, "file_meta", {}):
        dataset.file_meta = getattr(dataset, "file_meta", FileMetaDataset())
        implicit, _ = dataset.original_encoding
        dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    return dataset


def _transfer_syntax(data: bytes) -> str:
    found = re.search(rb"\x02\x00\x10\x00UI..([0-9.]+)", data[132:1200], re.DOTALL)
    return found.group(1).decode() if found else ""


def _check_inflated(data: bytes) -> None:
    """Refuse a deflated data set (PS3.5 A.5), which starts after group 2, that would fill the memory."""
    (group_length,) = struct.unpack_from("<I", data, 140)
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    inflater.decompress(data[144 + group_length :], MAX_INFLATED)
    if inflater.unconsumed_tail:
        raise refusal(f"The DICOM file inflates to more than {MAX_INFLATED // 10**6} MB.")


def _code(dataset: Dataset, keyword: str) -> str:
    """A code string (VR CS: capitals, digits, space, underscore; PS3.5 6.2), anything else in it left out."""
    return re.sub(r"[^A-Z0-9_ -]", "", str(dataset.get(keyword) or "").upper())[:32].strip()


def _check_content(dataset: Dataset) -> None:
    """Refuse other modalities and body parts. Missing and empty tags pass: others judge the pixels."""
    modality, part = _code(dataset, "Modality"), _code(dataset, "BodyPartExamined")
    if modality and modality not in RADIOGRAPHY | MAYBE_RADIOGRAPHY:
        raise refusal(f"The DICOM file's modality is {modality}: not a radiograph (CR, DX, RG or DR).")
    chest = any(word in part for word in CHEST_WORDS) and "SPINE" not in part
    if part and not chest:
        raise refusal(f"The DICOM file says that it shows {part}: not a chest radiograph.")


def _check_pixels(dataset: Dataset) -> None:
    """Everything that can be refused before the pixel data are decoded."""
    if "PixelData" not in dataset:
        raise refusal("The DICOM file has no pixel data (PixelData is missing).")
    frames = str(dataset.get("NumberOfFrames") or "1")
    if frames != "1":
        raise refusal(
            f"The DICOM file has {frames if frames.isdigit() else 'an unreadable number of'} frames."
        )
    kind = _code(dataset, "PhotometricInterpretation")
    samples = dataset.get("SamplesPerPixel", 1)
    if samples != 1 or kind.startswith(("RGB", "YBR", "PALETTE")):
        raise refusal(f"The DICOM file is in colour ({kind or 'unnamed'}, {samples} samples a pixel).")
    if kind not in {"MONOCHROME1", "MONOCHROME2"}:
        raise refusal(
            f"The DICOM file's photometric interpretation is {kind or 'missing'}: polarity unknown."
        )
    if dataset.get("BitsAllocated") not in {8, 16}:
        raise refusal("The DICOM file's pixels are not of 8 or 16 bits.")
    check_size(int(dataset.get("Columns") or 0), int(dataset.get("Rows") or 0))
    if dataset.file_meta.TransferSyntaxUID.is_encapsulated:
        _check_coded_size(dataset)


def _check_coded_size(dataset: Dataset) -> None:
    """Refuse a compressed stream that states another size than the header, before it is decoded."""
    coded = _coded_size(get_frame(dataset.PixelData, 0, number_of_frames=1))
    if coded and coded != (dataset.Columns, dataset.Rows):
        raise refusal(
            f"The DICOM header says {dataset.Columns} x {dataset.Rows} pixels, "
            f"its compressed picture {coded[0]} x {coded[1]}."
        )


def _coded_size(frame: bytes) -> tuple[int, int] | None:
    """(width, height) by the SIZ marker of JPEG 2000 (ISO 15444-1 A.5.1) or SOF of JPEG and JPEG-LS."""
    start = frame.find(b"\xff\x4f\xff\x51", 0, 4096)
    if start >= 0:
        right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
        return right - left, bottom - top
    at = 2
    while frame[:2] == b"\xff\xd8" and at + 9 <= len(frame) and frame[at] == 0xFF:
        marker, length = frame[at + 1], struct.unpack_from(">H", frame, at + 2)[0]
        if marker == 0xF7 or (0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}):
            height, width = struct.unpack_from(">HH", frame, at + 5)
            return width, height
        at += 2 + length
    return None


def _stored_values(dataset: Dataset) -> NDArray[Any]:
    """(H, W) integers as stored, bits above `BitsStored` (old overlays, PS3.5 8.1.1) cleared."""
    syntax = dataset.file_meta.TransferSyntaxUID.name
    try:
        stored = np.asarray(dataset.pixel_array)
    except Exception:
        raise refusal(
            f"The DICOM file's pixel data ({syntax}) cannot be decoded: truncated, damaged, encrypted "
            "or of a kind that is not supported.",
            "Export it uncompressed.",
        ) from None
    if stored.ndim != 2:
        raise refusal(
            f"The DICOM file's pixel data decode to {stored.ndim} dimensions, not to one grey picture."
        )
    if stored.dtype.kind == "u" and dataset.BitsStored < dataset.BitsAllocated:
        stored = stored & stored.dtype.type(2**dataset.BitsStored - 1)
    return stored


def _render(dataset: Dataset) -> Radiograph:
    """Stored values -> modality LUT -> VOI -> inversion -> [0, 1]. Padding is outside the range and black."""
    stored = _stored_values(dataset)
    padding = _padding(dataset, stored)
    shown = stored[~padding] if padding.any() and not padding.all() else stored
    lowest, highest = int(shown.min()), int(shown.max())
    check_varies(lowest, highest)
    grey = _to_display(dataset, np.arange(lowest, highest + 1, dtype=stored.dtype))
    inverted = dataset.PhotometricInterpretation.strip().upper() == "MONOCHROME1"
    table = (1.0 - grey.table if inverted else grey.table).astype(np.float32)
    pixels = table[np.clip(stored, lowest, highest).astype(np.int64) - lowest]
    check_varies(float(pixels.min()), float(pixels.max()))
    pixels[padding if shown is not stored else np.zeros_like(padding)] = 0.0
    view = View.parse(_code(dataset, "ViewPosition"))
    return Radiograph(
        pixels=pixels,
        view=view,
        source_format="DICOM",
        bits=int(dataset.BitsStored),
        steps=(
            f"DICOM, {stored.shape[1]} x {stored.shape[0]} pixels, {dataset.BitsStored} bits stored, "
            f"{dataset.file_meta.TransferSyntaxUID.name}",
            *grey.steps,
            *(["inverted: MONOCHROME1 stores dense tissue dark"] if inverted else []),
            *(["padding shown black"] if shown is not stored else []),
            *([f"view read from the header: {view.name.lower()}"] if view is not View.UNKNOWN else []),
        ),
        warnings=(*grey.warnings, *_header_doubts(dataset)),
        inverted=inverted,
    )


def _padding(dataset: Dataset, stored: NDArray[Any]) -> NDArray[np.bool_]:
    """Where the scanner filled up the picture (Pixel Padding Value and Range Limit, PS3.3 C.7.5.1.1.2)."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, dtype=bool)
    limit = dataset.get("PixelPaddingRangeLimit", value)
    return (stored >= min(value, limit)) & (stored <= max(value, limit))


def _to_display(dataset: Dataset, values: NDArray[Any]) -> _Grey:
    """A run of stored values -> display values in [0, 1], before inversion."""
    modality = np.asarray(apply_modality_lut(values, dataset))
    first = _modality_step(dataset)
    shown = _voi(dataset, modality)
    if shown is not None:
        return _Grey(shown.table, (*first, *shown.steps))
    lowest, highest = float(modality.min()), float(modality.max())
    step = f"scaled from its full range {lowest:g}..{highest:g} to [0, 1]"
    return _Grey(
        full_range(modality, lowest, highest).astype(np.float64), (*first, step), (FULL_RANGE_WARNING,)
    )


def _modality_step(dataset: Dataset) -> tuple[str, ...]:
    if dataset.get("ModalityLUTSequence"):
        return ("modality look-up table applied",)
    if "RescaleSlope" in dataset and "RescaleIntercept" in dataset:
        return (
            f"rescaled: slope {float(dataset.RescaleSlope):g}, intercept {float(dataset.RescaleIntercept):g}",
        )
    return ()


def _voi(dataset: Dataset, values: NDArray[Any]) -> _Grey | None:
    """The file's own VOI LUT or first window, to [0, 1]; None where it has none that shows anything."""
    try:
        if dataset.get("VOILUTSequence"):
            depth = int(dataset.VOILUTSequence[0].LUTDescriptor[2])
            table = apply_voi(values, dataset, index=0).astype(np.float64) / (2**depth - 1)
            step = "VOI look-up table applied"
        elif "WindowCenter" in dataset and "WindowWidth" in dataset:
            table, step = _window(dataset, values)
        else:
            return None
    except Exception:  # an unreadable window is no reason to refuse the film
        return None
    usable = bool(np.isfinite(table).all()) and table.min() < table.max()
    return _Grey(np.clip(table, 0.0, 1.0), (step,)) if usable else None


def _window(dataset: Dataset, values: NDArray[Any]) -> tuple[Values, str]:
    """PS3.3 C.11.2.1.2. What the window makes of -inf and +inf are the ends of its output range."""
    with np.errstate(over="ignore"):
        low, high = apply_windowing(EXTREMES, dataset)
        table = (apply_windowing(values, dataset) - low) / (high - low)
    centre, width = (np.atleast_1d(dataset[name].value)[0] for name in ("WindowCenter", "WindowWidth"))
    function = _code(dataset, "VOILUTFunction") or "LINEAR"
    return table, f"window applied: centre {float(centre):g}, width {float(width):g} ({function})"


def _header_doubts(dataset: Dataset) -> list[str]:
    doubts = []
    if (modality := _code(dataset, "Modality")) in MAYBE_RADIOGRAPHY:
        doubts.append(f"The modality {modality} does not say that this is a radiograph.")
    if _code(dataset, "BurnedInAnnotation") == "YES":
        doubts.append("The file says that writing is burned into the picture: it may name the patient.")
    rows = str((dataset.get("PatientOrientation") or [""])[0])
    if rows.startswith("R") and View.parse(_code(dataset, "ViewPosition")) is View.FRONTAL:
        doubts.append(
            "The header says that the patient's right is on the right of the picture: sides may be exchanged."
        )
    return doubts
