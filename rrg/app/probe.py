"""What both models make of a report and of an edit of it: the use cases of the probe, and their values.

Knows no gradio and no HTML. Edits that flip one fact come from `rrg.data.counterfactuals`; a text of a licensed
collection is not edited on a public page (`terms`). The image encoder never runs here.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from rrg.app.compare import firmest
from rrg.app.reading_room import REFERENCE, ReadingRoom
from rrg.app.study import OpenStudy
from rrg.app.terms import WITHHELD
from rrg.data.counterfactuals import Counterfactual, counterfactuals
from rrg.data.findings import label_report
from rrg.data.reports import clean
from rrg.types import Finding, Fit, RrgError

MAX_REPORT = 2000  # characters
MOST_FLIPS = 24  # of one report, the first; page and API say what is left out
OWN_WORDS = "your own words"
NEARER = 1e-6  # margins of a cosine below this are ties: one text in two batches embeds to within some 1e-7
LIKELIER = 1e-3  # the same for nats


@dataclass(frozen=True)
class Weighed:
    """One model's view of an original report and of its edit."""

    model: str
    original: Fit
    edited: Fit

    @property
    def alignment(self) -> float | None:
        """Cosine of the original minus that of the edit: above 0 where the original fits the film better."""
        return _difference(self.original.alignment, self.edited.alignment)

    @property
    def comparable(self) -> bool:
        """Whether likelihoods may be compared: a word that the model does not know costs nothing."""
        return self.original.unknown == self.edited.unknown

    @property
    def likelihood(self) -> float | None:
        """Log-odds in nats that the model gives the original over the edit; None where they are not comparable."""
        return _difference(self.original.total, self.edited.total) if self.comparable else None

    @property
    def cut(self) -> bool:
        return self.original.cut or self.edited.cut

    def prefers(self, measure: str) -> bool | None:
        """By "alignment" or "likelihood": True the original, False the edit, None neither."""
        margin = self.alignment if measure == "alignment" else self.likelihood
        if margin is None or abs(margin) < (NEARER if measure == "alignment" else LIKELIER):
            return None
        return margin > 0


@dataclass(frozen=True)
class Probe:
    """An original and an edit before both models. `source` says who wrote the original."""

    original: str
    edited: str
    source: str
    changed: tuple[str, ...]  # facts that the labeller finds changed, in words
    models: tuple[Weighed, ...]
    flip: Counterfactual | None = None  # the offered edit that this is, if it is one


def sources(study: OpenStudy | None) -> dict[str, str]:
    """Who wrote a report of this study -> its text: the reference first, then both models' drafts."""
    if study is None or study.reading is None:
        return {}
    told = {REFERENCE: study.reference} if study.reference else {}
    return told | {f"draft of {model.model}": model.report.text for model in study.reading.models}


def source_of(study: OpenStudy, text: str) -> str:
    """Whose words a text is."""
    return next((who for who, said in sources(study).items() if clean(said) == clean(text)), OWN_WORDS)


def flips(report: str) -> tuple[Counterfactual, ...]:
    """Every one-fact edit of a report that the labeller confirms, at most `MOST_FLIPS`. RrgError on a bad text."""
    return tuple(counterfactuals(_checked(report, "report"))[:MOST_FLIPS])


def left_out(report: str) -> int:
    """How many edits of a report that flip one fact are not offered: those beyond `MOST_FLIPS`. RrgError on a bad text."""
    return max(0, len(counterfactuals(_checked(report, "report"))) - MOST_FLIPS)


def offers(room: ReadingRoom, study: OpenStudy | None, report: str) -> tuple[Counterfactual, ...]:
    """The flips of a report of this study, where this page may adapt it. RrgError says why not."""
    open_study = _read(study)
    _may_adapt(room, open_study, report)
    return flips(report)


def probe(room: ReadingRoom, study: OpenStudy | None, original: str, edited: str) -> Probe:
    """Both models' fits of two texts. RrgError where nothing is read, or a text is empty or too long."""
    return _probes(room, _read(study), original, [(edited, None)])[0]


def probe_flip(room: ReadingRoom, study: OpenStudy | None, original: str, number: int) -> Probe:
    """The same for the offered flip `number`, from 0. RrgError where there is none."""
    offered = offers(room, study, original)
    if not 0 <= number < len(offered):
        raise RrgError(f"There is no flip {number + 1} of this report; it has {len(offered)}.")
    return _probes(room, _read(study), original, [(offered[number].text, offered[number])])[0]


def probe_all(room: ReadingRoom, study: OpenStudy | None, original: str) -> tuple[Probe, ...]:
    """Every offered flip before both models, each text weighed once. RrgError where no fact can be flipped."""
    offered = offers(room, study, original)
    if not offered:
        raise RrgError(
            "No fact of this report can be flipped so that the labeller sees that change and no other."
        )
    return _probes(room, _read(study), original, [(flip.text, flip) for flip in offered])


def _probes(
    room: ReadingRoom, study: OpenStudy, original: str, edits: Sequence[tuple[str, Counterfactual | None]]
) -> tuple[Probe, ...]:
    first = _checked(original, "report")
    others = [_checked(text, "edited report") for text, _ in edits]
    assert study.pair is not None
    with room.models(study.pair) as readers:
        fits = [
            (reader.name, reader.weigh(encoded, [first, *others]))
            for reader, encoded in zip(readers, study.encoded, strict=True)
        ]
    source = source_of(study, first)
    return tuple(
        Probe(
            first, text, source, changes(first, text),
            tuple(Weighed(name, each[0], each[place]) for name, each in fits), flip,
        )
        for place, (text, (_, flip)) in enumerate(zip(others, edits, strict=True), 1)
    )  # fmt: skip


def changes(original: str, edited: str) -> tuple[str, ...]:
    """What the labeller finds changed: "Pneumothorax: absent → right present"."""
    before, after = (firmest(label_report(text)) for text in (original, edited))
    return tuple(
        f"{label}: {_said(before.get(label, ()))} → {_said(after.get(label, ()))}"
        for label in dict.fromkeys((*before, *after))
        if _said(before.get(label, ())) != _said(after.get(label, ()))
    )


def _said(found: Sequence[Finding]) -> str:
    """Sorted, so that sentences in another order are no change."""
    told = (" ".join(str(part) for part in (f.severity, f.side, f.place, f.status) if part) for f in found)
    return ", ".join(sorted(told)) or "not mentioned"


def _read(study: OpenStudy | None) -> OpenStudy:
    if study is None or study.reading is None or study.pair is None:
        raise RrgError("Nothing has been read yet; open a film first.")
    return study


def _may_adapt(room: ReadingRoom, study: OpenStudy, report: str) -> None:
    generated = source_of(study, report) != REFERENCE
    assert study.pair is not None
    if not room.terms.may_adapt(study.pair[1].collection, generated=generated):
        raise RrgError(WITHHELD)


def _checked(text: str, what: str) -> str:
    if not clean(text) or len(text) > MAX_REPORT:
        raise RrgError(f"The {what} has {len(text.strip())} characters; give one of 1 to {MAX_REPORT}.")
    return text.strip()


def _difference(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None or math.isnan(a - b) else a - b
