"""Margins between true and false reports: against slow references, and with readers whose answers are known."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from rrg.data.batch import load_images
from rrg.data.counterfactuals import counterfactuals
from rrg.data.datasets import load_studies
from rrg.data.preprocess import to_pixels
from rrg.evaluation.answers import SCORES, Answers, FactAnswer
from rrg.evaluation.margin_summary import NO_PAIR, TOO_FEW
from rrg.evaluation.margins import (
    Questions,
    answers_of,
    embed,
    likelihoods,
    make_questions,
    most_edits,
    placed,
    summarise_margins,
    texts_of,
    words_of,
)
from rrg.models.checkpoint import load_checkpoint
from rrg.models.protocol import Encoded

TEXTS = (
    "No pneumothorax. Small left pleural effusion. Mild basilar atelectasis.",
    "There is a small right pneumothorax. No pleural effusion. Moderate apical scarring.",
)
STUDIES = 48  # each text enough of them for an interval


class Reader:
    """A checkpoint that scores texts by hand: `weigh(image number, text)` in nats, `look(image number, text)` in [-1, 1]."""

    def __init__(self, weigh, look):
        self.weigh, self.look = weigh, look
        self.known: dict[str, int] = {}
        self.tokenizer = SimpleNamespace(unk_token_id=3)

    def tokenise(self, texts):
        """One token a word and the end; "strange" is unknown."""
        rows = [[1, *(3 if word == "strange" else 9 for word in text.split()), 2] for text in texts]
        width = max(map(len, rows))
        mask = torch.tensor([[True] * len(row) + [False] * (width - len(row)) for row in rows])
        return torch.tensor([row + [0] * (width - len(row)) for row in rows]), mask

    def embed_images(self, encoded):
        """The number of the study, to be looked up again."""
        return _Looks(self, encoded.pooled[:, 0].tolist())

    def embed_reports(self, texts):
        return [_Text(text) for text in texts]

    def log_likelihood(self, encoded, texts):
        tokens, mask = self.tokenise(texts)
        known = (mask[:, 1:] & (tokens[:, 1:] != 3)).sum(1)
        totals = [self.weigh(int(i), text) for i, text in zip(encoded.pooled[:, 0], texts, strict=True)]
        return torch.tensor(totals) / known


class _Looks:
    def __init__(self, reader, numbers):
        self.reader, self.numbers = reader, numbers

    def __getitem__(self, row):
        return _Look(self.reader, int(self.numbers[row]))


class _Look:
    def __init__(self, reader, number):
        self.reader, self.number = reader, number

    def __matmul__(self, text):
        return torch.tensor(self.reader.look(self.number, text.text))


class _Text:
    def __init__(self, text):
        self.text = text


def encoded_of(studies):
    number = torch.arange(float(studies))
    return Encoded(
        number[:, None, None],
        torch.ones(studies, 1, dtype=torch.bool),
        number[:, None],
        number[:, None, None],
    )


def answers_by(weigh, look=lambda i, text: 0.5, studies=STUDIES, peer=None):
    references = [TEXTS[i % 2] for i in range(studies)]
    questions = [Questions(peer, tuple(counterfactuals(text))) for text in references]
    return ask(Reader(weigh, look), encoded_of(studies), references, questions)


def ask(checkpoint, encoded, references, questions, others=2):
    """All answers, each study beside its own image, the gain over that of the next and of the one before."""
    count = len(references)
    texts = [texts_of(*each) for each in zip(references, questions, strict=True)]
    vectors = embed(checkpoint, (text for each in texts for text in each))
    images = checkpoint.embed_images(encoded)
    seen = [
        likelihoods(checkpoint, of(encoded, [(i + step) % count for i in range(count)]), texts)
        for step in (0, 1, -1)[: 1 + min(others, count - 1)]
    ]
    return [
        answers_of(
            questions[i], words_of(checkpoint, texts[i]), placed(images[i], vectors, references[i], questions[i]),
            *(seen[0][i], [other[i] for other in seen[1:]]),
        )
        for i in range(count)
    ]  # fmt: skip


def of(encoded, rows):
    return Encoded(encoded.patches[rows], encoded.mask[rows], encoded.pooled[rows], encoded.backbone[rows])


def summary(answers, seed=0):
    return summarise_margins(answers, np.random.default_rng(seed), resamples=200)


def test_a_constant_scorer_is_exactly_at_chance():
    found = summary(answers_by(lambda i, text: -7.0))
    for score in ("embedding", "likelihood", "image gain"):
        for kind, each in found["counterfactual"][score].items():
            told = [each[name] for name in ("accuracy", "low", "high", "auc", "auc low", "auc high")]
            assert told == [0.5] * 6, (score, kind)
            assert each["margin"] == 0
    assert found["counterfactual"]["embedding"]["all"]["balanced"] == 0.5


def test_an_oracle_is_always_right():
    def knows(i, text):
        return 1.0 if text == TEXTS[i % 2] else 0.0

    found = summary(answers_by(lambda i, text: 9 * knows(i, text), knows))
    for score in ("embedding", "likelihood"):
        each = found["counterfactual"][score]["all"]
        assert (each["accuracy"], each["balanced"], each["auc"], each["low"]) == (1, 1, 1, 1)
    assert found["counterfactual"]["image gain"]["all"]["accuracy"] == 1


def test_who_recites_the_normal_is_found_out():
    """Likes every "no", whatever the image: right where a finding was added, wrong where one was removed."""
    found = summary(answers_by(lambda i, text: float(len(re.findall("(?i)no ", text)))))
    by = found["counterfactual"]["likelihood"]
    assert (by["presence: added"]["accuracy"], by["presence: removed"]["accuracy"]) == (1, 0)
    assert by["presence"]["balanced"] == 0.5
    gain = found["counterfactual"]["image gain"]["presence"]
    assert (gain["accuracy"], gain["auc"], gain["margin"]) == (0.5, 0.5, 0)


def test_a_word_that_is_not_known_makes_totals_incomparable():
    reference, edit = TEXTS[0], counterfactuals(TEXTS[0])[0]
    asked = Questions(None, (edit,))
    (told,) = ask(
        Reader(lambda i, t: -1.0, lambda i, t: 0.0), encoded_of(1), [reference + " strange"], [asked]
    )
    assert (told.facts[0].likelihood, told.facts[0].likelihood_per_token) == (None, None)
    assert told.facts[0].embedding == 0


def test_scores_that_are_not_finite_are_left_out():
    found = summary(answers_by(lambda i, text: float("nan")))
    assert found["counterfactual"]["likelihood"]["all"]["pairs"] == 0
    assert found["counterfactual"]["likelihood"]["all"]["accuracy"] is None
    assert found["counterfactual"]["embedding"]["all"]["pairs"] > 0


def test_one_study_has_no_image_gain_and_no_interval():
    found = summary(answers_by(lambda i, text: -float(len(text)), studies=1))
    likelihood = found["counterfactual"]["likelihood"]["all"]
    assert likelihood["low"] is None
    assert likelihood["absent"] == TOO_FEW
    assert found["counterfactual"]["image gain"]["all"]["absent"] == NO_PAIR
    assert found["peer"]["embedding"] == {
        "pairs": 0, "studies": 0, "accuracy": None, "low": None, "high": None, "margin": None, "margin low": None,
        "margin high": None, "auc": None, "auc low": None, "auc high": None, "absent": NO_PAIR,
    }  # fmt: skip


def made_answers(rng, studies=30):
    """Answers with ties and with studies that have no edit."""
    made = []
    for _ in range(studies):
        facts = tuple(
            FactAnswer(fact, "Edema", float(rng.integers(-2, 3)), None, direction=direction)
            for fact, direction in (("side", "to the left"), ("side", "to the right"), ("presence", "added"))
            for _ in range(rng.integers(0, 3))
        )
        made.append(Answers(facts=facts, true={"embedding": float(rng.integers(0, 3))}))
    return made


def test_numbers_are_those_of_a_slow_count():
    answers = made_answers(np.random.default_rng(3))
    each = summary(answers)["counterfactual"]["embedding"]["side"]
    pairs = [(a.true["embedding"], f.embedding) for a in answers for f in a.facts if f.fact == "side"]
    right = [1.0 if m > 0 else 0.5 if m == 0 else 0.0 for _, m in pairs]
    assert each["pairs"] == len(pairs)
    assert each["accuracy"] == pytest.approx(np.mean(right))
    assert each["margin"] == pytest.approx(np.mean([m for _, m in pairs]))
    true = [a.true["embedding"] for a in answers if any(f.fact == "side" for f in a.facts)]
    wins = [1.0 if t > s - m else 0.5 if t == s - m else 0.0 for t in true for s, m in pairs]
    assert each["auc"] == pytest.approx(np.mean(wins))
    sides = {
        way: np.mean([
            1.0 if f.embedding > 0 else 0.5 if f.embedding == 0 else 0.0
            for a in answers for f in a.facts if f.direction == way
        ])
        for way in ("to the left", "to the right")
    }  # fmt: skip
    assert each["balanced"] == pytest.approx(np.mean(list(sides.values())))
    assert each["low"] < each["accuracy"] < each["high"]


def test_one_direction_alone_is_not_balanced():
    found = summary(made_answers(np.random.default_rng(5)))["counterfactual"]["embedding"]
    assert found["presence"]["balanced"] is None
    assert found["all"]["balanced"] == found["side"]["balanced"]


def test_edits_of_one_study_are_not_independent():
    """The same answers in few studies or in many: few must be less sure."""
    rng = np.random.default_rng(0)
    right = rng.normal(size=25) > 0
    edits = [
        [FactAnswer("side", "Edema", 1.0 if r else -1.0, None, direction="to the left")] * 8 for r in right
    ]
    together = [Answers(facts=tuple(each)) for each in edits]
    apart = [Answers(facts=(one,)) for each in edits for one in each]
    wide, narrow = (summary(each)["counterfactual"]["embedding"]["all"] for each in (together, apart))
    assert wide["accuracy"] == narrow["accuracy"]
    assert wide["high"] - wide["low"] > 2 * (narrow["high"] - narrow["low"])


def test_a_summary_is_json_and_the_same_for_the_same_seed():
    answers = made_answers(np.random.default_rng(1))
    assert json.dumps(summary(answers), allow_nan=False) == json.dumps(summary(answers), allow_nan=False)
    assert set(summary([])["counterfactual"]) == set(SCORES)


def test_the_cap_keeps_directions_balanced():
    edits = [edit for text in TEXTS for edit in counterfactuals(text)] * 3
    kept = most_edits(edits, 10)
    assert len(kept) == 10
    assert {edit.direction for edit in kept} == {edit.direction for edit in edits}
    assert [edits.index(edit) for edit in kept] == sorted(edits.index(edit) for edit in kept)
    assert most_edits(edits[:3]) == tuple(edits[:3])


def test_questions_have_a_peer_of_another_patient_that_differs(cohort):
    train, val = load_studies(cohort, "train"), load_studies(cohort, "val")
    questions = make_questions(val, train)
    texts = {study.report for study in train}
    for study, each in zip(val, questions, strict=True):
        assert each.peer in texts - {study.report}
        assert list(each.counterfactuals) == counterfactuals(study.report)
    assert all(each.peer is None for each in make_questions(val, []))


def test_answers_of_a_model_are_those_of_asking_one_by_one(cohort, tiny_checkpoint):
    checkpoint = load_checkpoint(tiny_checkpoint)
    train, val = load_studies(cohort, "train"), load_studies(cohort, "val")
    images = load_images(val, checkpoint.preprocessing, None)
    with torch.no_grad():
        encoded = checkpoint.model.encode(to_pixels(images.squares), torch.from_numpy(images.views))
    questions = make_questions(val, train)
    references = [study.report for study in val]
    answers = ask(checkpoint, encoded, references, questions)
    assert sum(len(each.facts) for each in answers) > len(val)
    for i, told in enumerate(answers):
        own = encoded[i : i + 1]
        z = checkpoint.embed_images(own)[0]
        true_total = total(checkpoint, own, references[i])
        for edit, fact in zip(questions[i].counterfactuals, told.facts, strict=True):
            u, n = checkpoint.embed_reports([references[i]])[0], checkpoint.embed_reports([edit.text])[0]
            assert fact.embedding == pytest.approx(float(z @ u - z @ n), abs=2e-6)
            if fact.likelihood is None:
                continue
            margin = true_total - total(checkpoint, own, edit.text)
            assert fact.likelihood == pytest.approx(margin, abs=2e-3)
            others = [encoded[j : j + 1] for j in ((i + 1) % len(val), (i - 1) % len(val))]
            prior = np.mean(
                [total(checkpoint, e, references[i]) - total(checkpoint, e, edit.text) for e in others]
            )
            assert fact.image_gain == pytest.approx(margin - prior, abs=3e-3)
        ways = [told.hardness[step] for step in sorted(told.hardness, reverse=True)]
        assert ways[0] == pytest.approx(told.peer_embedding, abs=1e-5)
        assert all(b <= a + 1e-5 for a, b in pairwise(ways))  # harder never means a wider margin


def total(checkpoint, encoded, text):
    """Nats of one text under one image, its known words alone."""
    tokens, mask = checkpoint.tokenise([text])
    logits = checkpoint.model.report_logits(encoded, tokens, mask)[0, :-1].detach().log_softmax(-1)
    return sum(
        float(row[token])
        for row, token, real in zip(logits, tokens[0, 1:], mask[0, 1:], strict=True)
        if real and token != checkpoint.tokenizer.unk_token_id
    )
