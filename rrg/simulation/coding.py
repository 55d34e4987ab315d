"""A truth -> the headings under which it is coded, as the people who indexed IU X-Ray write them. Knows no report.

"Pleural Effusion/left/small": a heading of MeSH, then its qualifiers. What the report says does not count: these labels are
an independent check on whoever reads it.
"""

from __future__ import annotations

from rrg.simulation.truth import DEGENERATION, LOW_VOLUMES, SCOLIOSIS_DEG, Fact, Kind, Severity, Truth

NORMAL = "normal"
_HEADINGS = {
    Kind.CARDIOMEGALY: "Cardiomegaly",
    Kind.EFFUSION: "Pleural Effusion",
    Kind.PNEUMOTHORAX: "Pneumothorax",
    Kind.CONSOLIDATION: "Consolidation/lung",
    Kind.LINEAR_ATELECTASIS: "Pulmonary Atelectasis/lung",
    Kind.LOBAR_ATELECTASIS: "Pulmonary Atelectasis/lung",
    Kind.OEDEMA: "Pulmonary Edema",
    Kind.NODULE: "Nodule/lung",
    Kind.MASS: "Mass/lung",
    Kind.HYPERINFLATION: "Lung/hyperdistention",
    Kind.ELEVATED_HEMIDIAPHRAGM: "Diaphragm/elevated",
    Kind.PACEMAKER: "Implanted Medical Device/heart",
    Kind.CENTRAL_LINE: "Catheters, Indwelling",
    Kind.STERNAL_WIRES: "Surgical Instruments/sternum",
}
_SIZES = {Severity.MILD: "small", Severity.MODERATE: "moderate", Severity.SEVERE: "large"}
_SIZED = {Kind.EFFUSION, Kind.PNEUMOTHORAX}


def headings(truth: Truth) -> tuple[str, ...]:
    """One entry a fact, then those of the body; "normal" where there is none."""
    body = truth.body
    side = "right" if body["scoliosis_deg"] > 0 else "left"
    found = [_heading(fact) for fact in truth.facts]
    found += ["Lung/hypoinflation"] if body["inspiration"] < LOW_VOLUMES else []
    found += [f"Scoliosis/thoracic vertebrae/{side}"] if abs(body["scoliosis_deg"]) >= SCOLIOSIS_DEG else []
    found += ["Spine/degenerative"] if body["degeneration"] >= DEGENERATION else []
    return tuple(found) or (NORMAL,)


def _heading(fact: Fact) -> str:
    place = None if fact.kind is Kind.CENTRAL_LINE else fact.place
    grade = _SIZES[fact.severity] if fact.kind in _SIZED and fact.severity else fact.severity
    calcified = "calcified" if fact.calcified else None
    return "/".join(str(part) for part in (_HEADINGS[fact.kind], place, fact.side, grade, calcified) if part)
