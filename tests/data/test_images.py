"""Files of every accepted kind with a known pixel; everything else refused with a message to act on."""

from __future__ import annotations

import io
import logging
import struct
import warnings
import zlib
from pathlib import Path

import numpy as np
import pydicom
import pytest
import tifffile
from PIL import Image
from pydicom.data import get_testdata_file
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, JPEG2000Lossless, JPEGBaseline8Bit

from rrg.data.film import looks_inverted
from rrg.data.images import load_radiograph
from rrg.types import RrgError, View

RAMP = np.arange(64 * 48, dtype=np.uint16).reshape(64, 48)  # every value differs; highest 3071


def packaged(name: str) -> Path:
    """A file of pydicom or pydicom-data, never downloaded."""
    found = get_testdata_file(name, download=False)
    if found is None:
        pytest.skip(f"{name} is not installed (pip install pydicom-data)")
    return Path(found)


def dicom(values: np.ndarray = RAMP, **tags: object) -> bytes:
    """A small chest film, MONOCHROME2 with 12 bits stored; tags replace, None removes."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.1"
    dataset.file_meta.MediaStorageSOPInstanceUID = "1.2.3"
    standard = {
        "Modality": "CR",
        "BodyPartExamined": "CHEST",
        "ViewPosition": "PA",
        "PhotometricInterpretation": "MONOCHROME2",
        "SamplesPerPixel": 1,
        "Rows": values.shape[0],
        "Columns": values.shape[1],
        "BitsAllocated": values.dtype.itemsize * 8,
        "BitsStored": 12 if values.dtype.itemsize == 2 else 8,
        "HighBit": 11 if values.dtype.itemsize == 2 else 7,
        "PixelRepresentation": int(values.dtype.kind == "i"),
    }
    for keyword, value in {**standard, **tags}.items():
        if value is not None:
            setattr(dataset, keyword, value)
    if "PixelData" not in tags:
        dataset.add_new("PixelData", "OW", values.tobytes())
    return saved(dataset)


def saved(dataset: Dataset) -> bytes:
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def as_chest(name: str) -> bytes:
    """A packaged file of another modality, its tags changed so that only its pixels and coding are judged."""
    dataset = pydicom.dcmread(packaged(name))
    dataset.Modality, dataset.BodyPartExamined = "CR", "CHEST"
    return saved(dataset)


def encapsulated(stream: bytes, syntax: str, **tags: object) -> bytes:
    dataset = pydicom.dcmread(io.BytesIO(dicom(RAMP.astype(np.uint8), **tags)))
    dataset.file_meta.TransferSyntaxUID = syntax
    dataset.PixelData = encapsulate([stream])
    dataset["PixelData"].VR = "OB"
    return saved(dataset)


def picture(values: np.ndarray, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values).save(buffer, kind, **options)
    return buffer.getvalue()


def tiff(values: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def refusal_of(source: str | Path | bytes) -> str:
    with pytest.raises(RrgError) as caught:
        load_radiograph(source)
    return str(caught.value)


# --- DICOM: the grey-scale chain ---


def test_the_packaged_chest_film_has_its_known_pixel_and_says_what_was_done():
    film = load_radiograph(packaged("RG1_UNCR.dcm"))
    stored = int(pydicom.dcmread(packaged("RG1_UNCR.dcm")).pixel_array[977, 920])
    assert film.pixels[977, 920] == pytest.approx(1 - ((stored - 14999.5) / 29999 + 0.5), abs=1e-6)
    assert film.pixels[977, 920] == pytest.approx(0.885296, abs=1e-5)
    assert film.pixels.shape == (1955, 1841)
    assert (film.view, film.bits, film.source_format, film.inverted) == (View.FRONTAL, 15, "DICOM", True)
    assert film.warnings == ()
    window, inversion = (
        next(i for i, step in enumerate(film.steps) if word in step) for word in ("window", "inverted")
    )
    assert window < inversion
    assert "centre 15000, width 30000" in film.steps[window]


def test_the_packaged_chest_film_is_the_same_from_jpeg_2000_and_shows_bright_bones_on_dark_lungs():
    film = load_radiograph(packaged("RG1_UNCR.dcm"))
    np.testing.assert_array_equal(film.pixels, load_radiograph(packaged("RG1_J2KR.dcm")).pixels)
    spine, lungs = (
        film.pixels[300:1200, 880:960],
        film.pixels[450:700, [*range(300, 500), *range(1300, 1500)]],
    )
    assert spine.mean() > lungs.mean() + 0.2
    assert not looks_inverted(film.pixels)
    assert looks_inverted(1 - film.pixels)


@pytest.mark.parametrize(
    "name",
    [
        "MR_small.dcm",
        "MR_small_RLE.dcm",
        "MR_small_bigendian.dcm",
        "MR_small_implicit.dcm",
        "MR_small_jp2klossless.dcm",
        "MR_small_jpeg_ls_lossless.dcm",
    ],
)
def test_one_known_pixel_for_every_way_of_coding(name):
    """Stored 265; window 600, 1600: (265 - 599.5) / 1599 + 0.5."""
    assert load_radiograph(as_chest(name)).pixels[20, 30] == pytest.approx(0.290807, abs=1e-5)


def test_lossless_jpeg():
    """Stored 227 of a full range of 0 to 278."""
    assert load_radiograph(as_chest("JPEG-LL.dcm")).pixels[420, 140] == pytest.approx(227 / 278, abs=1e-5)


def test_lossy_jpeg_of_12_bits_is_refused_with_a_way_on():
    message = refusal_of(as_chest("JPGExtended.dcm"))
    assert "JPEG Extended" in message
    assert "Export it uncompressed" in message


def test_jpeg_baseline_inside_dicom():
    flat = np.full((64, 48), 100, dtype=np.uint8)
    flat[:, 24:] = 200
    film = load_radiograph(encapsulated(picture(flat, "JPEG", quality=100), JPEGBaseline8Bit))
    assert film.pixels[10, 4] == pytest.approx(0.0, abs=0.02)
    assert film.pixels[10, 44] == pytest.approx(1.0, abs=0.02)


def test_a_window_is_applied_before_the_inversion():
    tags = {"WindowCenter": 1000, "WindowWidth": 501, "PhotometricInterpretation": "MONOCHROME1"}
    pixels = load_radiograph(dicom(**tags)).pixels.ravel()
    assert pixels[:749].min() == 1.0  # below the window: bright once inverted
    assert pixels[1250:].max() == 0.0
    # PS3.3 C.11.2.1.2.1: ((x - (c - 0.5)) / (w - 1) + 0.5), then inverted
    assert pixels[900] == pytest.approx(1 - ((900 - 999.5) / 500 + 0.5), abs=1e-6)


@pytest.mark.parametrize("window", [{}, {"WindowCenter": 1535.5, "WindowWidth": 2000}])
def test_twins_of_opposite_polarity_are_equal(window):
    bright = load_radiograph(dicom(RAMP, **window))
    mirrored = {"WindowCenter": 3071 - 1535.5 + 1, "WindowWidth": 2000} if window else {}
    dark = load_radiograph(dicom(3071 - RAMP, PhotometricInterpretation="MONOCHROME1", **mirrored))
    np.testing.assert_allclose(bright.pixels, dark.pixels, atol=1e-6)
    assert (bright.inverted, dark.inverted) == (False, True)


def test_without_a_window_the_full_range_is_shown_and_said():
    film = load_radiograph(dicom())
    assert (film.pixels[0, 0], film.pixels[-1, -1]) == (0.0, 1.0)
    assert film.pixels[10, 10] == pytest.approx(490 / 3071)
    assert any("window" in text for text in film.warnings)


@pytest.mark.parametrize("window", [(0, 0), (30000, 10), (1000, -5)])
def test_a_window_that_shows_nothing_is_passed_over(window):
    tags = {"WindowCenter": window[0], "WindowWidth": window[1]}
    film = load_radiograph(dicom(**tags))
    assert film.pixels[10, 10] == pytest.approx(490 / 3071)
    assert any("window" in text for text in film.warnings)


def test_the_first_of_several_windows_is_used():
    film = load_radiograph(dicom(WindowCenter=[1000, 2000], WindowWidth=[501, 100]))
    assert film.pixels.ravel()[900] == pytest.approx((900 - 999.5) / 500 + 0.5, abs=1e-6)


def test_rescaling_comes_before_the_window_also_with_a_negative_slope():
    tags = {"RescaleSlope": -1, "RescaleIntercept": 4095, "WindowCenter": 3000, "WindowWidth": 501}
    pixels = load_radiograph(dicom(**tags)).pixels.ravel()
    assert pixels[1100] == pytest.approx((2995 - 2999.5) / 500 + 0.5, abs=1e-6)  # 4095 - 1100 = 2995
    assert pixels[0] == 1.0
    assert pixels[3071] == 0.0


def test_a_sigmoid_window():
    pixels = load_radiograph(
        dicom(WindowCenter=1000, WindowWidth=400, VOILUTFunction="SIGMOID")
    ).pixels.ravel()
    assert pixels[1000] == pytest.approx(0.5)
    assert pixels[1100] == pytest.approx(1 / (1 + np.exp(-1)), abs=1e-5)


def lut(entries: np.ndarray, depth: int) -> Dataset:
    item = Dataset()
    item.add_new("LUTDescriptor", "US", [len(entries), 0, depth])
    item.add_new("LUTData", "US", [int(value) for value in entries])
    return item


def test_look_up_tables_of_modality_and_voi():
    squares = (np.arange(4096, dtype=np.int64) ** 2 // 256).astype(np.uint16)
    film = load_radiograph(dicom(ModalityLUTSequence=[_modality(lut(squares, 16))]))
    assert film.pixels.ravel()[1000] == pytest.approx(squares[1000] / squares[3071], abs=1e-5)
    film = load_radiograph(dicom(VOILUTSequence=[lut(squares, 16)], WindowCenter=1, WindowWidth=2))
    assert film.pixels.ravel()[1000] == pytest.approx(squares[1000] / 65535, abs=1e-6)
    assert any("VOI look-up table" in step for step in film.steps)


def _modality(item: Dataset) -> Dataset:
    item.ModalityLUTType = "US"
    return item


def test_padding_is_left_out_of_the_range_and_comes_out_black():
    values = (RAMP // 4 + 1000).astype(np.uint16)
    values[:8] = 4000
    for kind in ("MONOCHROME1", "MONOCHROME2"):
        film = load_radiograph(dicom(values, PixelPaddingValue=4000, PhotometricInterpretation=kind))
        assert film.pixels[:8].max() == 0.0
        assert film.pixels[8:].max() == 1.0
        assert film.pixels[8:].min() == 0.0


def test_bits_above_those_stored_are_cleared():
    film = load_radiograph(dicom(RAMP | 0x8000))
    np.testing.assert_array_equal(film.pixels, load_radiograph(dicom()).pixels)


def test_signed_values():
    film = load_radiograph(dicom((RAMP.astype(np.int16) - 1500), BitsStored=16, HighBit=15))
    assert film.pixels[10, 10] == pytest.approx(490 / 3071)


def test_files_without_preamble_or_transfer_syntax_are_read():
    dataset = pydicom.dcmread(io.BytesIO(dicom()))
    for implicit in (True, False):
        buffer = io.BytesIO()
        bare = Dataset(dataset)
        bare.save_as(buffer, implicit_vr=implicit, little_endian=True)
        np.testing.assert_array_equal(
            load_radiograph(buffer.getvalue()).pixels, load_radiograph(dicom()).pixels
        )


@pytest.mark.parametrize(
    ("position", "view"),
    [
        ("PA", View.FRONTAL),
        ("AP", View.FRONTAL),
        ("LL", View.LATERAL),
        ("", View.UNKNOWN),
        (None, View.UNKNOWN),
    ],
)
def test_the_view_is_read_from_the_header(position, view):
    film = load_radiograph(dicom(ViewPosition=position))
    assert film.view is view
    assert any("frontal or a lateral" in text for text in film.warnings) == (view is View.UNKNOWN)


def test_a_given_view_overrides_the_header():
    film = load_radiograph(dicom(ViewPosition="PA"), view=View.LATERAL)
    assert film.view is View.LATERAL
    assert film.steps[-1] == "view given: lateral"


def test_warnings_of_header_and_pixels():
    tags = {"Modality": "OT", "BurnedInAnnotation": "YES", "PatientOrientation": ["R", "F"]}
    text = " ".join(load_radiograph(dicom(**tags)).warnings)
    assert "modality OT" in text
    assert "burned into" in text
    assert "sides may be exchanged" in text
    inverted = np.full((64, 48), 200, dtype=np.uint8)
    inverted[:, 20:28] = 20
    assert any("polarity" in text for text in load_radiograph(picture(inverted, "PNG")).warnings)
    lateral = load_radiograph(picture(inverted, "PNG"), view=View.LATERAL)
    assert not any("polarity" in text for text in lateral.warnings)


# --- PNG, JPEG, TIFF ---


def test_png_of_8_and_16_bits():
    small = load_radiograph(picture((RAMP % 251).astype(np.uint8), "PNG"))
    assert small.pixels[10, 10] == pytest.approx((490 % 251) / 255)
    assert (small.bits, small.source_format, small.view) == (8, "PNG", View.UNKNOWN)
    deep = load_radiograph(picture(RAMP * 20, "PNG"))
    assert deep.bits == 16
    assert len(np.unique(deep.pixels)) == RAMP.size  # no level lost
    assert deep.pixels[10, 10] == pytest.approx(490 / 3071)


def test_jpeg():
    flat = np.full((64, 48), 60, dtype=np.uint8)
    flat[:, 24:] = 180
    film = load_radiograph(picture(flat, "JPEG", quality=95))
    assert film.pixels[10, 4] == pytest.approx(60 / 255, abs=0.01)
    assert film.pixels[10, 44] == pytest.approx(180 / 255, abs=0.01)
    assert film.source_format == "JPEG"


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "uint32", "float32", "float64"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_tiff_of_every_sample_type(dtype, byteorder, compression):
    values = RAMP // 13 if dtype == "uint8" else RAMP
    film = load_radiograph(tiff(values.astype(dtype), byteorder=byteorder, compression=compression))
    assert film.pixels[10, 10] == pytest.approx(490 // 13 / 255 if dtype == "uint8" else 490 / 3071, abs=1e-6)
    assert film.source_format == "TIFF"


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
def test_tiff_with_white_as_zero_is_inverted(dtype, compression):
    stored = (RAMP // 13 if dtype == "uint8" else RAMP).astype(dtype)
    if compression is None:
        data = tiff(stored, photometric="miniswhite")
    else:  # Pillow inverts what it writes as white-is-zero in 8 bits, and not in 16
        written = 255 - stored if dtype == "uint8" else stored
        data = picture(written, "TIFF", tiffinfo={262: 0}, compression=compression)
    film = load_radiograph(data)
    assert film.inverted
    expected = 1 - (490 // 13 / 255 if dtype == "uint8" else 490 / 3071)
    assert film.pixels[10, 10] == pytest.approx(expected, abs=1e-6)


def test_tiff_with_lzw():
    film = load_radiograph(picture(RAMP, "TIFF", compression="tiff_lzw"))
    assert film.pixels[10, 10] == pytest.approx(490 / 3071)


def test_equal_channels_are_read_as_grey_and_colour_is_refused():
    grey = (RAMP % 251).astype(np.uint8)
    colour = np.stack([grey, grey, grey], axis=-1)
    for kind in ("PNG", "JPEG", "TIFF"):
        film = load_radiograph(picture(colour, kind))
        assert any("three equal" in step for step in film.steps)
        tinted = colour.copy()
        tinted[..., 2] //= 2
        assert "colour" in refusal_of(picture(tinted, kind))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_orientation_tag_is_obeyed(orientation):
    """Pillow's own reading of the tag is the reference."""
    from PIL import ImageOps

    values = (RAMP % 251).astype(np.uint8)
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = picture(values, "PNG", exif=exif)
    expected = np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(data)))) / np.float32(255)
    np.testing.assert_allclose(load_radiograph(data).pixels, expected)
    tagged = tiff(values, extratags=[(274, "H", 1, orientation, True)])
    np.testing.assert_allclose(load_radiograph(tagged).pixels, expected)
    packed = picture(values, "TIFF", compression="tiff_lzw", tiffinfo={274: orientation})
    np.testing.assert_allclose(load_radiograph(packed).pixels, expected)


