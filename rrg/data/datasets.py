"""One door to every data folder: finds the layout and loads the studies. Knows no file format of its own."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rrg.data import iu_xray, mimic_cxr
from rrg.data.layout import read_annotation
from rrg.types import RrgError, Study

_EXPECTED = (
    "annotation.json with images/ (R2Gen's IU X-Ray or MIMIC-CXR); indiana_reports.csv, "
    "indiana_projections.csv and images/images_normalized/ (Kaggle); "
    "CXR*_IM-*.png with ecgen-radiology/*.xml (Open-i); "
    "files/ with mimic-cxr-2.0.0-metadata.csv (MIMIC-CXR-JPG)"
)

Loader = Callable[[Path, str | None], list[Study]]


def load_studies(folder: str | Path, split: str | None = None) -> list[Study]:
    """Load one split ("train", "val", "test"; None or "all" for all) of a folder in any known layout.

    Broken entries are skipped and told in one warning of the logger "rrg.data". A missing folder, an unknown
    layout and an empty split raise RrgError, which names what was looked for and what was found.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        what = "is a file, not a folder" if folder.exists() else "does not exist"
        raise RrgError(f"The data folder {folder} {what}. Give a folder that holds {_EXPECTED}.")
    loader = _loader(folder)
    if loader is None:
        raise RrgError(_unknown_layout(folder))
    return loader(folder, split)


def _loader(folder: Path) -> Loader | None:
    """The reader for what lies in `folder`, or None."""
    if (folder / "indiana_reports.csv").is_file():
        return iu_xray.load_kaggle
    if mimic_cxr.table(folder, "metadata") and not (folder / "annotation.json").is_file():
        return mimic_cxr.load_jpg
    if iu_xray.find_openi_reports(folder):
        return iu_xray.load_openi
    if (folder / "annotation.json").is_file():
        return mimic_cxr.load_r2gen if _of_mimic(folder / "annotation.json") else iu_xray.load_r2gen
    return None


def _of_mimic(annotation: Path) -> bool:
    """MIMIC-CXR's entries carry a `subject_id`; those of IU X-Ray do not."""
    return any(isinstance(entry, dict) and "subject_id" in entry for _, entry in read_annotation(annotation))


def _unknown_layout(folder: Path) -> str:
    names = sorted(path.name + ("/" if path.is_dir() else "") for path in folder.iterdir())
    found = ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
    inside = [path for path in sorted(folder.iterdir()) if path.is_dir() and _loader(path)]
    hint = f" Did you mean {inside[0]}?" if inside else ""
    found = found or "nothing: the folder is empty"
    return f"{folder} is in no known layout. Looked for {_EXPECTED}. Found {found}.{hint}"
