"""Files that are no films are called what they are."""

import io
import zipfile

import pytest

from rrg.data.foreign import HEAD, what_it_is
from rrg.data.images import load_radiograph
from rrg.types import RrgError


def zipped(name: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("[Content_Types].xml", "made")
        archive.writestr(name, "made")
    return stream.getvalue()


FILES = {
    "a text file": b"Findings: no pneumothorax.\r\n",
    "a web page": b"\n<!DOCTYPE html><title>made</title>",
    "a drawing (SVG)": b'<?xml version="1.0"?><svg width="3"/>',
    "a PDF document": b"%PDF-1.7\n",
    "a ZIP archive": zipped("films/one.dcm"),
    "a Word document": zipped("word/document.xml"),
    "a TAR archive": bytes(257) + b"ustar" + bytes(250),
    "a HEIC photograph": b"\x00\x00\x00\x18ftypheic" + bytes(20),
    "a film (video)": b"\x00\x00\x00\x18ftypmp42" + bytes(20),
    "a WebP picture": b"RIFF\x10\x00\x00\x00WEBPVP8 ",
    "a NIfTI volume": bytes(344) + b"n+1\x00",
    "not a picture that is known here": bytes(range(200)),
}


@pytest.mark.parametrize(("words", "data"), FILES.items(), ids=FILES)
def test_each_is_called_what_it_is(words, data):
    assert what_it_is(data) == words
    with pytest.raises(RrgError) as refused:
        load_radiograph(data)
    assert f"This is {words}." in str(refused.value)
    assert "Accepted are single-frame grey chest radiographs as DICOM, PNG, JPEG or TIFF" in str(refused.value)


def test_text_in_other_writings_is_text_too():
    cut = ("x" + "é" * HEAD).encode()  # the last character that is looked at is cut
    for data in ("Kein Erguß.".encode(), "Kein Erguß.".encode("utf-16"), cut):
        assert what_it_is(data) == "a text file"
    assert what_it_is("Erguß, aber".encode("latin-1") + b" nicht in UTF-8") == "not a picture that is known here"