def test_the_content_decides_and_not_the_name(tmp_path):
    path = tmp_path / "film.dcm"
    path.write_bytes(picture((RAMP % 251).astype(np.uint8), "PNG"))
    assert load_radiograph(path).source_format == "PNG"
    assert load_radiograph(str(path)).source_format == "PNG"


# --- Refusals ---


def multi_page() -> bytes:
    pages = [Image.fromarray((RAMP % 251).astype(np.uint8))] * 2
    buffer = io.BytesIO()
    pages[0].save(buffer, "TIFF", save_all=True, append_images=pages[1:])
    return buffer.getvalue()


def png_header(width: int, height: int) -> bytes:
    chunk = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(100))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(part) - 4) + part + struct.pack(">I", zlib.crc32(part))
        for part in (chunk, data)
    )


def animated() -> bytes:
    buffer = io.BytesIO()
    frames = [Image.fromarray((RAMP % n).astype(np.uint8)) for n in (250, 251)]
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:])
    return buffer.getvalue()


GREY = (RAMP % 251).astype(np.uint8)
SEE_THROUGH = np.dstack([GREY, GREY, GREY, GREY])
REFUSED = {
    "empty": (b"", "empty"),
    "text": (b"just words, no picture", "This is a text file."),
    "pdf": (b"%PDF-1.7 ...", "PDF"),
    "gif": (picture(GREY, "GIF"), "GIF"),
    "bmp": (picture(GREY, "BMP"), "BMP"),
    "png small": (picture(GREY[:31], "PNG"), "31 pixels: too small"),
    "png constant": (picture(np.full((64, 64), 7, dtype=np.uint8), "PNG"), "same value"),
    "png bomb": (png_header(60000, 60000), "more than 64 megapixels"),
    "png large": (png_header(9000, 9000), "81 megapixels"),
    "png see-through": (picture(SEE_THROUGH, "PNG"), "transparent"),
    "png two levels": (picture(RAMP % 2 == 0, "PNG"), "two levels"),
    "png animated": (animated(), "2 pictures"),
    "png cut": (picture(GREY, "PNG")[:-200], "truncated"),
    "jpeg cut": (picture(GREY, "JPEG")[:-400], "truncated"),
    "tiff pages": (multi_page(), "2 pictures"),
    "tiff cut": (tiff(RAMP)[:-900], "truncated"),
    "tiff not finite": (tiff(np.where(RAMP == 5, np.nan, RAMP).astype(np.float32)), "not finite"),
    "dicom frames": (dicom(np.stack([RAMP, RAMP]).reshape(128, 48), NumberOfFrames=2, Rows=64), "2 frames"),
    "dicom colour": (dicom(SamplesPerPixel=3, PhotometricInterpretation="RGB"), "colour (RGB"),
    "dicom palette": (dicom(PhotometricInterpretation="PALETTE COLOR"), "colour (PALETTE COLOR"),
    "dicom polarity missing": (
        dicom(PhotometricInterpretation=None),
        "photometric interpretation is missing",
    ),
    "dicom polarity unknown": (dicom(PhotometricInterpretation="GREYISH"), "GREYISH"),
    "dicom no pixels": (dicom(PixelData=None), "no pixel data"),
    "dicom cut": (dicom()[:-900], "cannot be decoded"),
    "dicom huge": (dicom(Rows=20000, Columns=20000), "400 megapixels"),
    "dicom no size": (dicom(Rows=None), "too small"),
    "dicom constant": (dicom(np.full((64, 64), 7, dtype=np.uint16)), "same value"),
    "dicom modality": (dicom(Modality="MR"), "modality is MR"),
    "dicom body part": (dicom(BodyPartExamined="EXTREMITY"), "EXTREMITY: not a chest"),
    "dicom spine": (dicom(BodyPartExamined="THORACIC SPINE"), "THORACIC SPINE: not a chest"),
    "dicom coded otherwise": (
        encapsulated(
            b"\xff\x4f\xff\x51" + struct.pack(">HH4I", 41, 0, 60000, 60000, 0, 0) + bytes(100),
            JPEG2000Lossless,
        ),
        "compressed picture 60000 x 60000",
    ),
    "dicom scrambled": (encapsulated(bytes(range(256)) * 4, JPEG2000Lossless), "cannot be decoded"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_refusal_says_what_was_found_and_what_is_accepted(name):
    data, words = REFUSED[name]
    message = refusal_of(data)
    assert words in message
    assert "Accepted are" in message


def test_colour_separations_for_print_are_refused():
    buffer = io.BytesIO()
    Image.fromarray(GREY).convert("CMYK").save(buffer, "JPEG")
    assert "CMYK" in refusal_of(buffer.getvalue())


def test_the_packaged_leg_is_refused_by_its_body_part():
    assert "EXTREMITY: not a chest radiograph" in refusal_of(packaged("RG3_UNCR.dcm"))


def test_a_deflated_bomb_is_refused_before_it_fills_the_memory():
    data = dicom()
    (length,) = struct.unpack_from("<I", data, 140)
    head = data[: 144 + length].replace(b"1.2.840.10008.1.2.1\x00", b"1.2.840.10008.1.2.1.99")
    head = head.replace(b"UI\x14\x00" + b"1.2.840.10008.1.2.1.99", b"UI\x16\x00" + b"1.2.840.10008.1.2.1.99")
    head = head[:140] + struct.pack("<I", length + 2) + head[144:]
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(2**20)) for _ in range(140)) + packer.flush()
    assert "inflates to more than" in refusal_of(head + bomb)


