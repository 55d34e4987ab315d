"""What the tables of the page are made of: rows, names of systems, and numbers as words. Knows no metric by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ABSENT = "–"
Result = Mapping[str, Any]


@dataclass(frozen=True)
class Row:
    """One line: its name, its cells as words, and what it is ("system", "company" or ""). Without cells, a heading."""

    name: str
    cells: tuple[str, ...] = ()
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """`head` has one more entry than the rows have cells: what the names are. `groups`: (words, columns) above it."""

    head: tuple[str, ...]
    rows: tuple[Row, ...]
    groups: tuple[tuple[str, int], ...] = ()
    notes: tuple[str, ...] = ()


def names_of(results: Sequence[Result]) -> list[str]:
    """What each result is called on the page: its name, with its revision where two share a name."""
    names = [str(result["system"]["name"]) for result in results]
    shown = [
        f"{name} ({result['system'].get('revision') or place})" if names.count(name) > 1 else name
        for place, (name, result) in enumerate(zip(names, results, strict=True), start=1)
    ]
    return [f"{name} #{i}" if shown.count(name) > 1 else name for i, name in enumerate(shown, start=1)]


def company_of(results: Sequence[Result], group: str = "company") -> dict[str, Mapping[str, Any]]:
    """Row name -> metrics; a row that differs between systems (the nearest neighbour's) is named after its system."""
    found: dict[str, Mapping[str, Any]] = {}
    for name in dict.fromkeys(row for result in results for row in result.get(group, {})):
        versions = [(system, result[group][name]) for system, result in zip(names_of(results), results, strict=True)
                    if name in result.get(group, {})]  # fmt: skip
        if all(metrics == versions[0][1] for _, metrics in versions):
            found[name] = versions[0][1]
        else:
            found |= {f"{name}, by {system}": metrics for system, metrics in versions}
    return found


def decoding_words(settings: Mapping[str, Any] | None) -> str:
    """ "greedy", "3 beams, at least 32 tokens", "the closest to the image of 8 sampled drafts"."""
    if not settings:
        return ABSENT
    least = settings.get("min_new_tokens") or 0
    return _way(settings) + (f", at least {least} tokens" if least else "")


def _way(settings: Mapping[str, Any]) -> str:
    beams, chosen = settings.get("num_beams", 1), settings.get("candidates")
    if chosen:
        return f"the closest to the image of {chosen} " + (
            "beams" if beams > 1 else "drafts, all but one sampled"
        )
    return "sampled" if settings.get("do_sample") else "greedy" if beams == 1 else f"{beams} beams"


def short(measure: str) -> str:
    """The name of a measure as a reader would say it: "F1, 14 classes, micro"."""
    found = measure.replace("clinical/reference/uncertain as positive/", "F1/").removeprefix("text/")
    return found.replace(" f1", "").replace("margins/counterfactual/", "flipped fact/").replace("/", ", ")


def number(value: Any) -> str:
    """Three decimals; a count as it is; what is absent a dash."""
    if value is None:
        return ABSENT
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def plain(value: Any) -> str:
    """As short as can be: 12, 12.5."""
    return ABSENT if value is None else f"{value:g}"


def signed(value: Any) -> str:
    """As `number`, with the sign; a zero has none."""
    if value is None:
        return ABSENT
    return f"{value:+.3f}".replace("-", "−") if round(value, 3) else "0.000"


def share(found: Mapping[str, Any] | None, key: str = "share") -> str:
    """ "0.42 [0.31, 0.53]"; only the share where no interval is known."""
    if not found or found.get(key) is None:
        return ABSENT
    low, high = (found.get(b if key in ("share", "accuracy") else f"{key} {b}") for b in ("low", "high"))
    return number(float(found[key])) + ("" if low is None or high is None else f" [{low:.2f}, {high:.2f}]")
