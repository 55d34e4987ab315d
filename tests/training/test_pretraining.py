"""The image network learns coded findings; the run survives a kill; films are changed but never mirrored."""

import json

import pytest
import torch
from safetensors.torch import load_file, save_file

from rrg.data.batch import load_images
from rrg.models.checkpoint import as_shipped
from rrg.models.encoder import LITE0, RadiographEncoder, load_encoder_weights
from rrg.training import pretraining
from rrg.training.config import EncoderConfig
from rrg.training.pretraining import WEIGHTS, pretrain
from rrg.training.variation import drop_views, vary
from rrg.types import RrgError, View


@pytest.fixture
def config(cohort, tmp_path):
    data = {"folder": cohort, "cache": tmp_path / "cache"}
    return EncoderConfig(
        data=data, image_size=64, labels_at_least=3, epochs=2, batch_size=8, learning_rate=1e-3, save_every=1
    )


def test_a_killed_run_ends_with_the_same_weights(config, tmp_path, monkeypatch):
    whole = load_file(pretrain(config, tmp_path / "whole"))
    steps = 0

    def killed(*arguments):
        nonlocal steps
        steps += 1
        if steps == 4:
            raise KeyboardInterrupt
        return step(*arguments)

    step = pretraining._step
    monkeypatch.setattr(pretraining, "_step", killed)
    with pytest.raises(KeyboardInterrupt):
        pretrain(config, tmp_path / "killed")
    resumed = load_file(pretrain(config, tmp_path / "killed"))
    assert whole.keys() == resumed.keys()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)
    lines = [json.loads(line) for line in (tmp_path / "killed" / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == list(range(6))
    assert all(0 <= area <= 1 for area in lines[-1]["auc"].values())


def test_the_weights_fit_an_encoder_and_have_moved(config, tmp_path):
    file = pretrain(config, tmp_path / "run")
    encoder = RadiographEncoder(config.backbone, 64, 8, 1, 1, 0.0)
    pretraining.load_imagenet_weights(encoder, config.backbone)
    before = {k: v.clone() for k, v in encoder.backbone.state_dict().items()}
    load_encoder_weights(encoder, file)
    moved = [
        k
        for k, v in encoder.backbone.state_dict().items()
        if not torch.allclose(v.float(), as_shipped(before[k]).float(), atol=1e-3)
    ]
    assert moved
    assert not any("running" in name for name in moved), "BatchNorm must keep its statistics"
    with pytest.raises(RrgError, match="cannot be loaded"):
        load_encoder_weights(encoder, tmp_path / "nothing" / WEIGHTS)


def test_nothing_to_learn_is_said(config, tmp_path):
    with pytest.raises(RrgError, match="No finding is coded in 1000"):
        pretrain(config.model_copy(update={"labels_at_least": 1000}), tmp_path / "run")


def test_films_are_moved_but_never_mirrored():
    films = torch.zeros(64, 2, 1, 32, 32)
    films[..., 12:20, 4:10] = 0.8  # a patch on the left half
    varied = vary(films, torch.Generator().manual_seed(0))
    assert varied.shape == films.shape
    assert varied.min() >= 0
    assert varied.max() <= 1
    assert not torch.equal(varied, films)
    left, right = varied[..., :16].sum((2, 3, 4)), varied[..., 16:].sum((2, 3, 4))
    assert (left > right).all()
    again = vary(films, torch.Generator().manual_seed(0))
    assert torch.equal(varied, again)


def test_a_study_never_loses_its_only_view():
    views = torch.tensor([[View.FRONTAL, View.LATERAL], [View.FRONTAL, View.ABSENT]] * 50)
    kept = drop_views(views, 1.0, torch.Generator().manual_seed(0))
    assert ((kept != View.ABSENT).sum(1) == 1).all()
    assert torch.equal(kept[1::2], views[1::2])
    assert torch.equal(drop_views(views, 0.0, torch.Generator().manual_seed(0)), views)


def test_it_may_start_from_the_weights_of_other_films(config, tmp_path, monkeypatch):
    first = pretrain(config, tmp_path / "first")
    seen = []
    monkeypatch.setattr(
        pretraining, "load_encoder_weights", lambda encoder, file: seen.append(file) or load_encoder_weights(encoder, file)
    )
    monkeypatch.setattr(pretraining, "load_imagenet_weights", lambda *_: pytest.fail("ImageNet was read"))
    second = pretrain(config.model_copy(update={"start": first, "seed": 1}), tmp_path / "second")
    assert seen == [first]
    assert not torch.equal(*(load_file(file)["conv_stem.weight"] for file in (first, second)))
    with pytest.raises(RrgError, match="nothing"):
        pretrain(config.model_copy(update={"start": tmp_path / "nothing"}), tmp_path / "third")


def test_the_epoch_that_tells_findings_best_is_kept(config, tmp_path, monkeypatch):
    said = iter([{"effusion": 0.6}, {"effusion": 0.9}, {"effusion": 0.7}])
    kept = []

    def areas(model, *_):
        kept.append({name: value.clone() for name, value in model.encoder.backbone.state_dict().items()})
        return next(said)

    monkeypatch.setattr(pretraining, "areas", areas)
    weights = load_file(pretrain(config.model_copy(update={"epochs": 3}), tmp_path / "run"))
    assert len(kept) == 3
    same = [all(torch.equal(as_shipped(each[name]), weights[name]) for name in weights) for each in kept]
    assert same == [False, True, False]


def test_a_checkpoints_folder_gives_its_image_network(tmp_path):
    encoder, other = (RadiographEncoder(LITE0, 64, 8, 1, 1, 0.0) for _ in range(2))
    halves = list(encoder.backbone.state_dict().items())
    for number, part in enumerate((halves[::2], halves[1::2]), 1):
        named = {f"encoder.backbone.{name}": value.contiguous() for name, value in part}
        save_file({**named, "heads.scale": torch.ones(1)}, tmp_path / f"model-{number:05d}-of-00002.safetensors")
    load_encoder_weights(other, tmp_path)
    mine, theirs = encoder.backbone.state_dict(), other.backbone.state_dict()
    assert all(torch.equal(mine[name], theirs[name]) for name in mine)


def test_a_limit_of_studies_is_kept(config, tmp_path, monkeypatch):
    seen = []

    def noted(studies, *given):
        seen.append(len(studies))
        return load_images(studies, *given)

    monkeypatch.setattr(pretraining, "load_images", noted)
    limited = config.model_copy(
        update={"data": config.data.model_copy(update={"limit": 6}), "batch_size": 2, "labels_at_least": 2}
    )
    pretrain(limited, tmp_path / "run")
    assert seen == [6, 6]
