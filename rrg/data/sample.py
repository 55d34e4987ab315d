"""The part of a simulated cohort that is shipped beside the models: examples with their twins, and a gallery's films. Knows
files and pairs, no anatomy and no model.

The sample is a cohort itself, in the same layout, so that every reader knows it. Its split "pairs" holds the examples and
their counterfactual twins, whole and byte for byte: films, masks, truth. Its split "train" holds reports and small films of
training studies: the neighbours that models find. Examples are chosen by their finding, by what changes, and by the size of
the mask; what models make of them is not known here.

`python -m rrg.data.sample --data COHORT --out checkpoints/simulated/cohort`
"""

from __future__ import annotations

import csv
import json
import shutil
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from PIL import Image

from rrg.data.datasets import load_studies
from rrg.data.layout import read_annotation, read_table
from rrg.data.simulated import COHORT, EXAMPLES, PAIR_SPLIT, PAIRS, Pair, is_simulated, load_masks, load_pairs
from rrg.types import RrgError, Study, View

NUMBER, GALLERY = 24, 300  # of examples, of gallery studies
SIDE, QUALITY = 144, 80  # pixels and JPEG quality of a gallery's films
MOST_BYTES = 8_000_000  # of the whole sample


def write_sample(cohort: Path, out: Path, examples: int = NUMBER, gallery: int = GALLERY) -> dict[str, int]:
    """Write the sample anew; answers how many examples, gallery studies and bytes it has.

    The same cohort and numbers give the same bytes. RrgError where `cohort` is none or has too few pairs or training
    studies, where `out` holds something else than a sample, and where the sample exceeds `MOST_BYTES`: what was in `out`
    stays then.
    """
    if not is_simulated(cohort):
        raise RrgError(f"{cohort} is no simulated cohort; make one with `python -m rrg simulate`")
    _check_free(out)
    chosen = choose_pairs(cohort, load_pairs(cohort), examples)
    trained = _first(load_studies(cohort, "train"), gallery)
    fresh = out.with_name(f"{out.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for study in (each for pair in chosen for each in (pair.first, pair.second)):
        _copy(cohort, fresh, study.id)
    for study in trained:
        _shrink(study, fresh)
    _write_tables(cohort, fresh, trained, chosen)
    shown = [_shown(pair, at) for at, pair in enumerate(chosen)]
    _write(fresh / COHORT, _read(cohort / COHORT) | {EXAMPLES: shown})
    size = sum(path.stat().st_size for path in fresh.rglob("*") if path.is_file())
    if size > MOST_BYTES:
        shutil.rmtree(fresh)
        raise RrgError(
            f"the sample would have {size:,} bytes, {MOST_BYTES:,} at most; ask for fewer --gallery"
        )
    shutil.rmtree(out, ignore_errors=True)
    fresh.rename(out)
    return {"examples": len(chosen), "gallery": len(trained), "bytes": size}


# --- What is chosen ---


def choose_pairs(cohort: Path, pairs: Sequence[Pair], count: int) -> list[Pair]:
    """As many pairs, every kind of finding as often as the others and then every change, sorted by the finding.

    Of several with the same finding and change the typical one is taken, by the size of the mask. RrgError for too few.
    """
    if len(pairs) < count:
        raise RrgError(f"{cohort} has {len(pairs)} pairs, {count} are needed: simulate it with more --pairs")
    left = sorted(pairs, key=lambda pair: pair.id)
    kinds: Counter[str] = Counter()
    changes: Counter[str] = Counter()
    chosen = []
    for _ in range(count):
        rarest = min(left, key=lambda pair: (kinds[pair.kind], changes[pair.change], _order(pair)))
        alike = [p for p in left if (p.kind, p.change) == (rarest.kind, rarest.change)]
        taken = _typical(cohort, alike)
        left.remove(taken)
        chosen.append(taken)
        kinds[taken.kind] += 1
        changes[taken.change] += 1
    return sorted(chosen, key=_order)


def _order(pair: Pair) -> tuple[str, str]:
    return pair.kind, pair.id


def _typical(cohort: Path, pairs: Sequence[Pair]) -> Pair:
    """The one in the middle by the frontal mask of the finding that changes."""
    ranked = sorted(pairs, key=lambda pair: (_area(cohort, pair), pair.id))
    return ranked[len(ranked) // 2]


def _area(cohort: Path, pair: Pair) -> int:
    """Pixels; in the film where there are fewer, of those in which the finding is."""
    both = zip((pair.first, pair.second), pair.fact, strict=True)
    return min(
        int(load_masks(cohort, study.id)[View.FRONTAL][fact].sum())
        for study, fact in both
        if fact is not None
    )


def _shown(pair: Pair, at: int) -> str:
    """The study that is the example; every second pair is shown without its finding, if that is what changes."""
    return pair.second.id if pair.change == "presence" and at % 2 else pair.first.id


def _first(studies: Sequence[Study], count: int) -> Sequence[Study]:
    if len(studies) < count:
        raise RrgError(
            f"the cohort has {len(studies)} training studies, {count} are needed: simulate more --studies"
        )
    return studies[:count]


# --- Files ---


def _check_free(out: Path) -> None:
    """New, empty, or a sample, which is replaced."""
    if out.exists() and not out.is_dir():
        raise RrgError(f"{out} is a file; name a folder for the sample")
    if out.is_dir() and any(out.iterdir()) and not _is_sample(out):
        raise RrgError(f"{out} holds something else than a sample; name a new or an empty folder")


def _is_sample(folder: Path) -> bool:
    try:
        return EXAMPLES in _read(folder / COHORT)
    except (OSError, ValueError):
        return False


def _copy(cohort: Path, out: Path, study_id: str) -> None:
    for folder in ("images", "masks"):
        shutil.copytree(cohort / folder / study_id, out / folder / study_id)
    (out / "truth").mkdir(exist_ok=True)
    shutil.copyfile(cohort / "truth" / f"{study_id}.json", out / "truth" / f"{study_id}.json")


def _shrink(study: Study, out: Path) -> None:
    folder = out / "images" / study.id
    folder.mkdir(parents=True)
    for number, path in enumerate(study.images):
        with Image.open(path) as image:
            small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
        small.save(folder / f"{number}.jpg", quality=QUALITY, optimize=True)


def _write_tables(cohort: Path, out: Path, trained: Sequence[Study], pairs: Sequence[Pair]) -> None:
    """The cohort's own tables, without the studies that are left out."""
    kept = {study.id for study in trained} | {own.id for pair in pairs for own in (pair.first, pair.second)}
    annotation: dict[str, list[Any]] = {"train": [], PAIR_SPLIT: []}
    for split, entry in read_annotation(cohort / "annotation.json"):
        if entry["id"] in kept:
            annotation[split].append(entry)
    _write(out / "annotation.json", annotation)
    rows = [row for row in read_table(cohort / "studies.csv", "id") if row["id"] in kept]
    with (out / "studies.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    told, ids = _read(cohort / PAIRS), {pair.id for pair in pairs}
    _write(out / PAIRS, told | {"pairs": [row for row in told["pairs"] if row["id"] in ids]})


def _read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _write(path: Path, value: Any) -> None:
    path.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")


def main(
    data: Annotated[Path, typer.Option(help="A simulated cohort with pairs.", metavar="COHORT")],
    out: Annotated[
        Path, typer.Option(help="Folder of the sample; one that is there is replaced.", metavar="DIR")
    ],
    examples: Annotated[int, typer.Option(min=1, help="Examples, each with its twin.", metavar="N")] = NUMBER,
    gallery: Annotated[
        int, typer.Option(min=1, help="Training studies, as small films.", metavar="N")
    ] = GALLERY,
) -> None:
    """The shipped sample of a simulated cohort: examples with twins, truth and masks, and a gallery's films and reports."""
    try:
        made = write_sample(data, out, examples, gallery)
    except (RrgError, OSError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    typer.echo(
        f"{made['examples']} examples with twins, {made['gallery']} gallery studies, {made['bytes'] / 1e6:.1f} MB in {out}"
    )


if __name__ == "__main__":
    typer.run(main)
