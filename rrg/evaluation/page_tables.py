"""The tables of the page: result files in, rows of words out. Knows no markup and no figure.

A number never stands alone: rows of company stand between the systems, by score, and an absent number says why.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rrg.data.findings import LABELS
from rrg.evaluation.discrimination import DEPTHS
from rrg.evaluation.nlg import METRICS
from rrg.evaluation.page_words import Result, Row, Table, company_of, names_of, number, plain, share, signed
from rrg.evaluation.protocols import Protocol
from rrg.evaluation.result_file import look_up

POSITIVE, NEGATIVE = "uncertain as positive", "uncertain as negative"


# --- Scoreboard ---

F1_WAYS = {
    "micro 14": (POSITIVE, "14 classes", "micro", "f1"),
    "macro 14": (POSITIVE, "14 classes", "macro", "f1"),
    "example 14": (POSITIVE, "14 classes", "example", "f1"),
    "micro 13": (POSITIVE, "13 findings", "micro", "f1"),
    "micro 5": (POSITIVE, "5 classes", "micro", "f1"),
}
_GAP = "clinical/reference/uncertain as positive/14 classes/micro/f1"


def scoreboard(results: Sequence[Result]) -> tuple[Table, Table]:
    """Systems and their company by BLEU-4 (`r2gen`), best first: what words say, and what findings and variety say."""
    metrics = {
        name: (result["metrics"], "system") for name, result in zip(names_of(results), results, strict=True)
    }
    metrics |= {name: (row, "company") for name, row in company_of(results).items()}
    first = (
        Protocol.R2GEN.value
        if any(_bleu(row, Protocol.R2GEN.value) for row, _ in metrics.values())
        else "full"
    )
    ordered = sorted(metrics.items(), key=lambda item: -(_bleu(item[1][0], first) or 0.0))
    protocols = (Protocol.R2GEN.value, Protocol.FULL.value)
    words = Table(
        ("system", *(*SHOWN, "gap of BLEU-4") * 2),
        tuple(
            Row(name, tuple(cell for p in protocols for cell in _words(row, p)), kind)
            for name, (row, kind) in ordered
        ),
        (("", 1), *((f"words, {p}", len(SHOWN) + 1) for p in protocols)),
        _why_absent(results),
    )
    findings = Table(
        ("system", *F1_WAYS, "gap of micro 14", "recall@10", "distinct", "all normal"),
        tuple(Row(name, tuple(_findings(row)), kind) for name, (row, kind) in ordered),
        (("", 1), ("findings, F1", len(F1_WAYS) + 1), ("retrieval", 1), ("variety", 2)),
    )
    return words, findings


SHOWN = ("BLEU-1", "BLEU-4", "METEOR", "ROUGE-L", "CIDEr")


def _bleu(metrics: Mapping[str, Any], protocol: str) -> Any:
    return look_up(metrics, ("text", protocol, "BLEU-4"))


def _words(metrics: Mapping[str, Any], protocol: str) -> Iterator[str]:
    for metric in SHOWN:
        yield number(look_up(metrics, ("text", protocol, metric)))
    yield signed(look_up(metrics, ("shuffle", f"text/{protocol}/BLEU-4", "gap")))


def _findings(metrics: Mapping[str, Any]) -> Iterator[str]:
    for way in F1_WAYS.values():
        yield number(look_up(metrics, ("clinical", "reference", *way)))
    yield signed(look_up(metrics, ("shuffle", _GAP, "gap")))
    yield number(look_up(metrics, ("retrieval", "image-to-report", "same text", "recall@10")))
    yield number(look_up(metrics, ("variety", "distinct")))
    yield number(look_up(metrics, ("variety", "all-normal share")))


def _why_absent(results: Sequence[Result]) -> tuple[str, ...]:
    """Every reason once, with what it keeps away."""
    reasons: dict[str, dict[str, None]] = {}
    for result in results:
        metrics = result["metrics"]
        parts = (
            metrics.get("absent"),
            look_up(metrics, ("text", "absent")),
            look_up(metrics, ("clinical", "absent")),
        )
        for what, why in (pair for part in parts if part for pair in part.items()):
            reasons.setdefault(why, {})[what] = None
    return tuple(f"Absent: {', '.join(what)}. {why[:1].upper()}{why[1:]}." for why, what in reasons.items())


def both_protocols(results: Sequence[Result]) -> Table:
    """Every text score under both protocols, systems only."""
    protocols = [protocol.value for protocol in Protocol]
    rows = [
        Row(
            name,
            tuple(number(look_up(result["metrics"], ("text", p, m))) for p in protocols for m in METRICS),
            "system",
        )
        for name, result in zip(names_of(results), results, strict=True)
    ]
    groups = (("", 1), *((p, len(METRICS)) for p in protocols))
    return Table(("system", *(m for _ in protocols for m in METRICS)), tuple(rows), groups)


# --- Findings ---


def clinical(results: Sequence[Result], against: str = "reference") -> Table:
    """Precision, recall and F1 of each average, over 14 classes, 13 findings and 5 classes, doubt counted both ways."""
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        scores = look_up(result["metrics"], ("clinical", against))
        rows += [Row(name)] if scores else []
        for doubt in (POSITIVE, NEGATIVE) if scores else ():
            for classes in ("14 classes", "13 findings", "5 classes"):
                found = look_up(scores, (doubt, classes)) or {}
                cells = [number(look_up(found, (a, r))) for a in ("micro", "macro", "example") for r in _PRF]
                rows.append(Row(f"{classes}, {doubt}", tuple(cells)))
    groups = (("", 1), ("micro", 3), ("macro", 3), ("example", 3))
    return Table(("system", *_PRF_WORDS * 3), tuple(rows), groups)


_PRF = ("precision", "recall", "f1")
_PRF_WORDS = ("precision", "recall", "F1")


def per_class(result: Result) -> Table:
    """Each class of one system: support in the references, how often it was named, and the three ratios."""
    found = look_up(result["metrics"], ("clinical", "reference", POSITIVE, "per class")) or {}
    rows = [
        Row(label, (*(number(found[label].get(k)) for k in ("support", "named", "found")),
                    *(number(found[label].get(k)) for k in _PRF)))
        for label in LABELS if label in found
    ]  # fmt: skip
    return Table(("class", "in references", "named", "right", *_PRF_WORDS), tuple(rows))


def attributes(results: Sequence[Result]) -> Table:
    """Side and severity where both texts name the finding."""
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        rows.append(Row(name))
        for what in ("side", "severity"):
            found = look_up(result["metrics"], ("clinical", "reference", what)) or {}
            cells = tuple(number(found.get(key)) for key in ("both name", "both say", "agree"))
            rows.append(Row(what, (*cells, share(found.get("share")))))
    return Table(("", "both name the finding", "both say it", "the same", "share (95 %)"), tuple(rows))


# --- Discrimination ---


def retrieval(results: Sequence[Result]) -> Table:
    """Recalls beside chance, by embedding and by text, both directions, both relevances."""
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        rows.append(Row(name))
        for by, key in (("embedding", "retrieval"), ("text", "retrieval by text")):
            for direction, relevances in (result["metrics"].get(key) or {}).items():
                for relevance, found in relevances.items():
                    recalls = (
                        f"{number(found.get(f'recall@{k}'))} ({number(found.get(f'chance@{k}'))})"
                        for k in DEPTHS
                    )
                    cells = (*recalls, plain(found.get("median rank")))
                    rows.append(Row(f"{direction}, {relevance}, by {by}", cells))
    return Table(("query, relevance", *(f"recall@{k} (chance)" for k in DEPTHS), "median rank"), tuple(rows))


def margins(results: Sequence[Result], directions: bool = False) -> Table:
    """Accuracy with its interval and mean margin: peer, hardness, each kind of fact, by every score.

    With `directions`, instead, each direction of a flip ("presence: added").
    """
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        answers = margin_answers(result["metrics"].get("margins") or {})
        shown = [
            Row(question, _margin(found))
            for question, found in answers.items()
            if (":" in question) is directions
        ]
        rows += [Row(name), *shown] if shown else []
    head = ("accuracy (95 %)", "balanced (95 %)", "area under the curve (95 %)", "mean margin", "pairs")
    return Table(("true report against", *head), tuple(rows))


def _margin(found: Mapping[str, Any]) -> tuple[str, ...]:
    shares = (share(found, key) for key in ("accuracy", "balanced", "auc"))
    return (*shares, signed(found.get("margin")), number(found.get("pairs")))


def margin_answers(found: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Question in words -> its answers."""
    answers = {f"mined peer, by {by}": each for by, each in (found.get("peer") or {}).items()}
    for by, kinds in (found.get("counterfactual") or {}).items():
        answers |= {f"flipped fact ({kind}), by {by}": each for kind, each in kinds.items()}
    hardness = found.get("hardness") or {}
    answers |= {f"synthesised negative at lambda {step} (a diagnostic)": e for step, e in hardness.items()}
    return {question: each for question, each in answers.items() if isinstance(each, Mapping)}


