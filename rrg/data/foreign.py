"""What a file is that is no film, told from its first bytes: only to say so in a refusal. Reads no film and no name."""

from __future__ import annotations

import string

HEAD = 4096  # bytes that are looked at

_MAGIC = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a text document (RTF)",
    b"\xd0\xcf\x11\xe0": "an Office document",
    b"GIF8": "a GIF picture",
    b"BM": "a BMP picture",
    b"\x00\x00\x00\x0cjP": "a JPEG 2000 picture outside DICOM",
    b"\xff\x4f\xff\x51": "a JPEG 2000 picture outside DICOM",
    b"PK\x03\x04": "a ZIP archive",
    b"PK\x05\x06": "a ZIP archive",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7-Zip archive",
    b"Rar!": "a RAR archive",
    b"\x93NUMPY": "a NumPy array",
    b"MZ": "a program",
    b"\x7fELF": "a program",
    b"ID3": "a sound",
    b"OggS": "a sound or film",
    b"\x1aE\xdf\xa3": "a film (video)",
}
# A name of a kind at a place of its own: (offset, bytes, words).
_PLACED = (
    (8, b"WEBP", "a WebP picture"),
    (8, b"WAVE", "a sound"),
    (8, b"AVI ", "a film (video)"),
    (4, b"ftyphei", "a HEIC photograph"),
    (4, b"ftypavif", "an AVIF picture"),
    (4, b"ftyp", "a film (video)"),
    (344, b"n+1\x00", "a NIfTI volume"),
    (257, b"ustar", "a TAR archive"),
)
_OFFICE = {b"word/": "a Word document", b"xl/": "an Excel workbook", b"ppt/": "a PowerPoint presentation"}
_CONTROL = {*range(32), 127} - {ord(each) for each in string.whitespace}


def what_it_is(data: bytes) -> str:
    """In words, with an article: "a text file"; "not a picture that is known here" where nothing can be told."""
    head = data[:HEAD]
    for place, name, words in _PLACED:
        if head[place : place + len(name)] == name:
            return words
    for magic, words in _MAGIC.items():
        if head.startswith(magic):
            return _in_archive(head) or words if magic.startswith(b"PK") else words
    return _text(head) or "not a picture that is known here"


def _in_archive(head: bytes) -> str | None:
    """Office documents are ZIP archives; the name of their first folder tells them."""
    return next((words for folder, words in _OFFICE.items() if folder in head), None)


def _text(head: bytes) -> str | None:
    """Bytes without control characters that are UTF-8 (a character may be cut at the end), or UTF-16 by its mark."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "a text file"
    if _CONTROL & set(head):
        return None
    try:
        words = head.decode("utf-8").lstrip("\ufeff \t\r\n").lower()
    except UnicodeDecodeError as error:
        if error.start < len(head) - 3:
            return None
        words = head[: error.start].decode("utf-8").lower()
    if "<svg" in words:
        return "a drawing (SVG)"
    return "a web page" if words.startswith(("<!doctype html", "<html")) else "a text file"
