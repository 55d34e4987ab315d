"""The numbers of metrics.json as Markdown: one checkpoint's, or several side by side. Knows no model and no text.

A text score never stands alone: it is printed with its company (reports written without looking, the nearest train
report, the references themselves), with what is left of it when the images are permuted, with clinical scores and with
the number of distinct reports.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rrg.evaluation.company import NEAREST
from rrg.evaluation.page_words import decoding_words
from rrg.evaluation.protocols import Protocol
from rrg.evaluation.result_file import look_up
from rrg.evaluation.stored import Stored
from rrg.types import RrgError

# Not this project's results and not of the split above: a yardstick, with its sources.
CAUTION = (
    "Read text scores with care. On R2Gen's *test* split of IU X-Ray (590 studies, R2Gen's cleaning), one "
    "constant hand-written normal report, the same for every study, reaches BLEU-1 .511, BLEU-4 .184, "
    "ROUGE-L .396 and CIDEr .423, and one constant tuned on validation BLEU-4 .201 (both measured for "
    "this project); R2Gen publishes BLEU-4 .165 (arXiv:2010.16056) and R2GenCMN .170 (arXiv:2204.13258). "
    "A text score of this size is therefore no evidence that a model looks at the image, and these test "
    "figures are not comparable, number by number, with those of another split."
)
SIMULATED_CAUTION = (
    "These numbers are of **simulated** studies and compare with nothing outside this table: the reports come from a "
    "grammar with far fewer turns of phrase than people have, every film shows the one CT that underlies all bodies, and "
    "findings are spread for learning, not as they are in a hospital. They say how models differ, not how they would do on "
    "patients."
)

Way = tuple[str, ...]
Rows = Mapping[str, Mapping[str, Any]]  # name -> metrics

_POSITIVE: Way = ("clinical", "reference", "uncertain as positive")
_FOURTEEN, _FIVE = (*_POSITIVE, "14 classes"), (*_POSITIVE, "5 classes")
_BY_IMAGE: Way = ("retrieval", "image-to-report")
_FLIPPED: Way = ("margins", "counterfactual")

WORDS: Mapping[str, Way] = {
    **{
        name: ("text", Protocol.R2GEN.value, name)
        for name in ("BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr")
    },
    **{
        f"full: {name}": ("text", Protocol.FULL.value, name)
        for name in ("BLEU-4", "METEOR", "ROUGE-L", "CIDEr")
    },
}
FINDINGS: Mapping[str, Way] = {
    "14: micro": (*_FOURTEEN, "micro", "f1"),
    "macro": (*_FOURTEEN, "macro", "f1"),
    "example": (*_FOURTEEN, "example", "f1"),
    "5: micro": (*_FIVE, "micro", "f1"),
    "5: macro": (*_FIVE, "macro", "f1"),
    "coded, 5: micro": ("clinical", "coded", *_FIVE[2:], "micro", "f1"),
    "rare found": ("rare findings", "recall", "share"),
    "distinct": ("variety", "distinct"),
    "all normal": ("variety", "all-normal share"),
    "priors a report": ("variety", "comparisons with a prior", "per report"),
}
GAPS: Mapping[str, str] = {
    "BLEU-4": "text/r2gen/BLEU-4",
    "ROUGE-L": "text/r2gen/ROUGE-L",
    "full: CIDEr": "text/full/CIDEr",
    "F1 14 micro": "/".join((*_FOURTEEN, "micro", "f1")),
    "F1 5 micro": "/".join((*_FIVE, "micro", "f1")),
    "recall@10": "/".join((*_BY_IMAGE, "same text", "recall@10")),
    "flipped fact, embedding": "/".join((*_FLIPPED, "embedding", "all", "balanced")),
    "flipped fact, likelihood": "/".join((*_FLIPPED, "likelihood", "all", "balanced")),
    "nats/token": "loss",
}
# The last name is the number, and its interval stands beside it.
TOLD_APART: Mapping[str, Way] = {
    "peer, embedding": ("margins", "peer", "embedding", "accuracy"),
    "peer, likelihood": ("margins", "peer", "likelihood", "accuracy"),
    "flipped fact, embedding": (*_FLIPPED, "embedding", "all", "balanced"),
    "flipped fact, likelihood": (*_FLIPPED, "likelihood", "all", "balanced"),
    "flipped fact, image gain": (*_FLIPPED, "image gain", "all", "balanced"),
}
TWINS: Mapping[str, Way] = {
    "right film, embedding": ("pairs", "embedding", "all", "accuracy"),
    "both films, embedding": ("pairs", "embedding", "all", "both"),
    "right film, likelihood": ("pairs", "likelihood", "all", "accuracy"),
    "both films, likelihood": ("pairs", "likelihood", "all", "both"),
}


def caution(collection: str) -> str:
    """What must be read beside the text scores of a collection's checkpoints."""
    return SIMULATED_CAUTION if collection == "simulated" else CAUTION


