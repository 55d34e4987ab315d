"""What the reading room answers other programs, as types: every key, what it holds, its unit and range.

Knows no model and no page. The words beside a key stand in the description of every endpoint that answers with it.
"""

from __future__ import annotations

from typing import Annotated, Any, NotRequired, TypedDict

from rrg.retrieval.texts import OPENI


class Schema(TypedDict):
    name: Annotated[str, "rrg reading"]
    version: Annotated[int, "raised where a field goes or changes its meaning"]


class Film(TypedDict):
    format: Annotated[str, "DICOM, PNG, JPEG or TIFF"]
    width: Annotated[int, "pixels of the film as read"]
    height: Annotated[int, "pixels of the film as read"]
    bits: Annotated[int, "stored for each pixel"]
    view: Annotated[str, "frontal, lateral or unknown"]
    inverted: Annotated[bool, "whether it is shown inverted from how it is stored"]
    steps: Annotated[list[str], "what was done to the stored values, in order; a correction is one of them"]
    warnings: Annotated[list[str], "what a reader must know, e.g. that the view was guessed"]


class Twin(TypedDict):
    id: Annotated[str, "of the other study of the pair"]
    change: Annotated[str, "presence, side, severity or place"]
    here: Annotated[str, "the changed finding in this study, in words; none where it is not there"]
    there: Annotated[str, "the same in the twin"]


class KnownFinding(TypedDict):
    finding: Annotated[str, "its kind"]
    label: Annotated[str | None, "its class of CheXpert's 14; null where it has none"]
    side: Annotated[str | None, "left, right or bilateral"]
    severity: Annotated[str | None, "in words"]
    place: Annotated[str | None, "in words"]
    sentence: Annotated[int, "which sentence of the reference tells it, from 0"]


class Known(TypedDict):
    findings: Annotated[list[KnownFinding], "all that is there"]
    twin: Annotated[Twin | None, "the same body with one fact changed; null where it has none"]


class Mask(TypedDict):
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    runs: Annotated[
        list[int], "lengths of runs, row by row from the top left, by turns outside and inside, outside first"
    ]


class Truth(Known):
    notice: Annotated[str, "whose CT the films were made from; goes with every picture"]
    films: Annotated[list[str], "the view of each film"]
    masks: Annotated[list[list[Mask]], "for each finding one of each film: where it changes the picture"]


class Screening(TypedDict):
    chest: Annotated[bool, "whether the picture looks like a chest film"]
    reason: Annotated[str, "in words; empty where nothing need be said"]


class Finding(TypedDict):
    label: Annotated[str, "one of CheXpert's 14 classes"]
    status: Annotated[str, "present, absent or uncertain"]
    side: Annotated[str | None, "left, right or bilateral"]
    severity: Annotated[str | None, "in words"]
    place: Annotated[str | None, "in words"]
    sentence: Annotated[int, "which sentence of the report names it, from 0"]


class Sentence(TypedDict):
    text: Annotated[str, "as written"]
    verdict: Annotated[str, "against the other model's report: agrees, only here, differs (docs/export.md) or contradicts"]
    reason: Annotated[str, "what decided it"]


class Neighbour(TypedDict):
    study: Annotated[str, "id of the training study"]
    uid: Annotated[str, "its Open-i number; empty elsewhere"]
    similarity: Annotated[float, "cosine with the film, [-1, 1]"]
    labels: Annotated[list[str], "coded by people"]
    text: Annotated[str | None, f"the report, unchanged; null where it is not at hand. With a `uid`: {OPENI}"]
    link: Annotated[str | None, "to its page at Open-i"]


class Peer(Neighbour):
    alignment: Annotated[float, "cosine of the peer with the film, [-1, 1]"]
    reason: Annotated[str, "the finding in which it differs from the positive"]


class Readable(TypedDict):
    text: Annotated[str, "the negative in words: synthetic, false by construction"]
    sentences: Annotated[list[str], "of the text"]
    origins: Annotated[list[str], "of each sentence: peer, positive or both"]
    similarity: Annotated[float, "cosine with the synthesised point, [-1, 1]"]
    alignment: Annotated[float, "cosine with the film, [-1, 1]"]
    differences: Annotated[list[str], "from the positive, as the labeller finds them"]


class Point(TypedDict):
    hardness: Annotated[float, "lambda: 1 is the mined peer, 0 the hardest"]
    alignment: Annotated[float, "cosine of the synthesised point with the film, [-1, 1]"]
    angle: Annotated[float, "radians moved from the peer towards the positive"]
    nearest_study: Annotated[str, "id of the training study whose report is nearest"]
    readable: Annotated[Readable | None, "null where the peer's text is not at hand or may not be adapted"]


