"""IU X-Ray (Indiana University, Open-i) in the three layouts that people have. Knows no pixels, no cleaning,
no model.

* R2Gen: `annotation.json`, `images/<id>/0.png` (or .jpg); beside them, optionally, `studies.csv` (id, uid,
  mesh, impression, indication; patient where several studies are of one person). An entry without `views`
  follows R2Gen's convention: first frontal, second lateral.
* Open-i: the PNG archive `CXR*_IM-*.png` and the XML reports (`ecgen-radiology/*.xml`). The archive names no
  views; the series number does in most cases (-1001 and -4001 frontal, -2001 and -3001 lateral), others are
  UNKNOWN. An `indiana_projections.csv` beside them is believed first.
* Kaggle: `indiana_reports.csv`, `indiana_projections.csv`, `images/images_normalized/*.dcm.png`.

Open-i and Kaggle have no official split: a named split needs a `splits.csv` (uid,split) beside the data.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rrg.data.layout import Skipped, choose, existing, order_views, read_annotation, read_table, split_name
from rrg.data.openi import OpeniReport, parse_report
from rrg.types import RrgError, Study, View

_UID = re.compile(r"(?:CXR)?(\d+)(?:_|$)")
_SERIES_VIEW = {"1001": View.FRONTAL, "4001": View.FRONTAL, "2001": View.LATERAL, "3001": View.LATERAL}
_XML_FOLDERS = ("ecgen-radiology", "NLMCXR_reports/ecgen-radiology", "NLMCXR_reports", "reports", ".")
_PNG_FOLDERS = (".", "NLMCXR_png", "images", "png")
_KAGGLE_IMAGES = ("images/images_normalized", "images", "images_normalized", ".")
PROJECTIONS = "indiana_projections.csv"


def uid_of(name: str) -> str:
    """The Open-i number in "CXR2384_IM-0942", "CXR2384" or "2384"; empty where there is none."""
    found = _UID.match(name.strip())
    return found[1] if found else ""


# --- R2Gen ---


def load_r2gen(folder: Path, split: str | None) -> list[Study]:
    """Studies of `annotation.json`; entries without a report or an image are skipped with one warning."""
    skipped = Skipped()
    table = folder / "studies.csv"
    extras = {row["id"]: row for row in read_table(table, "id")} if table.is_file() else {}
    studies = []
    for name, entry in read_annotation(folder / "annotation.json"):
        study = _r2gen_study(folder, name, entry, extras, skipped)
        if study:
            studies.append(study)
    skipped.report(folder)
    return choose(studies, split, folder, skipped)


def _r2gen_study(
    folder: Path, split: str, entry: Any, extras: Mapping[str, Mapping[str, str]], skipped: Skipped
) -> Study | None:
    if not _well_formed(entry):
        skipped.add(f"annotation.json [{split}] {str(entry)[:40]}", "malformed entry")
        return None
    paths = [folder / "images" / path for path in entry["image_path"]]
    images = existing(zip(paths, _entry_views(entry), strict=True))
    if not images:
        skipped.add(paths[0], "image missing")
        return None
    files, views = order_views(images)
    row = extras.get(entry["id"], {})
    uid = uid_of(entry["id"]) or row.get("uid", "")
    return Study(
        id=entry["id"], patient=row.get("patient") or f"iu:{uid or entry['id']}", split=split, images=files, views=views,
        report=entry["report"], impression=row.get("impression", ""), indication=row.get("indication", ""),
        uid=uid, labels=_labels(row.get("mesh", "")),
    )  # fmt: skip


def _well_formed(entry: Any) -> bool:
    if not isinstance(entry, dict):
        return False
    paths = entry.get("image_path")
    return (
        isinstance(entry.get("id"), str)
        and isinstance(entry.get("report"), str)
        and bool(entry["report"].strip())
        and isinstance(paths, list)
        and bool(paths)
        and all(isinstance(path, str) for path in paths)
    )


def _entry_views(entry: Mapping[str, Any]) -> list[View]:
    """One view per image path; by R2Gen's convention where the entry does not say."""
    count = len(entry["image_path"])
    named = entry.get("views")
    if isinstance(named, list) and len(named) == count:
        return [View.parse(str(name)) for name in named]
    return ([View.FRONTAL, View.LATERAL] + [View.UNKNOWN] * count)[:count]


def _labels(mesh: str) -> tuple[str, ...]:
    return tuple(label.strip() for label in mesh.split(";") if label.strip())


# --- Open-i ---


def find_openi_reports(folder: Path) -> Path | None:
    """The folder that holds the XML reports, or None."""
    return next((folder / name for name in _XML_FOLDERS if any((folder / name).glob("*.xml"))), None)