def number(value: Any) -> str:
    """Three decimals; what is absent is said to be absent."""
    return "absent" if value is None else f"{value:.3f}" if isinstance(value, float) else str(value)


def words_table(rows: Rows) -> str:
    """Text scores of systems: `r2gen` first, `full` behind."""
    return _table(rows, WORDS)


def findings_table(rows: Rows) -> str:
    """F1 of findings, and how varied the reports are."""
    return _table(rows, FINDINGS)


def gaps_table(rows: Rows) -> str:
    """What a system loses when its images are permuted; in nats a token a reader of images has a negative gap."""
    ways: Mapping[str, Way] = {head: ("shuffle", name, "gap") for head, name in GAPS.items()}
    return _table(rows, ways, signed=True)


def retrieval_table(rows: Rows) -> str:
    """Recall beside what drawing reaches, and what one fixed order for every image can reach."""
    lines = [
        ["model", "relevant", "direction", "recall@1", "recall@5", "recall@10 (chance, blind)", "median rank"]
    ]
    for name, metrics in rows.items():
        for direction, relevances in (metrics["retrieval"] or {}).items():
            for relevance, found in relevances.items():
                beside = f"{number(found['chance@10'])}, {number(found['blind@10'])}"
                lines.append(
                    [
                        name, relevance, direction, number(found["recall@1"]), number(found["recall@5"]),
                        f"{number(found['recall@10'])} ({beside})", f"{found['median rank']:g}",
                    ]
                )  # fmt: skip
    return table(lines)


def margins_table(rows: Rows) -> str:
    """How often the true report scores above a false one, with 95 % intervals; 0.5 is a coin."""
    return _with_limits(rows, TOLD_APART)


def pairs_table(rows: Rows) -> str:
    """How often each film of a counterfactual pair prefers its own report, with 95 % intervals."""
    return _with_limits(rows, TWINS)


def _with_limits(rows: Rows, ways: Mapping[str, Way]) -> str:
    lines = [[name, *(_interval(metrics, way) for way in ways.values())] for name, metrics in rows.items()]
    return table([["model", *ways], *lines])


def _interval(metrics: Mapping[str, Any], way: Way) -> str:
    *inside, name = way
    bounds = ("low", "high") if name == "accuracy" else (f"{name} low", f"{name} high")
    low, high = (look_up(metrics, (*inside, bound)) for bound in bounds)
    value = look_up(metrics, way)
    return number(value) + (f" [{number(low)}, {number(high)}]" if low is not None else "")


def _table(rows: Rows, ways: Mapping[str, Way], signed: bool = False) -> str:
    cells = [
        [name, *(_cell(look_up(metrics, way), signed) for way in ways.values())]
        for name, metrics in rows.items()
    ]
    return table([["", *ways], *cells])


def _cell(value: Any, signed: bool) -> str:
    # Rounded first: a gap of -0.0001 is no "-0.000".
    return f"{round(value, 3) + 0.0:+.3f}" if signed and isinstance(value, float) else number(value)


# --- Systems and what stands beside them ---


