"""Which numbers of result files go into which plot. Knows no markup; the drawing is in `figures`.

What the files do not hold is not drawn: without studies (metrics.json) the recall curves have three points, and there
are no histograms.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from rrg.evaluation import figures
from rrg.evaluation.answers import SCORES
from rrg.evaluation.discrimination import DEPTHS
from rrg.evaluation.measures import HEADLINE
from rrg.evaluation.page_tables import F1_WAYS, POSITIVE
from rrg.evaluation.page_words import Result, company_of, names_of, short
from rrg.evaluation.result_file import look_up

SHOWN = ("embedding", "likelihood", "image gain")
RELEVANCES = ("same text", "same findings")


@dataclass(frozen=True, eq=False)
class Plot:
    """A figure and what it shows, in words: caption and alternative text."""

    figure: Figure
    words: str


def recall(results: Sequence[Result], relevance: str) -> Plot | None:
    """Image-to-report recall at every depth, chance dotted."""
    found = {
        name: points
        for name, result in zip(names_of(results), results, strict=True)
        if (points := _points(result, relevance))
    }
    if not found:
        return None
    chance = next(
        look_up(result["metrics"], ("retrieval", "image-to-report", relevance))
        for result in results
        if _points(result, relevance)
    )
    blind = [(k, chance[f"chance@{k}"]) for k in DEPTHS if f"chance@{k}" in chance]
    words = (
        "Image-to-report recall, by embedding; relevant is a report with the "
        f"{relevance.removeprefix('same ')} of the study's own."
    )
    return Plot(figures.recall_curves(found, blind), words)


def _points(result: Result, relevance: str) -> list[tuple[float, float]]:
    name = f"image-to-report/{relevance}"
    ranks = [study["ranks"][name] for study in result.get("studies", ()) if name in study.get("ranks", {})]
    if ranks:
        depths = np.unique(np.geomspace(1, len(ranks), 40).round().astype(int))
        return [(int(k), float(np.mean(np.array(ranks) <= k))) for k in depths]
    known = look_up(result["metrics"], ("retrieval", "image-to-report", relevance)) or {}
    return [(k, known[f"recall@{k}"]) for k in DEPTHS if f"recall@{k}" in known]


def facts(results: Sequence[Result], by: str) -> Plot | None:
    """Accuracy on counterfactual reports, for each kind of fact; balanced over directions where these are known."""
    found = {
        name: {kind: _balanced(each) for kind, each in kinds.items() if ":" not in kind and each.get("pairs")}
        for name, result in zip(names_of(results), results, strict=True)
        if (kinds := look_up(result["metrics"], ("margins", "counterfactual", by)))
    }
    if not any(found.values()):
        return None
    words = (
        f"By {by}: how often the true report fits the image better than the same report with one fact flipped, with "
        "95 % intervals (none of fewer than 20 studies). The dashed line is a coin."
    )
    return Plot(figures.intervals(found, f"balanced accuracy by {by}"), words)


def _balanced(found: Mapping[str, Any]) -> Mapping[str, Any]:
    if found.get("balanced") is None:
        return found
    return {
        "accuracy": found["balanced"],
        "low": found.get("balanced low"),
        "high": found.get("balanced high"),
    }


def classes(results: Sequence[Result]) -> Plot | None:
    """F1 of each class that the references have, with support."""
    tables = {
        name: look_up(result["metrics"], ("clinical", "reference", POSITIVE, "per class")) or {}
        for name, result in zip(names_of(results), results, strict=True)
    }
    first = next(iter(tables.values()))
    support = {label: row["support"] for label, row in first.items() if row.get("support")}
    ordered = sorted(support, key=lambda label: -support[label])
    if not ordered:
        return None
    shown = {
        name: {label: table.get(label, {}).get("f1") for label in ordered} for name, table in tables.items()
    }
    words = "F1 of each class against labels of the references, uncertain as positive; in brackets how many studies have it."
    return Plot(figures.bars(shown, "F1", {label: f"({support[label]})" for label in ordered}), words)


def margins(results: Sequence[Result], by: str) -> Plot | None:
    """Histogram of margins over all counterfactual edits."""
    at = 2 + SCORES.index(by)
    found = {}
    for name, result in zip(names_of(results), results, strict=True):
        rows = [
            fact
            for study in result.get("studies", ())
            for fact in (study.get("margins") or {}).get("facts", ())
        ]
        values = [row[at] for row in rows if len(row) > at and row[at] is not None]
        if values:
            found[name] = values
    if not found:
        return None
    unit = {"embedding": "cosine"}.get(by, "nats")
    words = f"Margins by {by}, true report minus the one with a flipped fact ({unit}). Right of the dashed line: right."
    return Plot(figures.histograms(found, f"margin by {by} ({unit})"), words)


def shuffle(results: Sequence[Result]) -> Plot | None:
    """Scores with each study's own images, and with those of another."""
    ways = {
        "BLEU-4 (r2gen)": "text/r2gen/BLEU-4", "ROUGE-L (r2gen)": "text/r2gen/ROUGE-L",
        "micro F1, 14 classes": "clinical/reference/uncertain as positive/14 classes/micro/f1",
        "micro F1, 13 findings": "clinical/reference/uncertain as positive/13 findings/micro/f1",
        "micro F1, 5 classes": "clinical/reference/uncertain as positive/5 classes/micro/f1",
        "recall@10": "retrieval/image-to-report/same text/recall@10",
    }  # fmt: skip
    found = {}
    for name, result in zip(names_of(results), results, strict=True):
        rows = {row: look_up(result["metrics"], ("shuffle", way)) or {} for row, way in ways.items()}
        told = {
            row: (each["true"], each["shuffled"]) for row, each in rows.items() if each.get("gap") is not None
        }
        if told:
            found[name] = told
    if not found:
        return None
    words = (
        "The same scores with every study's own images (filled) and with those of another study (hollow). "
        "No distance: nothing was read."
    )
    return Plot(figures.pairs(found, "score", ("own images", "another's")), words)