def load_openi(folder: Path, split: str | None) -> list[Study]:
    """Studies of the XML reports that have a findings section and at least one PNG."""
    skipped = Skipped()
    splits, projections = _splits(folder, split), _projections(folder)
    images = {path.stem: path for name in _PNG_FOLDERS for path in (folder / name).glob("CXR*_IM-*.png")}
    studies = []
    for path in sorted((find_openi_reports(folder) or folder).glob("*.xml")):
        try:
            report = parse_report(path.read_bytes())
        except (OSError, ValueError) as error:
            skipped.add(path, str(error))
            continue
        views = [(images[name], _openi_view(name, projections)) for name in report.images if name in images]
        study = _study(report, splits, views, path, skipped)
        if study:
            studies.append(study)
    skipped.report(folder)
    return choose(studies, split, folder, skipped)


def _openi_view(name: str, projections: Mapping[str, View]) -> View:
    key = name.removeprefix("CXR")
    return projections.get(key, _SERIES_VIEW.get(name.rsplit("-", 1)[-1], View.UNKNOWN))


def _study(
    report: OpeniReport,
    splits: Mapping[str, str],
    images: list[tuple[Path, View]],
    source: Path,
    skipped: Skipped,
) -> Study | None:
    if not report.findings.strip():
        skipped.add(source, "no findings section")
        return None
    if not images:
        skipped.add(source, "image missing")
        return None
    files, views = order_views(images)
    uid = report.uid
    return Study(
        id=_study_id(uid, files[0]), patient=f"iu:{uid}", split=splits.get(uid, ""),
        images=files, views=views,
        report=report.findings, impression=report.impression, indication=report.indication, uid=uid,
        labels=report.mesh,
    )  # fmt: skip


def _study_id(uid: str, image: Path) -> str:
    """As R2Gen names it: "CXR2384_IM-0942" from "CXR2384_IM-0942-1001.png"."""
    examination = re.search(r"IM-\d+", image.name)
    return f"CXR{uid}_{examination[0]}" if examination else f"CXR{uid}"


# --- Kaggle ---


def load_kaggle(folder: Path, split: str | None) -> list[Study]:
    """Studies of `indiana_reports.csv` that have a findings section and at least one PNG."""
    skipped = Skipped()
    splits = _splits(folder, split)
    images = _kaggle_images(folder)
    studies = []
    for row in read_table(folder / "indiana_reports.csv", "uid", "findings"):
        report = OpeniReport(
            uid=uid_of(row["uid"]), findings=row["findings"], impression=row.get("impression", ""),
            indication=row.get("indication", ""), mesh=_labels(row.get("MeSH", "")),
        )  # fmt: skip
        source = Path(f"indiana_reports.csv uid {row['uid'][:20]}")
        study = _study(report, splits, existing(images.get(report.uid, [])), source, skipped)
        if study:
            studies.append(study)
    skipped.report(folder)
    return choose(studies, split, folder, skipped)


def _kaggle_images(folder: Path) -> dict[str, list[tuple[Path, View]]]:
    """uid -> (file, view), from the projections table; the first image folder that exists."""
    base = next((folder / name for name in _KAGGLE_IMAGES if (folder / name).is_dir()), folder)
    images: dict[str, list[tuple[Path, View]]] = defaultdict(list)
    for row in read_table(folder / PROJECTIONS, "uid", "filename", "projection"):
        images[uid_of(row["uid"])].append((base / row["filename"], View.parse(row["projection"])))
    return images


def _projections(folder: Path) -> dict[str, View]:
    """ "1_IM-0001-4001" -> view, from Kaggle's table where it lies beside the Open-i archive."""
    table = folder / PROJECTIONS
    rows = read_table(table, "filename", "projection") if table.is_file() else []
    return {row["filename"].removesuffix(".dcm.png"): View.parse(row["projection"]) for row in rows}


def _splits(folder: Path, split: str | None) -> dict[str, str]:
    """uid -> split from `splits.csv` or R2Gen's annotation.json; an error where a named split has neither."""
    table, annotation = folder / "splits.csv", folder / "annotation.json"
    if table.is_file():
        return {uid_of(row["uid"]): split_name(row["split"]) for row in read_table(table, "uid", "split")}
    if annotation.is_file():
        entries = [(name, entry) for name, entry in read_annotation(annotation) if isinstance(entry, dict)]
        return {uid_of(str(entry.get("id", ""))): name for name, entry in entries}
    if split is None or split_name(split) == "all":
        return {}
    raise RrgError(
        f"{folder} has no official split, so {split!r} is not defined. Looked for splits.csv "
        f"and annotation.json. "
        f"Ask for split 'all', or put R2Gen's annotation.json or a splits.csv with the columns uid,split "
        f"beside the data."
    )