def rows_of(results: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """Row name -> metrics: the systems, their nearest neighbours, the rest of the company, the adversaries."""
    rows = systems(results)
    for result in results:
        if NEAREST in result["company"]:
            rows[f"{NEAREST}, by {result['system']['name']}"] = result["company"][NEAREST]
    for group in ("company", "adversarial"):
        rows |= {name: row for name, row in results[0][group].items() if name != NEAREST}
    return rows


def systems(results: Iterable[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {result["system"]["name"]: result["metrics"] for result in results}


def scoreboard(stored: Sequence[Stored]) -> str:
    """Several checkpoints on one split, in the ladder's order, with what must stand beside them.

    RrgError where one has no metrics.json, or where they were measured on different studies.
    """
    results = [_measured(each) for each in sorted(stored, key=lambda each: (each.rung.order, each.name))]
    first = results[0]
    if any(result["data"] != first["data"] or result["decoding"] != first["decoding"] for result in results):
        raise RrgError(
            "the checkpoints were measured on different studies or decodings; evaluate all on one split"
        )
    others = [other for each in stored for other in each.decoded]
    models = systems([*results, *others])
    rows = models | rows_of(results)
    return "\n\n".join(
        [
            f"Split `{first['data']['split']}`, {first['data']['studies']} studies, {decoding(first)}. {varied(first)}",
            *sections(rows, models),
            *reasons(models),
            caution(stored[0].collection),
            "The tables claim no difference between two rows: `python -m rrg compare` gives differences with "
            "their intervals. Made by:",
            "```\n" + "\n".join(result["command"] for result in [*results, *others]) + "\n```",
        ]
    )


def sections(rows: Rows, models: Rows) -> list[str]:
    """The tables with their words: `rows` with all company, `models` alone where only a model has the number."""
    return [
        "**Words.** Protocol `r2gen` (lower case, cut at 60 tokens, rare words unknown), then `full` (the untouched "
        "reference). The constant rows are one sentence for all images.",
        words_table(rows),
        "**Findings**, labelled in the text, F1 against those of the reference; uncertain counts as positive; 14 and 5 "
        "CheXpert classes. `coded`: against what people coded. `rare found`: share of the rare findings that are named. "
        "Then distinct reports, the share that names no abnormality, and comparisons with a prior that nobody gave.",
        findings_table(rows),
        "**Image-shuffle gap**: the score less the same score with the images permuted among the studies. Nought means "
        "that the images were not read (for nats a token, below nought is reading).",
        gaps_table(rows),
        "**Telling reports apart**: how often the true report scores above its mined peer, and above itself with one "
        "clinical fact flipped (the mean over opposite flips, so who always prefers the normal report has 0.5); 0.5 is a "
        "coin. `image gain` is the likelihood less that under other images.",
        margins_table(models),
        *_twins({name: metrics for name, metrics in models.items() if metrics.get("pairs")}),
        "**Retrieval** among the studies of the split. `chance`: drawing; `blind`: the best that one order, the same for "
        "every image, can reach.",
        retrieval_table(models),
    ]  # fmt: skip


def _twins(models: Rows) -> list[str]:
    """The counterfactual pairs, where models were asked about some."""
    if not models:
        return []
    asked = next(iter(models.values()))["pairs"]["embedding"]["all"]["pairs"]
    return [
        f"**Counterfactual pairs**: {asked} bodies filmed twice with one fact changed. How often a film prefers its own "
        "report to its twin's (0.5 without looking), and how often both films of a pair do (0 without looking).",
        pairs_table(models),
    ]


def reasons(models: Rows) -> list[str]:
    """Why numbers are absent, once each."""
    told = dict.fromkeys(
        f"- `{name}` is absent: {why}"
        for metrics in models.values()
        for name, why in (
            *metrics["absent"].items(),
            *((f"text/{metric}", why) for metric, why in metrics["text"]["absent"].items()),
            *((f"clinical/{part}", why) for part, why in metrics["clinical"]["absent"].items()),
        )
    )
    return ["\n".join(told)] if told else []


def varied(result: Mapping[str, Any]) -> str:
    """The variety of the references, in words."""
    references = result["metrics"]["references"]["variety"]
    return (
        f"The references: {references['distinct']} distinct, {number(references['all-normal share'])} name no "
        "abnormality."
    )


def _measured(stored: Stored) -> Mapping[str, Any]:
    if stored.metrics is None:
        raise RrgError(
            f"{stored.folder} has no metrics.json; make it with `python -m rrg evaluate ... --summary "
            f"{stored.folder}/metrics.json`"
        )
    return stored.metrics


def decoding(result: Mapping[str, Any]) -> str:
    """How the reports were written, in words."""
    return decoding_words(result["decoding"]).replace("greedy", "greedy decoding")


def table(rows: Sequence[Sequence[str]], right: bool = True) -> str:
    """Markdown; the first row is the head. All columns but the first are set to the right, unless not `right`."""
    head, *body = rows
    rule = ["---", *(["---:" if right else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])