def test_missing_files_and_folders_are_refused_without_their_names(tmp_path):
    for path in (tmp_path / "quagga.dcm", tmp_path, "quagga\x00.dcm"):
        message = refusal_of(path)
        assert "quagga" not in message
        assert str(tmp_path) not in message


def test_nothing_of_the_patient_leaves_the_reader(tmp_path, caplog, capfd):
    secret = {"PatientName": "Quagga^Zebra", "PatientID": "QUAGGA-77", "StudyDate": "19991231"}
    path = tmp_path / "quagga.dcm"
    with warnings.catch_warnings(record=True) as caught, caplog.at_level(logging.DEBUG):
        warnings.simplefilter("always")
        path.write_bytes(dicom(**secret))
        films = [load_radiograph(path)]
        # pydicom warns of a character set that it does not know, and logs it, both quoting the value.
        broken = dicom(**secret, SpecificCharacterSet="ISO_IR 100").replace(b"ISO_IR 100", b"QUAGGA 100")
        films.append(load_radiograph(broken))
        path.write_bytes(dicom(**secret)[:-900])
        refused = refusal_of(path)
        scrambled = encapsulated(bytes(range(256)) * 4, JPEG2000Lossless, **secret)
        refused += refusal_of(scrambled)
    told = repr([(film.steps, film.warnings) for film in films]) + refused + caplog.text
    told += " ".join(str(w.message) for w in caught) + "".join(capfd.readouterr())
    for word in ("quagga", "zebra", "19991231"):
        assert word not in told.lower()