def pairs(results: Sequence[Result]) -> Table:
    """Counterfactual pairs, by each score and kind: right for a film, for both of a pair, and matched."""
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        found = result["metrics"].get("pairs") or {}
        shown = [
            Row(f"{kind}, by {score}",
                (*(share(each, key) for key in ("accuracy", "both", "matched")), number(each.get("pairs"))))
            for score, kinds in found.items()
            for kind, each in kinds.items()
        ]  # fmt: skip
        rows += [Row(name), *shown] if shown else []
    head = ("right for a film (95 %)", "for both of a pair (95 %)", "matched (95 %)", "pairs")
    return Table(("counterfactual pairs", *head), tuple(rows))


# --- Reading or reciting ---


def variety(results: Sequence[Result]) -> Table:
    """How varied the reports are, beside company and references."""
    rows = {
        name: (result["metrics"], "system") for name, result in zip(names_of(results), results, strict=True)
    }
    rows |= {name: (row, "company") for name, row in company_of(results).items()}
    references = look_up(results[0]["metrics"], ("references", "variety"))
    if references:
        rows["the references"] = ({"variety": references}, "")
    ways = {
        "distinct": ("distinct",), "all normal": ("all-normal share",), "self-BLEU": ("self-BLEU",),
        "constant prefix: all": ("longest constant prefix", "all"), "half": ("longest constant prefix", "half"),
        "priors per report": ("comparisons with a prior", "per report"),
    }  # fmt: skip
    lines = [
        Row(name, (*(number(look_up(row, ("variety", *way))) for way in ways.values()),
                   share(look_up(row, ("rare findings", "recall")))), kind)
        for name, (row, kind) in rows.items()
    ]  # fmt: skip
    return Table(("reports of", *ways, "rare findings recalled (95 %)"), tuple(lines))


