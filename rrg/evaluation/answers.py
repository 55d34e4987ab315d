"""What is asked of a model about one study, and what it answers: margins between its true report and false ones.

Knows no model. A margin is the score of the true report minus that of the false one, above 0 where the true one fits
better. Scores:

* embedding: the cosine of image and report embedding.
* likelihood: the log-likelihood in nats of the **whole** text, its end included. It is the score, because the difference
  of two totals is the log-odds that the model itself gives to the one report against the other. A mean per token is no
  such thing: it forgives a long text its length, and a word that is certain anyway raises it.
* likelihood per token: that mean, given beside it, because totals punish a longer text: where both agree, length is no
  explanation.
* image gain: how much more likely the own image makes the text than two other studies' images do, in nats. What a model
  knows of reports without looking ("no" comes before "pneumothorax") is the same under every image and cancels, so this
  margin tells reading from reciting: a model that does not look has 0 everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rrg.data.counterfactuals import Counterfactual

HARDNESS = (1.0, 0.75, 0.5, 0.25)  # lambda of the diagnostic in the model's own space
DECIMALS = {
    "embedding": 6,
    "likelihood": 3,
    "likelihood per token": 5,
    "image gain": 3,
}  # nearer ones are ties
SCORES = tuple(DECIMALS)

Scores = Mapping[
    str, float | None
]  # by the names of SCORES; None where a score is not finite or not comparable


@dataclass(frozen=True)
class Questions:
    """What is asked of one study: the text of its mined peer (None where there is none), and its edits."""

    peer: str | None
    counterfactuals: tuple[Counterfactual, ...]


@dataclass(frozen=True)
class FactAnswer:
    """Margins of one edit."""

    fact: str  # "presence", "side", "severity" or "place"
    label: str
    embedding: float | None
    likelihood: float | None
    likelihood_per_token: float | None = None
    image_gain: float | None = None
    direction: str = ""  # "added", "removed", "to the left", ...

    def margin(self, score: str) -> float | None:
        value: float | None = getattr(self, score.replace(" ", "_"))
        return value


@dataclass(frozen=True)
class Answers:
    """All answers of one study: margins, and the scores of its true report."""

    peer_embedding: float | None = None
    peer_likelihood: float | None = None
    peer_likelihood_per_token: float | None = None
    peer_image_gain: float | None = None
    hardness: Mapping[float, float | None] = field(
        default_factory=dict
    )  # lambda -> cos(z, u) - cos(z, h_lambda)
    facts: tuple[FactAnswer, ...] = ()
    true: Scores = field(default_factory=dict)

    def peer(self, score: str) -> float | None:
        value: float | None = getattr(self, f"peer_{score.replace(' ', '_')}")
        return value