# --- Broken files ---


def judge(data: bytes | Path) -> str:
    """Read or refuse; anything else fails the test. Returns a fault in words, or nothing."""
    try:
        film = load_radiograph(data)
    except RrgError:
        return ""
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    pixels = film.pixels
    sound = pixels.ndim == 2 and pixels.dtype == np.float32 and bool(np.isfinite(pixels).all())
    return "" if sound and pixels.min() >= 0 and pixels.max() <= 1 else "unsound pixels"


def test_every_file_that_pydicom_ships_is_read_or_refused():
    root = Path(pydicom.__file__).parent / "data" / "test_files"
    files = [path for path in sorted(root.rglob("*")) if path.is_file()]
    assert len(files) > 150
    faults = {path.name: fault for path in files if (fault := judge(path))}
    assert faults == {}


def test_the_same_files_posing_as_chest_films_are_read_or_refused():
    """Their modality and body part would turn most away at the door; here their pixels are reached."""
    root = Path(pydicom.__file__).parent / "data" / "test_files"
    faults, readable = {}, 0
    for path in sorted(root.glob("*.dcm")):
        try:
            dataset = pydicom.dcmread(path)
            dataset.Modality, dataset.BodyPartExamined = "CR", "CHEST"
            data = saved(dataset)
        except Exception:  # too broken to be changed and saved; read as it is above
            continue
        if fault := judge(data):
            faults[path.name] = fault
        readable += 1
    assert faults == {}
    assert readable > 60


@pytest.mark.parametrize(
    "whole",
    [
        dicom(WindowCenter=1000, WindowWidth=501, RescaleSlope=1, RescaleIntercept=0, PixelPaddingValue=0),
        picture(GREY, "PNG"),
        picture(GREY, "JPEG"),
        tiff(RAMP, compression="zlib"),
        picture(RAMP, "TIFF", compression="tiff_lzw"),
    ],
    ids=["dicom", "png", "jpeg", "tiff", "tiff-lzw"],
)
def test_damaged_bytes_never_raise_anything_else(whole):
    rng = np.random.default_rng(7)
    faults = []
    for trial in range(150):
        damaged = bytearray(whole)
        for at in rng.integers(0, min(len(whole), 900), size=1 + trial % 6):
            damaged[at] = rng.integers(256)
        cut = len(whole) if trial % 3 else int(rng.integers(1, len(whole)))
        if fault := judge(bytes(damaged[:cut])):
            faults.append(fault)
    assert faults == []
