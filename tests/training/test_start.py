"""A generator that begins with what another checkpoint learned."""

import pytest
import torch

from rrg.models.checkpoint import load_checkpoint
from rrg.training.loop import load_config
from rrg.training.run import prepare
from rrg.types import RrgError
from tests.made import TINY, write_config

MODEL = {"image_size": 64, "imagenet": False, "freeze_backbone": True}


def begun(folder, cohort, **model):
    file = write_config(folder / "config.yaml", cohort, model={**MODEL, **model}, seed=7)
    return prepare(load_config(file), folder / "run")


def test_layers_and_shared_words_are_taken_and_the_image_network_is_not(tmp_path, cohort, tiny_checkpoint):
    run = begun(tmp_path, cohort, sizes=TINY, min_frequency=12, start=str(tiny_checkpoint))
    known = load_checkpoint(tiny_checkpoint)
    own, theirs = run.tokenizer.get_vocab(), known.tokenizer.get_vocab()
    assert own != theirs  # rarer words are left out here, so that places differ
    rows, others = run.model.get_input_embeddings().weight, known.model.get_input_embeddings().weight
    for word in own:
        assert torch.equal(rows[own[word]], others[theirs[word]])
    mine, given = run.model.state_dict(), known.model.state_dict()
    assert torch.equal(mine["decoder.layers.0.fc1.weight"], given["decoder.layers.0.fc1.weight"])
    assert torch.equal(mine["encoder.view_embedding.weight"], given["encoder.view_embedding.weight"])
    assert not torch.equal(mine["encoder.backbone.conv_stem.weight"], given["encoder.backbone.conv_stem.weight"])


def test_other_sizes_are_refused_by_name(tmp_path, cohort, tiny_checkpoint):
    with pytest.raises(RrgError, match=r"has other sizes.*model\.sizes"):
        begun(tmp_path, cohort, sizes={**TINY, "hidden_size": 16}, min_frequency=1, start=str(tiny_checkpoint))


def test_another_family_is_refused(tmp_path, cohort, tiny_checkpoint):
    with pytest.raises(RrgError, match=r"TransformerGenerator.*one of its own kind"):
        begun(tmp_path, cohort, family="r2gen", sizes=TINY, min_frequency=1, start=str(tiny_checkpoint))


def test_a_folder_that_is_no_checkpoint_is_refused(tmp_path, cohort):
    with pytest.raises(RrgError, match="is not a checkpoint"):
        begun(tmp_path, cohort, sizes=TINY, min_frequency=1, start=str(tmp_path))
