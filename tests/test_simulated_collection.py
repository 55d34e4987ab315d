"""What `make simulated` runs, in small: from a cohort of squares to a model with gallery, numbers, card and pointing."""

import json
import shutil
from pathlib import Path

import pytest

from rrg.cli import main
from rrg.data.simulated import load_pairs
from rrg.evaluation import pointing
from rrg.evaluation.card import write_card
from rrg.simulation.cohort import Settings, make_cohort
from tests.simulation.doubles import make_squares

CONFIGS = Path(__file__).parents[1] / "configs"
SMALL = (
    "model.image_size=64", "optimiser.epochs=1", "optimiser.batch_size=8", "prompt.labels_at_least=5", "prompt.folds=2",
    "model.sizes={hidden_size: 32, num_attention_heads: 4, num_hidden_layers: 1, encoder_layers: 1, embedding_size: 16}",
)  # fmt: skip


def run(*arguments):
    with pytest.raises(SystemExit) as left:
        main([str(argument) for argument in arguments])
    assert not left.value.code


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("collection")


@pytest.fixture(scope="module")
def cohort(folder):
    make_cohort(folder / "cohort", Settings(70, 12, seed=3), simulator=make_squares)
    return folder / "cohort"


@pytest.fixture(scope="module")
def model(folder, cohort):
    data = (f"data.folder={cohort}", f"data.cache={folder / 'cache'}")
    run("pretrain", CONFIGS / "encoder" / "simulated.yaml", *data, "image_size=64", "epochs=1", "labels_at_least=5",
        "--out", folder / "encoder")  # fmt: skip
    weights = f"model.encoder={folder / 'encoder' / 'encoder.safetensors'}"
    run(
        "train", CONFIGS / "simulated" / "hard-negative.yaml", *data, weights, *SMALL, "--out", folder / "run"
    )
    made = shutil.copytree(folder / "run" / "checkpoint", folder / "simulated" / "hard-negative")
    run("gallery", "--checkpoint", made, "--data", cohort, "--limit", 9)
    return made


def test_it_is_scored_on_studies_and_pairs_and_its_card_says_what_it_is(model, cohort, folder):
    run("evaluate", "--checkpoint", model, "--data", cohort, "--split", "val", "--no-meteor",
        "--summary", model / "metrics.json", "--out", folder / "val.json")  # fmt: skip
    pairs = json.loads((model / "metrics.json").read_text())["metrics"]["pairs"]["embedding"]["all"]
    assert pairs["pairs"] == len(load_pairs(cohort)) == 12
    assert 0 <= pairs["accuracy"] <= 1
    text = write_card(model).read_text()
    assert "Counterfactual pairs" in text
    assert "LIDC-IDRI-0001" in text


def test_its_heat_maps_are_looked_up_in_the_masks(model, cohort, folder):
    pointing.main(model, cohort, folder / "pointing.json", "pairs", 4)
    found = json.loads((folder / "pointing.json").read_text())
    assert found["rows"] or found["unread"]
