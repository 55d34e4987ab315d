"""The numbers of metrics.json as Markdown: one checkpoint's, or several side by side. Knows no model and no text.

A text score never stands alone: it is printed with the number of distinct reports, the share that names no
abnormality, chance of the retrieval, and the scores that one constant sentence reaches.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rrg.evaluation.nlg import METRICS
from rrg.evaluation.protocols import Protocol
from rrg.evaluation.stored import Stored
from rrg.types import RrgError

BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"

# Not this project's results and not of the split above: a yardstick, with its sources.
CAUTION = (
    "Read text scores with care. On R2Gen's *test* split of IU X-Ray (590 studies, R2Gen's cleaning), one "
    "constant hand-written normal report, the same for every study, reaches BLEU-1 .511, BLEU-4 .184, "
    "ROUGE-L .396 and CIDEr .423, and one constant tuned on validation BLEU-4 .201 (both measured for "
    "this project); R2Gen publishes BLEU-4 .165 (arXiv:2010.16056) and R2GenCMN .170 (arXiv:2204.13258). "
    "A text score of this size is therefore no evidence that a model looks at the image, and these test "
    "figures are not comparable, number by number, with those of another split."
)


def number(value: float | None) -> str:
    """Three decimals; what is absent is said to be absent."""
    return "absent" if value is None else f"{value:.3f}"


def text_scores(metrics: Mapping[str, Any]) -> str:
    """Both protocols side by side, and why a score is absent."""
    rows = [["metric", *(f"`{protocol}`" for protocol in Protocol)]]
    for metric in METRICS:
        scores = [(metrics[protocol] or {}).get(metric) for protocol in Protocol]
        rows.append([metric, *map(number, scores)])
    reasons = [f"- `{name}` is absent: {why}" for name, why in metrics["absent"].items()]
    return "\n".join([table(rows), *([""] if reasons else []), *reasons])


def retrieval(metrics: Mapping[str, Any]) -> str:
    """Recalls beside chance, for every relevance and direction."""
    rows = [["relevant is", "direction", "recall@1", "recall@5", "recall@10 (chance)", "median rank"]]
    for relevance, directions in metrics["retrieval"].items():
        for direction, found in directions.items():
            recalls = [number(found["recall@1"]), number(found["recall@5"])]
            last = f"{number(found['recall@10'])} ({number(found['chance@10'])})"
            rows.append([f"the {relevance}", direction, *recalls, last, f"{found['median rank']:g}"])
    return table(rows)


def variety(metrics: Mapping[str, Any], studies: int) -> str:
    """How different from one another the reports are, beside the references."""
    return table(
        [
            ["", "generated", "references"],
            [
                f"distinct reports of {studies}",
                str(metrics["distinct reports"]),
                str(metrics["distinct references"]),
            ],
            [
                "share that names no abnormality",
                number(metrics["all-normal share"]),
                number(metrics["all-normal share of references"]),
            ],
        ]
    )


def results_table(stored: Sequence[Stored]) -> str:
    """Several checkpoints on one split, in the ladder's order, with what must stand beside them.

    RrgError where one has no metrics.json, or where they were measured on different studies.
    """
    ordered = sorted(stored, key=lambda each: (each.rung.order, each.name))
    results = [_measured(each) for each in ordered]
    data = results[0]["data"]
    if any(result["data"] != data or result["decoding"] != results[0]["decoding"] for result in results):
        raise RrgError(
            "the checkpoints were measured on different studies or decodings; evaluate all on one split"
        )
    rows = [_HEAD, *([each.name, *_row(result)] for each, result in zip(ordered, results, strict=True))]
    metrics = results[0]["metrics"]
    lines = [
        f"Split `{data['split']}`, {data['studies']} studies, {decoding(results[0])}, `r2gen` protocol; "
        "METEOR only where Java was at hand. Retrieval: an image's own report among all of the split, "
        f"chance in brackets. The references: {metrics['distinct references']} distinct, "
        f"{number(metrics['all-normal share of references'])} name no abnormality.",
        table(rows),
        CAUTION,
        "The table claims no difference between two rows: `python -m rrg compare` gives differences with "
        "their intervals. Made by:",
        "```\n" + "\n".join(result["command"] for result in results) + "\n```",
    ]
    return "\n\n".join(lines)


_HEAD = [
    "model", "BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr", "recall@10", "median rank", "distinct", "all normal",
    "nats/token",
]  # fmt: skip


def _row(result: Mapping[str, Any]) -> list[str]:
    metrics = result["metrics"]
    scores = metrics[Protocol.R2GEN] or {}
    found = metrics["retrieval"]["study"]["image-to-report"]
    return [
        *(number(scores.get(metric)) for metric in ("BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr")),
        f"{number(found['recall@10'])} ({number(found['chance@10'])})",
        f"{found['median rank']:g}",
        str(metrics["distinct reports"]),
        number(metrics["all-normal share"]),
        number(metrics["loss (nats per token)"]),
    ]


def _measured(stored: Stored) -> Mapping[str, Any]:
    if stored.metrics is None:
        raise RrgError(
            f"{stored.folder} has no metrics.json; make it with `python -m rrg evaluate ... --summary "
            f"{stored.folder}/metrics.json`"
        )
    return stored.metrics


def decoding(result: Mapping[str, Any]) -> str:
    """How the reports were written, in words."""
    settings = result["decoding"]
    if not settings.get("do_sample") and settings.get("num_beams", 1) == 1:
        least = settings.get("min_new_tokens", 0)
        return f"greedy decoding, at least {least} tokens" if least else "greedy decoding"
    return "decoding " + ", ".join(f"{key}={value}" for key, value in settings.items())


def table(rows: Sequence[Sequence[str]], right: bool = True) -> str:
    """Markdown; the first row is the head. All columns but the first are set to the right, unless not `right`."""
    head, *body = rows
    rule = ["---", *(["---:" if right else "---"] * (len(head) - 1))]
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, rule, *body])


def fill(readme: Path, text: str) -> None:
    """Put `text` between the two markers of `readme`. RrgError where they are not there once, in order."""
    try:
        page = readme.read_text(encoding="utf-8")
    except OSError as error:
        raise RrgError(f"cannot read {readme}: {error.strerror or error}") from error
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise RrgError(f"{readme} needs the lines {BEGIN} and {END}, once each and in this order")
    before, rest = page.split(BEGIN)
    readme.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.split(END)[1]}", encoding="utf-8")
