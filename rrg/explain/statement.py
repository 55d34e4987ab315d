"""A reading as JSON values and as plain text. Pure: knows no model, no file and no screen.

Absent texts are null and said to be absent; synthesised negatives are marked as false wherever they appear.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rrg.explain.reading import Examined
from rrg.types import Finding, Fit, HardNegatives, ModelReading, Neighbour, Radiograph, Recombination

NOTICE = "research demonstration, not for clinical use"
SYNTHETIC = "synthetic, false by construction"


def as_json(
    reading: ModelReading, examined: Examined, settings: Mapping[str, Any], warnings: Sequence[str]
) -> dict[str, Any]:
    """The whole reading, plain values only. Names no file and no patient."""
    source = str(settings.get("texts", ""))
    negatives = reading.hard_negatives
    return {
        "notice": NOTICE,
        "model": reading.model,
        "report": reading.report.text,
        "sentences": list(reading.sentences),
        "findings": [_finding(finding) for finding in reading.findings],
        "neighbours": [_neighbour(neighbour, source) for neighbour in reading.neighbours],
        "hard_negatives": None if negatives is None else _negatives(negatives, source),
        "screen": screen_json(examined),
        "films": [_film(film) for film in examined.films],
        "settings": dict(settings),
        "warnings": list(dict.fromkeys(warnings)),
        "seconds": round(reading.seconds, 3),
    }


def screen_json(examined: Examined) -> dict[str, Any]:
    """Whether the films are chest radiographs: null where the checkpoint cannot tell."""
    return {
        "chest_radiograph": examined.refusal is None if examined.distances else None,
        "distances": [round(distance, 4) for distance in examined.distances],
        "views": [film.view.name.lower() for film in examined.films],
        "reason": examined.refusal,
        "read_against_screen": examined.refusal is not None,
    }


def _film(film: Radiograph) -> dict[str, Any]:
    return {
        "format": film.source_format,
        "height": film.pixels.shape[0],
        "width": film.pixels.shape[1],
        "bits": film.bits,
        "view": film.view.name.lower(),
        "inverted": film.inverted,
        "steps": list(film.steps),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "label": finding.label,
        "status": finding.status.value,
        "side": finding.side.value if finding.side else None,
        "severity": finding.severity,
        "place": finding.place,
        "sentence": finding.sentence,
    }


def _neighbour(neighbour: Neighbour, source: str) -> dict[str, Any]:
    return {
        "rank": neighbour.rank,
        "study": neighbour.study_id,
        "uid": neighbour.uid,
        "similarity": neighbour.similarity,
        "labels": list(neighbour.labels),
        "text": neighbour.text,
        "source": source if neighbour.text is not None else None,
    }


def _negatives(negatives: HardNegatives, source: str) -> dict[str, Any]:
    return {
        "note": SYNTHETIC,
        "positive_alignment": negatives.positive_alignment,
        "peer_alignment": negatives.peer_alignment,
        "span": negatives.span,
        "reach": negatives.reach,
        "reason": negatives.reason,
        "peer": _neighbour(negatives.peer, source),
        "path": [
            {
                "lambda": point.hardness,
                "alignment": point.alignment,
                "angle": point.angle,
                "nearest": _neighbour(point.nearest, source),
                "readable": None if point.readable is None else _readable(point.readable),
            }
            for point in negatives.path
        ],
    }


def _readable(found: Recombination) -> dict[str, Any]:
    """Sentences of peer and positive; `origins` says of each which report it is from."""
    return {
        "note": SYNTHETIC,
        "text": found.text,
        "sentences": list(found.sentences),
        "origins": [origin.value for origin in found.origins],
        "similarity": found.similarity,
        "alignment": found.alignment,
        "differences": list(found.differences),
    }


def as_text(value: Mapping[str, Any]) -> str:
    """What `as_json` gave, for a terminal."""
    lines = [f"{value['model']} ({value['settings']['revision']}): {value['notice']}", ""]
    if value["screen"]["read_against_screen"]:
        lines += [f"READ ALTHOUGH {value['screen']['reason']}", ""]
    lines += ["Report", f"  {value['report'] or '(the model wrote nothing)'}", "", "Findings"]
    lines += [f"  {_finding_line(finding)}" for finding in value["findings"]] or ["  none named"]
    lines += ["", "Nearest training reports"] + [f"  {_neighbour_line(n)}" for n in value["neighbours"]]
    lines += ["", *_negative_lines(value["hard_negatives"])]
    lines += ["", f"Texts of training reports: {value['settings']['texts']}"]
    lines += [f"warning: {warning}" for warning in value["warnings"]]
    return "\n".join(lines)


def _finding_line(finding: Mapping[str, Any]) -> str:
    details = ", ".join(str(finding[key]) for key in ("side", "severity", "place") if finding[key])
    return f"{finding['status']:<9} {finding['label']}" + (f" ({details})" if details else "")


def _neighbour_line(neighbour: Mapping[str, Any]) -> str:
    text = "(text not at hand)" if neighbour["text"] is None else neighbour["text"]
    return f"{neighbour['similarity']:+.3f} {neighbour['study']}: {text}"


def _negative_lines(negatives: Mapping[str, Any] | None) -> list[str]:
    if negatives is None:
        return ["Hard negatives: none, no report of the gallery differs from the positive in a finding"]
    peer = negatives["peer"]
    lines = [
        f"Hard negatives ({negatives['note']})",
        f"  positive {negatives['positive_alignment']:+.3f}; peer {negatives['peer_alignment']:+.3f}",
        f"  the peer differs: {negatives['reason']}",
        f"  peer    {_neighbour_line(peer)}",
    ]
    for point in negatives["path"]:
        nearest = _neighbour_line(point["nearest"])
        lines.append(f"  lambda {point['lambda']:.2f} alignment {point['alignment']:+.3f}, nearest {nearest}")
        lines += _readable_lines(point["readable"], negatives["positive_alignment"])
    return lines


def _readable_lines(readable: Mapping[str, Any] | None, positive: float) -> list[str]:
    """The negative in words, what is false in it, and whether the model prefers the positive."""
    if readable is None:
        return []
    false = "; ".join(readable["differences"]) or "no difference from the positive that the labeller finds"
    margin = positive - readable["alignment"]
    return [
        f"    readable ({readable['note']}) {readable['alignment']:+.3f}, margin {margin:+.3f}: {readable['text']}",
        f"    false in it: {false}",
    ]


def fit_json(fit: Fit) -> dict[str, float | None]:
    """Cosine, mean log-likelihood in nats per known token, and that of the whole text."""
    return {"alignment": fit.alignment, "log_likelihood": fit.per_token, "total_log_likelihood": fit.total}


def scores_as_text(value: Mapping[str, Any]) -> str:
    """Two rows: the given report and the model's own."""
    lines = [
        f"{value['model']} ({value['revision']})",
        f"{'':8} {'alignment':>10} {'nats/token':>11} {'nats':>9}",
    ]
    for name in ("given", "own"):
        row = value[name]
        alignment, mean = _number(row["alignment"]), _number(row["log_likelihood"])
        lines.append(f"{name:8} {alignment:>10} {mean:>11} {_number(row['total_log_likelihood']):>9}")
    lines.append(f"own report: {value['own']['text']}")
    lines += [f"warning: {warning}" for warning in value["warnings"]]
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "absent" if value is None else f"{value:+.3f}"
