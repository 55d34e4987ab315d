"""What the readers of data folders share: splits, the choice of views, and one summary of what was skipped.

Knows no data set, no text and no pixels.
"""

from __future__ import annotations

import csv
import gzip
import json
import logging
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rrg.types import RrgError, Study, View

logger = logging.getLogger("rrg.data")

_SPLIT_NAMES = {
    "validate": "val",
    "validation": "val",
    "valid": "val",
    "dev": "val",
    "testing": "test",
    "training": "train",
}
_VIEW_ORDER = (View.FRONTAL, View.UNKNOWN, View.LATERAL)
MAX_VIEWS = 2


@dataclass
class Skipped:
    """Entries left out, with the reason; `report` logs them once."""

    entries: list[tuple[str, str]] = field(default_factory=list)

    def add(self, entry: object, reason: str) -> None:
        self.entries.append((str(entry), reason))

    def summary(self, shown: int = 20) -> str:
        """How many and why, then the first `shown` paths."""
        reasons = Counter(reason for _, reason in self.entries)
        counts = ", ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
        paths = "; ".join(entry for entry, _ in self.entries[:shown])
        more = f"; and {len(self.entries) - shown} more" if len(self.entries) > shown else ""
        return f"{len(self.entries)} entries skipped ({counts}): {paths}{more}"

    def report(self, folder: Path) -> None:
        """One warning to the logger "rrg.data", or nothing when all entries were read."""
        if self.entries:
            logger.warning("%s: %s", folder, self.summary())


def split_name(name: str) -> str:
    """The project's name of a split: "validate" -> "val"."""
    key = name.strip().lower()
    return _SPLIT_NAMES.get(key, key)


def choose(studies: Sequence[Study], split: str | None, folder: Path, skipped: Skipped) -> list[Study]:
    """The studies of one split (`None` or "all": all); an empty answer is an error that names what there
    is.
    """
    wanted = None if split is None or split_name(split) == "all" else split_name(split)
    chosen = [study for study in studies if wanted is None or study.split == wanted]
    if chosen:
        return chosen
    counts = Counter(study.split or "(none)" for study in studies)
    there = ", ".join(f"{name} ({count})" for name, count in sorted(counts.items())) or "no readable study"
    left_out = f" {skipped.summary(3)}." if skipped.entries else ""
    raise RrgError(
        f"The split {split or 'all'!r} of {folder} is empty. Found: {there}.{left_out} "
        f"Choose one of the splits found, or 'all', or complete the folder."
    )


def order_views(
    images: Iterable[tuple[Path, View]], limit: int = MAX_VIEWS
) -> tuple[tuple[Path, ...], tuple[View, ...]]:
    """Frontal first, and where there are more than `limit` images one of each view before a second of the
    same.
    """
    seen: Counter[View] = Counter()
    ranked = []
    for place, (path, view) in enumerate(images):
        ranked.append((seen[view], _VIEW_ORDER.index(view), place, path, view))
        seen[view] += 1
    kept = sorted(sorted(ranked)[:limit], key=lambda row: row[1:3])
    return tuple(row[3] for row in kept), tuple(row[4] for row in kept)


def existing(images: Iterable[tuple[Path, View]]) -> list[tuple[Path, View]]:
    """Those whose file is there."""
    return [(path, view) for path, view in images if path.is_file()]


def read_table(path: Path, *required: str) -> list[dict[str, str]]:
    """Rows of a CSV file (.gz too), header names as keys. RrgError where it cannot be read or a column is
    missing.
    """
    try:
        rows, names = _rows(path)
    except (OSError, UnicodeDecodeError, csv.Error, EOFError, zlib.error) as error:
        raise RrgError(f"{path} is not a readable CSV file ({error}). Fetch or unpack it again.") from error
    missing = [name for name in required if name not in names]
    if missing:
        raise RrgError(
            f"{path} has the columns {', '.join(names) or '(none)'}; {', '.join(missing)} is needed too."
        )
    return rows


def _rows(path: Path) -> tuple[list[dict[str, str]], list[str]]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        rows = [{key: value or "" for key, value in row.items() if key} for row in reader]
        return rows, [name for name in reader.fieldnames or [] if name]


def read_annotation(path: Path) -> Iterator[tuple[str, Any]]:
    """(split, entry) of R2Gen's `{"train": [...], "val": [...]}`; entries are not checked. RrgError on other
    JSON.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise RrgError(f"{path} is not readable JSON ({error}). Fetch or unpack it again.") from error
    lists = {k: v for k, v in content.items() if isinstance(v, list)} if isinstance(content, dict) else {}
    if not lists:
        raise RrgError(
            f'{path} holds no lists of studies; expected {{"train": [...], "val": [...], "test": [...]}}.'
        )
    for split, entries in lists.items():
        for entry in entries:
            yield split_name(split), entry