def demonstration(results: Sequence[Result]) -> Plot | None:
    """What words and findings make of flipped negations."""
    rows = list(company_of(results, "adversarial").values())[:2]
    if len(rows) < 2:
        return None
    ways: dict[str, tuple[str, ...]] = {
        f"{m} (full)": ("text", "full", m) for m in ("BLEU-1", "BLEU-4", "ROUGE-L")
    }
    ways |= {f"F1, {name}": ("clinical", "reference", *way) for name, way in F1_WAYS.items()}
    values = {name: [look_up(row, way) for row in rows] for name, way in ways.items()}
    told = {name: (each[0], each[1]) for name, each in values.items() if None not in each}
    words = "The references as they are (filled), and with their negations flipped (hollow), scored against the references."
    return Plot(figures.pairs({"references": told}, "score", ("as written", "negations flipped")), words)


def differences(comparison: Mapping[str, Any]) -> Plot | None:
    """The differences named beforehand that are shares, in one scale."""
    found = {name: comparison["differences"][name] for name in HEADLINE if name in comparison["differences"]}
    shares = {name: each for name, each in found.items() if name != "loss" and not name.endswith("CIDEr")}
    if not shares:
        return None
    words = (
        "Differences named before anything was compared, B minus A, with 95 % intervals. Hollow: no "
        "difference found."
    )
    return Plot(figures.forest({short(name): each for name, each in shares.items()}), words)


def all_plots(results: Sequence[Result]) -> Iterator[tuple[str, Plot]]:
    """Every plot that the files give, by a name that is one of an element, in the order of the page."""
    drawn = {
        "classes": classes(results),
        **{f"recall-{i}": recall(results, relevance) for i, relevance in enumerate(RELEVANCES)},
        **{f"facts-{by}": facts(results, by) for by in SHOWN},
        **{f"margins-{by}": margins(results, by) for by in SHOWN},
        "shuffle": shuffle(results),
        "demonstration": demonstration(results),
    }
    yield from ((name, plot) for name, plot in drawn.items() if plot is not None)