class HardNegatives(TypedDict):
    note: Annotated[str, "synthetic, false by construction"]
    positive_alignment: Annotated[float, "cosine of the positive with the film, [-1, 1]"]
    peer: Annotated[Peer, "the mined hard negative"]
    span: Annotated[float, "radians from peer to positive"]
    reach: Annotated[float, "radians that the search moves at lambda 0"]
    keeps_margin_to: Annotated[
        float | None,
        "smallest lambda down to which the positive stays closer to the film; null: never closer",
    ]
    path: Annotated[list[Point], "by falling lambda"]


class ModelReading(TypedDict):
    model: Annotated[str, "its name"]
    revision: Annotated[str, "hash of weights, vocabulary and settings"]
    report: Annotated[str, "the draft"]
    sentences: Annotated[list[Sentence], "of the draft, compared with the other model's"]
    findings: Annotated[list[Finding], "that the draft names, by the labeller"]
    neighbours: Annotated[list[Neighbour], "nearest training reports, nearest first"]
    hard_negatives: Annotated[HardNegatives | None, "null where no peer differs from the positive"]
    seconds: Annotated[float, "that this model took"]


class Positive(TypedDict):
    text: Annotated[str, "what stands for the truth"]
    source: Annotated[str, "reference, the name of a model, or the reader's own text"]


class Margin(TypedDict):
    model: Annotated[str, "its name"]
    margin: Annotated[float, "the positive's cosine with the film minus the negative's"]


class ReadableMargins(TypedDict):
    note: Annotated[str, "synthetic, false by construction"]
    text: Annotated[str, "a readable negative of either model"]
    margins: Annotated[list[Margin], "of both models, on the same text"]


class Settings(TypedDict):
    decoding: Annotated[str, "how the drafts were written"]
    seed: Annotated[int, "of every random choice"]
    revision: Annotated[dict[str, str], "model: its revision"]


class Reading(TypedDict):
    schema: Annotated[Schema, "docs/export.md describes it"]
    notice: Annotated[str, "the line on clinical use"]
    films: Annotated[list[Film], "as read and corrected"]
    simulated: Annotated[str | None, "the notice that goes with simulated films; null for others"]
    truth: Annotated[Known | None, "of a simulated study"]
    reference: Annotated[str | None, "the report that came with the study"]
    attribution: Annotated[
        str | None, "of the reports of Open-i that stand in it, goes with them; null where there are none"
    ]
    model_input_pixels: Annotated[int, "along a side of what the models see; 0 before they looked"]
    screening: Annotated[Screening | None, "null before the models looked"]
    read_against_screening: Annotated[bool, "read although it does not look like a chest film"]
    models: Annotated[
        list[ModelReading], "first and second; empty where no report was drafted, as are the keys below"
    ]
    positive: NotRequired[Annotated[Positive, "what stands for the truth in the hard negatives"]]
    readable_negatives: NotRequired[
        Annotated[list[ReadableMargins], "of either model; empty where none may be shown"]
    ]
    settings: NotRequired[Annotated[Settings, "the same film and settings give the same report"]]
    warnings: NotRequired[Annotated[list[str], "what must be known of the models"]]


class TwinReading(TypedDict):
    twin: Annotated[Twin, "how the study that was named differs from the one that was read"]
    reading: Annotated[Reading, "of the twin, as /read answers"]


class Flip(TypedDict):
    text: Annotated[str, "the whole edited report"]
    fact: Annotated[str, "presence, side, severity or place"]
    label: Annotated[str, "the finding, one of CheXpert's 14 classes"]
    direction: Annotated[str, "from what to what"]
    description: Annotated[str, "the flip in words"]
    original: Annotated[str, "the sentence before"]
    edited: Annotated[str, "the sentence after"]


class Fit(TypedDict):
    alignment: Annotated[float | None, "cosine of report and film, [-1, 1]"]
    total: Annotated[float | None, "log-likelihood of the whole text, nats"]
    per_token: Annotated[float | None, "its mean over the known tokens"]
    tokens: Annotated[int, "that the model knows"]
    unknown: Annotated[int, "words that it does not know, which cost nothing"]
    cut: Annotated[bool, "whether it read only the beginning"]


class Weighed(TypedDict):
    model: Annotated[str, "its name"]
    original: Annotated[Fit, "of the report"]
    edited: Annotated[Fit, "of its edit"]
    alignment_margin: Annotated[float | None, "original minus edit; above 0: the original fits better"]
    likelihood_margin: Annotated[
        float | None, "original minus edit, nats; null where words are unknown in one only"
    ]