def per_finding(result: Result) -> Table:
    """What the app shows beside a finding: of those held out how many were found, and how often a naming was right."""
    found = result["metrics"].get("per finding") or {}
    rows = [
        Row(label, (number(f.get("held-out positives")), number(f.get("found")), share(f.get("found share")),
                    number(f.get("named")), number(f.get("right")), share(f.get("right share"))))
        for label, f in found.items()
    ]  # fmt: skip
    head = ("finding", "held out", "found", "share found (95 %)", "named", "right", "share right (95 %)")
    return Table(head, tuple(rows))


def demonstration(results: Sequence[Result]) -> Table:
    """The adversaries: what each score makes of the references, and of the references with negations flipped."""
    found = company_of(results, "adversarial")
    rows = []
    for name, metrics in found.items():
        words = [number(look_up(metrics, ("text", "full", m))) for m in ("BLEU-1", "BLEU-4", "ROUGE-L")]
        f1 = [number(look_up(metrics, ("clinical", "reference", *way))) for way in F1_WAYS.values()]
        rows.append(Row(name, (*words, *f1)))
    groups = (("", 1), ("words (full)", 3), ("findings, F1", len(F1_WAYS)))
    return Table(("reports", "BLEU-1", "BLEU-4", "ROUGE-L", *F1_WAYS), tuple(rows), groups)


def faults(results: Sequence[Result]) -> Table:
    """What was wrong with the input, counted; and what was done."""
    rows = []
    for name, result in zip(names_of(results), results, strict=True):
        treatment = result["data"].get("treatment", {})
        for kind, ids in result["data"].get("faults", {}).items():
            count = ids if isinstance(ids, int) else len(ids)
            if count:
                rows.append(Row(f"{name}: {kind}", (str(count), str(treatment.get(kind, "left out")))))
    return Table(("fault", "studies", "what was done"), tuple(rows))


def comparison(found: Mapping[str, Any]) -> Table:
    """Every difference of one comparison with its interval and verdict."""
    rows = [
        Row(name, (
            *(number(d[s]["mean"]) + ("" if d[s]["sd"] is None else f" ± {d[s]['sd']:.3f}") for s in ("a", "b")),
            f"{signed(d['difference'])} [{signed(d['low'])}, {signed(d['high'])}]", str(d["studies"]),
            d["finding"] + (f" ({d['favours']} is better)" if d["favours"] else ""),
        ))
        for name, d in found["differences"].items()
    ]  # fmt: skip
    return Table(("measure", "A", "B", "B minus A [95 %]", "studies", "finding"), tuple(rows))
