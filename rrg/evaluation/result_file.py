"""What `evaluate` writes: the result, and the part of it that may be kept in a repository. Knows no metric.

`rrg.evaluation.schema` reads it back.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rrg.types import RrgError

NAMED = 5  # ids that a message names
_CLINICAL = ("clinical", "reference", "uncertain as positive", "5 classes", "micro", "f1")
SHORT: Mapping[str, Sequence[str]] = {
    "BLEU-4": ("text", "r2gen", "BLEU-4"),
    "full BLEU-4": ("text", "full", "BLEU-4"),
    "CIDEr": ("text", "full", "CIDEr"),
    "F1 (5)": _CLINICAL,
    "its gap": ("shuffle", "/".join(_CLINICAL), "gap"),
    "distinct": ("variety", "distinct"),
    "all normal": ("variety", "all-normal share"),
    "recall@10": ("retrieval", "image-to-report", "same text", "recall@10"),
}
# Part of a study -> how the names begin that `rrg.evaluation.ladder` shows.
_LADDER: Mapping[str, str] = {
    "scores": "r2gen",
    "statistics": "r2gen",
    "clinical": "reference/uncertain as positive/",
    "ranks": "image-to-report/",
}
_OTHER_LABELS = ("clinical/coded/", "clinical/reference/uncertain as negative/")
_OTHER_GAPS = (*_OTHER_LABELS, "text/full/")


def summary(result: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics to five digits, without a study, a sentence or an id: what metrics.json of a checkpoint holds.

    Faults become counts, and the rows beside the system lose their classes one by one and the gaps that say the same in
    other words.
    """
    data = result["data"]
    counts = {kind: ids if isinstance(ids, int) else len(ids) for kind, ids in data["faults"].items()}
    brief = {key: value for key, value in result.items() if key not in ("studies", "pairs")}
    rows = {
        group: {name: _row_in_short(row) for name, row in result[group].items()}
        for group in ("company", "adversarial")
    }
    kept: dict[str, Any] = rounded({**brief, "data": {**data, "faults": counts}, **rows}, 5)
    return kept


def _row_in_short(row: Mapping[str, Any]) -> dict[str, Any]:
    kept = _without(row, "per class")
    if kept.get("shuffle"):
        kept["shuffle"] = {
            name: gap for name, gap in kept["shuffle"].items() if not name.startswith(_OTHER_LABELS)
        }
    return kept


def without_texts(result: Mapping[str, Any]) -> dict[str, Any]:
    """The system's own metrics and every study's numbers to four digits, no sentence: enough to compare runs by.

    The rows beside the system are left out; they are those of every other run on the same studies. Of the protocols that
    say the same in other words, the ones that a ladder shows stay.
    """
    kept = {key: value for key, value in result.items() if key not in ("company", "adversarial", "studies")}
    studies = [
        {part: _of_ladder(part, value) for part, value in study.items() if part != "text"}
        for study in result["studies"]
    ]
    shuffle = result["metrics"].get("shuffle")
    if shuffle:
        gaps = {name: value for name, value in shuffle.items() if not name.startswith(_OTHER_GAPS)}
        kept["metrics"] = {**result["metrics"], "shuffle": gaps}
    numbers: dict[str, Any] = rounded({**kept, "studies": studies}, 4)
    return numbers


def _of_ladder(part: str, value: Any) -> Any:
    """A study's values by name, less those of other protocols."""
    shown = _LADDER.get(part)
    if shown is None or not isinstance(value, Mapping):
        return value
    return {name: each for name, each in value.items() if name.startswith(shown)}


def rounded(value: Any, digits: int) -> Any:
    """JSON values with every float in them rounded."""
    if isinstance(value, float):
        return round(value, digits)
    if isinstance(value, Mapping):
        return {key: rounded(each, digits) for key, each in value.items()}
    return [rounded(each, digits) for each in value] if isinstance(value, (list, tuple)) else value


def _without(nest: Mapping[str, Any], name: str) -> dict[str, Any]:
    return {
        key: _without(value, name) if isinstance(value, Mapping) else value
        for key, value in nest.items()
        if key != name
    }


def faults_in_words(data: Mapping[str, Any]) -> str:
    """One line for each kind of fault that occurred: how many, the first ids, what was done. Empty where none did."""
    lines = ""
    for kind, words in data["treatment"].items():
        ids = data["faults"][kind]
        named = ", ".join(ids[:NAMED]) + (f" and {len(ids) - NAMED} more" if len(ids) > NAMED else "")
        lines += f"{kind}: {len(ids)} ({named}): {words}\n"
    return lines


def in_short(result: Mapping[str, Any]) -> str:
    """The numbers that must stand beside each other, a line for the system and for each row of its company."""
    head = f"{'':<34}" + "".join(f"{name:>13}" for name in SHORT)
    rows = {result["system"]["name"]: result["metrics"], **result["company"], **result["adversarial"]}
    lines = [_line(name, metrics) for name, metrics in rows.items()]
    head_line = f"{result['data']['studies']} studies of {result['data']['split']}"
    return "\n".join([head_line, head, *lines, *_pairs(result["metrics"])])


def _pairs(metrics: Mapping[str, Any]) -> list[str]:
    """One line a score of the counterfactual pairs, where the data hold some."""
    found = {score: kinds["all"] for score, kinds in (metrics.get("pairs") or {}).items()}
    return [
        f"counterfactual pairs by {score}: right for {_told(each['accuracy'])} of the films, for both of a pair in "
        f"{_told(each['both'])} of {each['pairs']} pairs (without looking: 0.5 and 0)"
        for score, each in found.items()
    ]


def _line(name: str, metrics: Mapping[str, Any]) -> str:
    return f"{name[:33]:<34}" + "".join(f"{_told(look_up(metrics, way)):>13}" for way in SHORT.values())


def look_up(metrics: Mapping[str, Any], way: Sequence[str]) -> Any:
    """The value at the end of a way of names; None where it, or anything on the way, is absent."""
    found: Any = metrics
    for name in way:
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _told(value: Any) -> str:
    return "absent" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def write_json(path: str | Path, value: Mapping[str, Any], *, dense: bool = False) -> None:
    """Write `value` as JSON, indented or as small as can be; RrgError where `path` cannot be written.

    Absence is null, never NaN.
    """
    layout: dict[str, Any] = {"separators": (",", ":")} if dense else {"indent": 1}
    text = json.dumps(value, **layout, allow_nan=False) + "\n"
    part = Path(f"{path}.part")
    try:
        part.write_text(text, encoding="utf-8")  # a kill leaves the old file whole
        part.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            part.unlink()
        raise RrgError(f"cannot write {path}: {error.strerror or error}") from error