class Probe(TypedDict):
    original: Annotated[str, "the report"]
    edited: Annotated[str, "its edit"]
    changed: Annotated[list[str], "facts that the labeller finds changed"]
    flip: Annotated[Flip | None, "the flip that the edit is; null for an edit of the caller's own"]
    models: Annotated[list[Weighed], "first and second"]


class Negatives(TypedDict):
    positive: Annotated[Positive, "what stands for the truth"]
    models: Annotated[dict[str, HardNegatives | None], "model: its hard negatives; null where there are none"]


class Word(TypedDict):
    word: Annotated[str, "of the sentence"]
    probability: Annotated[float, "that the model gives it after the words before, [0, 1]"]


class Map(TypedDict):
    view: Annotated[str, "of the film"]
    values: Annotated[
        list[list[float | None]], "rows from the top, 0 or more; null outside the field of view"
    ]


class ModelEvidence(TypedDict):
    model: Annotated[str, "its name"]
    gain: Annotated[
        float, "nats that this film adds to the sentence's log-probability against an average film"
    ]
    words: Annotated[list[Word], "of the sentence"]
    maps: Annotated[list[Map], "one for each film, in the order of the films as given"]


class Evidence(TypedDict):
    sentence: Annotated[str, "that was asked for"]
    unit: Annotated[str, "of the maps"]
    scale: Annotated[float, "the largest value of all maps: the end of the one colour scale"]
    models: Annotated[list[ModelEvidence], "first and second"]


class Scores(TypedDict):
    collection: Annotated[str, "its name"]
    results: Annotated[list[dict[str, Any]], "the metrics.json of each checkpoint (docs/results.md)"]
    missing: Annotated[list[str], "which is not shown, and why"]


class Example(TypedDict):
    id: Annotated[str, "what endpoints call `example` or `name`"]
    title: Annotated[str, "in words"]
    source: Annotated[str, "where it comes from"]
    installed: Annotated[bool, "whether it can be read here"]
    missing: Annotated[str, "what to install; empty where nothing is missing"]
    reference: Annotated[bool, "whether a report comes with it"]
    simulated: Annotated[bool, "whether it was made from a CT"]
    collection: Annotated[str | None, "whose models were trained on its like"]
    twin: Annotated[str | None, "id of the same body with one fact changed"]


class Checkpoint(TypedDict):
    id: Annotated[str, "collection/name: what endpoints call `first` and `second`"]
    collection: Annotated[str, "its name"]
    title: Annotated[str, "of the collection, in words"]
    default: Annotated[str | None, "first or second, where it is read by unless others are named"]


class Ballot(TypedDict):
    case: Annotated[int, "its number in this session, from 1"]
    films: Annotated[int, "of the study"]
    left: Annotated[str, "a report"]
    right: Annotated[str, "the other model's; the sides are drawn by chance"]


class VoteCast(TypedDict):
    case: Annotated[int, "that was voted on"]
    votes: Annotated[int, "in this session"]


class Vote(TypedDict):
    case: Annotated[int, "its number, from 1"]
    left: Annotated[str, "who wrote the left report: collection/name@revision"]
    right: Annotated[str, "who wrote the right one"]
    choice: Annotated[str, "left, right, tie or both unusable"]
    preferred: Annotated[str, "who wrote the chosen report, or the choice where it is neither"]
    confidence: Annotated[str, "sure, fairly sure or guessing"]
    seconds: Annotated[float, "from the ballot to the vote"]
    blind: Annotated[str, "yes, or why not"]
    films: Annotated[int, "of the study"]
    overridden: Annotated[bool, "read although it does not look like a chest film"]


class Count(TypedDict):
    first: Annotated[str, "a model"]
    second: Annotated[str, "the model that it was compared with"]
    first_wins: Annotated[int, "votes for the first"]
    second_wins: Annotated[int, "votes for the second"]
    ties: Annotated[int, "votes for neither"]
    unusable: Annotated[int, "votes that both are unusable"]
    share: Annotated[float | None, "of the first among the wins, [0, 1]; null without a win"]
    low: Annotated[float | None, "lower end of its exact binomial 95 % interval"]
    high: Annotated[float | None, "upper end"]
    seconds: Annotated[float, "median of the votes"]


class BlindResult(TypedDict):
    counts: Annotated[list[Count], "one for each pair of models"]
    votes: Annotated[list[Vote], "every vote of this session"]
    csv: Annotated[str, "the votes as the page saves them"]
