"""Predicted findings: what is predicted, from whom, and that no study is judged by a predictor that has seen it."""

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.linear_model import Ridge

from rrg.data.batch import StudyImages
from rrg.models.prompt import FindingPrompt, join_views
from rrg.training.config import PromptConfig
from rrg.training.prompting import CERTAIN, Prompted, finding_names, findings_of, fit_prompt
from rrg.types import Study, View

CONFIG = PromptConfig(labels_at_least=5, ridge=1.0)


def study(number, labels=(), report=""):
    views = (View.FRONTAL, View.LATERAL)
    return Study(str(number), f"p{number}", "train", (Path("0"), Path("1")), views, report, labels=labels)


def test_headings_carry_the_side_that_was_coded():
    assert findings_of(study(1, ("Opacity/lung/base/left/mild", "normal"))) == {
        "Opacity",
        "Opacity/left",
        "normal",
    }


def test_without_coded_labels_the_report_is_read():
    names = findings_of(study(1, report="There is a small left pleural effusion. No pneumothorax."))
    assert names == {"Pleural Effusion", "Pleural Effusion/left"}


def test_rare_findings_are_not_predicted():
    studies = [study(i, ("Cardiomegaly",) if i < 6 else ("normal",)) for i in range(10)] + [
        study(99, ("Scoliosis",))
    ]
    assert finding_names(studies, 5) == ["Cardiomegaly"]
    assert finding_names(studies, 4) == ["Cardiomegaly", "normal"]
    assert finding_names(studies, None) == []


@pytest.fixture
def cohort():
    """Forty studies, half of them with a finding that shows in the first feature of the frontal view."""
    rng = np.random.default_rng(0)
    ill = np.arange(40) % 2 == 0
    features = rng.normal(size=(40, 2, 4, 6)).astype(np.float32)
    features[ill, 0, :, 0] += 4
    views = np.tile([View.FRONTAL, View.LATERAL], (40, 1)).astype(np.int64)
    studies = tuple(study(i, ("Cardiomegaly",) if ill[i] else ("normal",)) for i in range(40))
    images = StudyImages(studies, np.zeros((40, 2, 4, 4), np.uint8), views, "key")
    return features.astype(np.float16), images, ill


def test_a_finding_that_shows_is_called_on_either_side_of_one_half(cohort):
    features, images, ill = cohort
    prompt = FindingPrompt(6, 2, 8)
    names = ["Cardiomegaly", "normal"]
    prompted = fit_prompt(prompt, features, images, names, CONFIG)
    held_out = prompted.predicted[:, 0].numpy() > 0.5
    assert (held_out == ill).mean() > 0.95
    backbone = torch.from_numpy(features.astype(np.float32).mean(2))
    whole = prompt.strengths(backbone, torch.from_numpy(images.views))
    assert ((whole[:, 0] > 0.5).numpy() == ill).mean() > 0.95
    assert torch.allclose(prompted.coded[:, 0], torch.from_numpy(np.where(ill, CERTAIN, 1 - CERTAIN)).float())


def test_a_label_that_means_nothing_is_not_recalled_from_its_own_fold(cohort):
    _, images, _ = cohort
    rng = np.random.default_rng(1)
    studies = tuple(
        study(i, ("Cardiomegaly",) if noise else ("normal",)) for i, noise in enumerate(rng.random(40) < 0.5)
    )
    wide = rng.normal(size=(40, 2, 4, 200)).astype(np.float16)  # enough features to learn any label by heart
    noisy = StudyImages(studies, images.squares, images.views, "key")
    prompt = FindingPrompt(200, 1, 8)
    prompted = fit_prompt(prompt, wide, noisy, ["Cardiomegaly"], CONFIG)
    truth = prompted.coded[:, 0].numpy() > 0.5
    pooled = wide.astype(np.float32).mean(2).reshape(40, -1)
    assert Ridge(alpha=1.0).fit(pooled, truth).score(pooled, truth) > 0.8  # by heart it can be had
    predicted = prompted.predicted[:, 0].numpy()
    assert predicted.std() < 1e-3 or np.corrcoef(predicted, truth)[0, 1] < 0.5


def test_a_share_of_the_studies_is_shown_what_was_coded():
    prompted = Prompted(torch.zeros(1000, 2), torch.ones(1000, 2), truth=0.25)
    drawn = prompted.draw(np.arange(1000), np.random.default_rng(0))
    assert torch.equal(drawn[:, 0], drawn[:, 1])
    assert 0.2 < drawn[:, 0].mean() < 0.3


def test_a_missing_view_neither_speaks_for_nor_against():
    backbone = torch.randn(1, 2, 6)
    prompt = FindingPrompt(6, 1, 8)
    prompt.weight.normal_()
    prompt.spread.fill_(1.0)
    both = torch.tensor([[View.FRONTAL, View.ABSENT]])
    joined, known = join_views(backbone * torch.tensor([1.0, 0.0])[None, :, None], both)
    assert torch.equal(joined[0, :6], backbone[0, 0])
    assert known[0].tolist() == [1.0] * 6 + [0.0] * 6
    expected = torch.sigmoid(backbone[0, 0] @ prompt.weight[0, :6])
    assert torch.allclose(prompt.strengths(backbone, both)[0, 0], expected, atol=1e-6)
