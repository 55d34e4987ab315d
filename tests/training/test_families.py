"""Every family goes from a configuration to a checkpoint that reads, and its image network starts where it should."""

import pytest
import torch

from rrg.models.checkpoint import load_checkpoint
from rrg.models.registry import FAMILIES
from rrg.training.config import load_config
from rrg.training.loop import train
from rrg.training.run import build_model
from rrg.types import RrgError
from tests.made import TINY, write_config
from tests.models.sources import write_source

HERE = {"image_size": 64, "min_frequency": 1, "imagenet": False, "freeze_backbone": True}
FREE = {"max_tokens": 40, "embedding_size": 16, "dropout": 0.0}  # what a source leaves open
PROMPT = {"labels_at_least": 5}


@pytest.fixture
def sourced(tmp_path):
    """A model section with a folder of somebody's, and all else as it comes."""
    source = write_source(tmp_path / "somebodys")
    sizes = {"source": str(source), **FREE}
    return {"family": "hugging_face", "sizes": sizes, "image_size": 64, "min_frequency": 1}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_trains_on_kept_features_with_predicted_findings(tmp_path, cohort, family):
    """As the ladder has them: one recipe, the family alone differs."""
    model = {**HERE, "family": family, "sizes": TINY}
    config = write_config(tmp_path / "config.yaml", cohort, model=model, prompt=PROMPT)
    read = load_checkpoint(train(config, ["optimiser.epochs=1"], tmp_path / "run"))
    encoded = read.model.encode(torch.rand(1, 2, 1, 64, 64), torch.tensor([[1, 2]]))
    assert read.model.generate_reports(encoded, max_new_tokens=5)[0].tokens
    assert type(read.model) is FAMILIES[family][1]


def test_a_source_trains_and_keeps_its_own_image_network(tmp_path, cohort, sourced):
    config = write_config(tmp_path / "config.yaml", cohort, model={**sourced, "freeze_backbone": True})
    read = load_checkpoint(train(config, ["optimiser.epochs=1"], tmp_path / "run"))
    new = build_model(load_config(config), vocabulary=60)
    own, given = (each.encoder.backbone.state_dict() for each in (read.model, new))
    assert all(torch.allclose(own[name].float(), value, atol=1e-3) for name, value in given.items())


def test_predicted_findings_are_refused_where_nothing_would_read_them(tmp_path, cohort, sourced):
    frozen = {**sourced, "freeze_backbone": True}
    file = write_config(tmp_path / "config.yaml", cohort, model=frozen, prompt=PROMPT)
    with pytest.raises(RrgError, match=r"somebodys.*Leave the section prompt out"):
        build_model(load_config(file), 60, ["Cardiomegaly"])
    with pytest.raises(RrgError, match=r"freeze_backbone: true"):
        load_config(file, ["model.freeze_backbone=false"])
