"""Evidence for a sentence: against sums by hand, for every family, for readers at the same time."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from rrg.data.preprocess import Preprocessing
from rrg.data.tokenizer import build_tokenizer
from rrg.explain.average import AverageFilm, average_film
from rrg.explain.field import field_of_view
from rrg.explain.saliency import METHODS, cell_evidence, evidence, saliency
from rrg.explain.scale import FLOOR, is_weak, shared_scale
from rrg.explain.sentence_target import sentence_target
from rrg.models.checkpoint import Checkpoint, revision_of
from rrg.models.registry import FAMILIES, create
from rrg.types import Evidence, RrgError, Saliency, View
from tests.app.checkpoints import REPORTS
from tests.made import TINY

REPORT = "The heart is mildly enlarged. No pleural effusion. Old left rib fracture."
ROOT = Path(__file__).parents[2]
SIDE = 96  # a grid of 3 x 3
BOTH = torch.tensor([[View.FRONTAL, View.LATERAL]])


def pixels(views=2, seed=0):
    made = torch.rand(1, 2, 1, SIDE, SIDE, generator=torch.Generator().manual_seed(seed)) * 0.8 + 0.1
    made[:, views:] = 0
    return made


def features(checkpoint, film):
    with torch.no_grad():
        return checkpoint.model.encoder.feature_maps(film, BOTH)


def make(folder, family="transformer", **sizes):
    """An untrained model, with an average film beside it."""
    tokenizer = build_tokenizer(REPORTS, min_frequency=1)
    torch.manual_seed(1)
    model = create(family, **{**TINY, "vocab_size": len(tokenizer), "image_size": SIDE, **sizes}).eval()
    with torch.no_grad():
        maps = [model.encoder.feature_maps(pixels(seed=seed), BOTH) for seed in range(1, 5)]
    frontal, lateral = torch.cat(maps).mean(0)
    AverageFilm(frontal, lateral, 4, "made").save(folder)
    return Checkpoint(model, tokenizer, Preprocessing(size=SIDE), folder, "made", None)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return make(tmp_path_factory.mktemp("made"))


CASES = [*((family, {}) for family in FAMILIES), ("transformer", {"finding_names": ["Pleural Effusion"]})]


@pytest.mark.parametrize(("family", "sizes"), CASES, ids=[*FAMILIES, "finding tokens"])
def test_the_cells_of_both_views_add_up_to_what_the_film_gains(family, sizes, tmp_path):
    made = make(tmp_path, family, **sizes)
    target = sentence_target(made, REPORT, 1)
    cells = cell_evidence(made, features(made, pixels()), BOTH, target)
    gained = evidence(made, pixels(), BOTH, REPORT, 1).gain
    assert abs(gained) > 0.01
    assert cells.sum() == pytest.approx(gained, rel=0.02, abs=1e-4)


def test_the_path_is_the_mean_gradient_times_the_way(checkpoint):
    """The same sum, slowly and without grad-cam."""
    model, target = checkpoint.model, sentence_target(checkpoint, REPORT, 0)
    seen = features(checkpoint, pixels())
    start, total = average_film(checkpoint).maps(BOTH), torch.zeros_like(seen)
    for point in range(8):
        at = (start + (point + 0.5) / 8 * (seen - start)).requires_grad_()
        (step,) = torch.autograd.grad(
            target.log_likelihood(model, model.encode(None, BOTH, features=at)).sum(), at
        )
        total += step / 8
    expected = ((seen - start) * total).sum(-1)[0].unflatten(1, (3, 3)).numpy()
    np.testing.assert_allclose(cell_evidence(checkpoint, seen, BOTH, target), expected, atol=1e-5, rtol=1e-3)


def test_the_sentences_and_the_end_share_the_likelihood_of_the_report(checkpoint):
    with torch.no_grad():
        encoded = checkpoint.model.encode(pixels(), BOTH)
        targets = [sentence_target(checkpoint, REPORT, i) for i in range(3)]
        parts = sum(float(target.log_likelihood(checkpoint.model, encoded)) for target in targets)
        tokens, mask = checkpoint.tokenise([REPORT])
        end = checkpoint.model.report_logits(encoded, tokens, mask)[0, -2].log_softmax(-1)[tokens[0, -1]]
        whole = checkpoint.log_likelihood(encoded, [REPORT]) * (tokens.shape[1] - 1)
    assert parts + float(end) == pytest.approx(float(whole), abs=1e-3)
    assert sum(target.chosen.sum() for target in targets) == tokens.shape[1] - 2
    assert targets[0].log_likelihood(checkpoint.model, encoded).shape == (1,)


def test_a_repeated_sentence_is_found_where_it_stands(checkpoint):
    report = "No pleural effusion. Old left rib fracture. No pleural effusion."
    first, last = (sentence_target(checkpoint, report, i) for i in (0, 2))
    assert first.chosen.nonzero().min() == 0
    assert last.chosen.nonzero().max() == len(last.chosen) - 2


def test_maps_are_on_the_models_grid_with_nothing_but_nan_outside_the_field(checkpoint):
    film = pixels()
    film[0, 0, 0, :, :20] = 0.0
    maps = saliency(checkpoint, film, BOTH, REPORT, 1)
    assert [(m.view, m.sentence) for m in maps] == [(View.FRONTAL, 1), (View.LATERAL, 1)]
    for slot, each in enumerate(maps):
        assert (each.values.shape, each.values.dtype) == ((SIDE, SIDE), np.float32)
        np.testing.assert_array_equal(np.isfinite(each.values), field_of_view(film[0, slot, 0].numpy()))
        assert np.nanmin(each.values) >= 0
    assert np.isnan(maps[0].values[:, :20]).all()
    assert max(np.nanmax(each.values) for each in maps) > 0


def test_an_absent_view_has_no_map(checkpoint):
    views = torch.tensor([[View.LATERAL, View.ABSENT]])
    (only,) = saliency(checkpoint, pixels(1), views, REPORT, 0)
    assert only.view is View.LATERAL


def test_an_average_film_is_no_evidence_at_all(checkpoint, tmp_path):
    frontal, lateral = features(checkpoint, pixels())[0]
    AverageFilm(frontal, lateral, 1, "made").save(tmp_path)
    same = Checkpoint(
        checkpoint.model, checkpoint.tokenizer, checkpoint.preprocessing, tmp_path, "made", None
    )
    told = evidence(same, pixels(), BOTH, REPORT, 0)
    assert is_weak(told)
    assert abs(told.gain) < 0.01
    assert shared_scale(told.maps) == FLOOR


@pytest.mark.parametrize("method", METHODS)
def test_every_method_gives_finite_maps_and_the_same_again(checkpoint, method):
    one, two = (saliency(checkpoint, pixels(), BOTH, REPORT, 1, method) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        assert np.isfinite(a.values).all()
        np.testing.assert_array_equal(a.values, b.values)


def test_readers_at_the_same_time_get_what_they_get_alone(checkpoint):
    jobs = [(seed, sentence) for seed in range(4) for sentence in range(3)]

    def work(job):
        seed, sentence = job
        return [m.values for m in saliency(checkpoint, pixels(seed=seed), BOTH, REPORT, sentence)]

    alone = [work(job) for job in jobs]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(work, jobs))
    for a, b in zip(alone, together, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(alone[0], alone[3])


def test_the_model_is_left_as_it_was(checkpoint):
    model = checkpoint.model
    saliency(checkpoint, pixels(), BOTH, REPORT, 0)
    assert all(weight.grad is None for weight in model.parameters())
    assert not any(part._forward_hooks for part in model.modules())
    assert all(weight.requires_grad for weight in model.parameters())


def test_a_frozen_model_has_the_same_maps(checkpoint):
    before = saliency(checkpoint, pixels(), BOTH, REPORT, 0)
    checkpoint.model.requires_grad_(False)
    try:
        after = saliency(checkpoint, pixels(), BOTH, REPORT, 0)
    finally:
        checkpoint.model.requires_grad_(True)
    for a, b in zip(before, after, strict=True):
        np.testing.assert_allclose(a.values, b.values, atol=1e-6)


def test_a_fault_within_is_not_swallowed(checkpoint):
    class Broken:
        def log_likelihood(self, model, encoded):
            raise IndexError("made to fail")

    with pytest.raises(IndexError, match="made to fail"):
        cell_evidence(checkpoint, features(checkpoint, pixels()), BOTH, Broken())


@pytest.mark.parametrize(
    ("report", "sentence", "words"),
    [
        (REPORT, 3, "There is no sentence 4; the report has 3"),
        (REPORT, -1, "There is no sentence 0"),
        ("", 0, "the report has 0"),
        ("Zyx qwv. No pneumothorax.", 0, "knows no word of sentence 1"),
        ("No pleural effusion. " * 30, 25, "Sentence 1. is not among the 40 tokens"),
    ],
)
def test_what_cannot_be_asked_is_refused(checkpoint, report, sentence, words):
    with pytest.raises(RrgError, match=words):
        saliency(checkpoint, pixels(), BOTH, report, sentence)


def test_an_unknown_method_names_the_known(checkpoint):
    with pytest.raises(RrgError, match=r"no saliency method 'wish'.*path, gradcam"):
        saliency(checkpoint, pixels(), BOTH, REPORT, 0, "wish")


def test_one_scale_for_all_and_never_below_the_floor():
    def flat(value):
        return Saliency(np.full((4, 4), value, np.float32), View.FRONTAL, 0)

    assert shared_scale([]) == FLOOR
    assert shared_scale([flat(0.0), flat(np.nan)]) == FLOOR
    assert shared_scale([flat(FLOOR / 2), flat(3.0), flat(np.nan)]) == 3.0


def test_weak_is_what_an_average_film_would_say_as_well():
    assert [is_weak(Evidence((), gain)) for gain in (-1.0, 0.2, 0.3)] == [True, True, False]


def test_every_word_comes_with_its_probability(checkpoint):
    told = evidence(checkpoint, pixels(), BOTH, REPORT, 1)
    assert [word for word, _ in told.words] == ["no", "pleural", "effusion", "."]
    with torch.no_grad():
        encoded = checkpoint.model.encode(pixels(), BOTH)
        whole = sentence_target(checkpoint, REPORT, 1).log_likelihood(checkpoint.model, encoded)
    assert sum(np.log(share) for _, share in told.words) == pytest.approx(float(whole), abs=1e-3)


def test_the_faithfulness_log_is_of_the_models_that_ship():
    logged = json.loads((ROOT / "docs" / "saliency.json").read_text())
    shipped = {name: revision_of(ROOT / "checkpoints" / "iu-xray" / name) for name in logged["models"]}
    assert logged["models"] == shipped
