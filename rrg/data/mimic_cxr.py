"""MIMIC-CXR as its holders have it on disk. Knows no pixels, no cleaning and no model; ships and logs nothing
of it.

* MIMIC-CXR-JPG: `files/p10/p10000032/s50414267/*.jpg` with `mimic-cxr-2.0.0-metadata.csv`, `-split.csv` and,
  optionally, `-chexpert.csv` (each also .gz); the free-text report is `s50414267.txt` beside the study
  folder, or in the same place under `mimic-cxr-reports/`.
* R2Gen: `annotation.json` with `subject_id`, `study_id` and one image an entry; entries of one study become
  one `Study`.

The patient is `mimic:<subject>`; the data set's own split never divides a patient.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rrg.data.layout import Skipped, choose, existing, order_views, read_annotation, read_table, split_name
from rrg.types import RrgError, Study, View

_HEADING = re.compile(r"^[ \t]*([A-Z][A-Z ,/()&-]{2,60}):", re.MULTILINE)
_STATUS = {"1": "present", "0": "absent", "-1": "uncertain"}
_REPORT_FOLDERS = ("files", "mimic-cxr-reports/files", "mimic-cxr-reports")
_IMAGE_FOLDERS = ("images", "files", ".")
_KEYS = {"subject_id", "study_id", "dicom_id"}


def table(folder: Path, name: str) -> Path | None:
    """`mimic-cxr-<version>-<name>.csv` or `.csv.gz` in `folder`, the newest version by name; None where
    absent.
    """
    found = [*folder.glob(f"mimic-cxr-*-{name}.csv"), *folder.glob(f"mimic-cxr-*-{name}.csv.gz")]
    return max(found, default=None)


def sections(text: str) -> dict[str, str]:
    """The sections of a free-text report by heading in capitals ("FINDINGS"); text before the first is under
    "".
    """
    parts = _HEADING.split(text)
    named = {"": parts[0].strip()}
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        key = heading.strip()
        named[key] = f"{named.get(key, '')} {body.strip()}".strip()
    return named


# --- MIMIC-CXR-JPG ---


def load_jpg(folder: Path, split: str | None) -> list[Study]:
    """Studies with a FINDINGS section and at least one image; others are skipped with one warning."""
    metadata, splits = table(folder, "metadata"), table(folder, "split")
    if metadata is None or splits is None:
        lacking = "metadata" if metadata is None else "split"
        raise RrgError(
            f"{folder} looks like MIMIC-CXR-JPG, but mimic-cxr-2.0.0-{lacking}.csv[.gz] is not there. Add it."
        )
    skipped = Skipped()
    labels = _chexpert(table(folder, "chexpert"))
    split_of = {row["study_id"]: split_name(row["split"]) for row in read_table(splits, "study_id", "split")}
    wanted = None if split is None or split_name(split) == "all" else split_name(split)
    studies = []
    for (subject, study), images in _jpg_images(folder, metadata).items():
        name = split_of.get(study, "")
        if wanted is None or name == wanted:
            found = _jpg_study(folder, subject, study, name, images, labels.get(study, ()), skipped)
            studies.extend(found)
    skipped.report(folder)
    if not studies and not skipped.entries:
        known = ", ".join(sorted(set(split_of.values()))) or "none"
        raise RrgError(
            f"The split {split!r} of {folder} is empty. Found the splits: {known}. "
            f"Choose one of them, or 'all'."
        )
    return choose(studies, split, folder, skipped)


def _jpg_images(folder: Path, metadata: Path) -> dict[tuple[str, str], list[tuple[Path, View]]]:
    """(subject, study) -> its images with their views, in the order of the metadata."""
    images: dict[tuple[str, str], list[tuple[Path, View]]] = defaultdict(list)
    for row in read_table(metadata, *sorted(_KEYS)):
        subject, study = row["subject_id"], row["study_id"]
        path = folder / "files" / f"p{subject[:2]}" / f"p{subject}" / f"s{study}" / f"{row['dicom_id']}.jpg"
        images[subject, study].append((path, View.parse(row.get("ViewPosition", ""))))
    return images


def _jpg_study(
    folder: Path, subject: str, study: str, split: str, images: Iterable[tuple[Path, View]],
    labels: tuple[str, ...], skipped: Skipped,
) -> list[Study]:  # fmt: skip
    report = _free_text(folder, subject, study)
    there = existing(images)
    if report is None or not there:
        skipped.add(f"p{subject}/s{study}", "image missing" if report is not None else "report missing")
        return []
    named = sections(report)
    if not named.get("FINDINGS"):
        skipped.add(f"p{subject}/s{study}", "no findings section")
        return []
    files, views = order_views(there)
    return [
        Study(
            id=f"s{study}", patient=f"mimic:{subject}", split=split, images=files, views=views,
            report=named["FINDINGS"], impression=named.get("IMPRESSION", ""),
            indication=named.get("INDICATION", ""),
            labels=labels,
        )
    ]  # fmt: skip


def _free_text(folder: Path, subject: str, study: str) -> str | None:
    for base in _REPORT_FOLDERS:
        path = folder / base / f"p{subject[:2]}" / f"p{subject}" / f"s{study}.txt"
        if path.is_file():
            return path.read_text(encoding="utf-8", errors="replace")
    return None


def _chexpert(path: Path | None) -> dict[str, tuple[str, ...]]:
    """study -> ("Edema/uncertain", ...) as the table says it; blank cells are not mentioned."""
    if path is None:
        return {}
    return {row["study_id"]: _row_labels(row) for row in read_table(path, "study_id")}


def _row_labels(row: Mapping[str, str]) -> tuple[str, ...]:
    values = {name: value.strip().removesuffix(".0") for name, value in row.items() if name not in _KEYS}
    return tuple(f"{name}/{_STATUS[value]}" for name, value in values.items() if value in _STATUS)


# --- R2Gen ---


def load_r2gen(folder: Path, split: str | None) -> list[Study]:
    """Studies of R2Gen's `annotation.json`; a metadata table beside it, where there is one, gives the
    views.
    """
    skipped = Skipped()
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for name, entry in read_annotation(folder / "annotation.json"):
        if _well_formed(entry):
            groups[name, str(entry["subject_id"]), str(entry["study_id"])].append(entry)
        else:
            skipped.add(f"annotation.json [{name}]", "malformed entry")
    views = _views(table(folder, "metadata"))
    studies = []
    for (name, subject, study), entries in groups.items():
        images = existing(_entry_images(folder, entries, views))
        if not images:
            skipped.add(f"p{subject}/s{study}", "image missing")
            continue
        files, kinds = order_views(images)
        studies.append(Study(f"s{study}", f"mimic:{subject}", name, files, kinds, entries[0]["report"]))
    skipped.report(folder)
    return choose(studies, split, folder, skipped)


def _well_formed(entry: Any) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("report"), str) or not entry["report"].strip():
        return False
    paths = entry.get("image_path")
    named = all(isinstance(entry.get(key), (str, int)) for key in ("subject_id", "study_id"))
    return named and isinstance(paths, list) and bool(paths) and all(isinstance(path, str) for path in paths)


def _entry_images(
    folder: Path, entries: Iterable[Mapping[str, Any]], views: Mapping[str, View]
) -> list[tuple[Path, View]]:
    base = next((folder / name for name in _IMAGE_FOLDERS if (folder / name).is_dir()), folder)
    paths = dict.fromkeys(base / path for entry in entries for path in entry["image_path"])
    return [(path, views.get(path.stem, View.UNKNOWN)) for path in paths]


def _views(metadata: Path | None) -> dict[str, View]:
    rows = read_table(metadata, "dicom_id", "ViewPosition") if metadata else []
    return {row["dicom_id"]: View.parse(row["ViewPosition"]) for row in rows}
