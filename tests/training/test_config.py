from pathlib import Path

import pytest

from rrg.training.config import EncoderConfig, load_config, read_config
from rrg.types import RrgError


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("data: {folder: somewhere}\noptimiser: {epochs: 3}\n")
    return path


def test_values_and_overrides(file):
    config = load_config(file, ["optimiser.epochs=5", "objective.peers=true", "objective.synthesis=arc"])
    assert config.optimiser.epochs == 5
    assert config.objective.synthesis == "arc"
    assert config.optimiser.batch_size == 32


@pytest.mark.parametrize(
    ("override", "named"),
    [
        ("optimiser.epochs=0", "optimiser.epochs"),
        ("optimiser.epochs=many", "optimiser.epochs"),
        ("optimiser.epoch=3", "optimiser.epoch"),
        ("objective.synthesis=sphere", "objective.synthesis"),
        ("objective.synthesis_weight=4", "synthesis_weight needs synthesis"),
        ("objective.synthesis=arc", "synthesis needs peers"),
        ("objective.synthesis=released", "synthesis needs peers"),
        ("objective.repulsion=0.2", "repulsion needs synthesis: released"),
        ("seed.x=3", "seed"),
        ("precision=half", "precision"),
        ("nonsense", "key=value"),
        ("seed=[", "seed"),
    ],
)
def test_the_offending_field_is_named(file, override, named):
    if override == "seed.x=3":
        file.write_text("data: {folder: x}\nseed: 0\n")
    with pytest.raises(RrgError, match=named):
        load_config(file, [override])


@pytest.mark.parametrize("text", ["", "- a", "data: [", "optimiser: {epochs: 3}"])
def test_files_that_are_no_configuration(file, text):
    file.write_text(text)
    with pytest.raises(RrgError):
        load_config(file)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(RrgError, match="nowhere"):
        load_config(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize("switch", ["detach=true", "flips=true", "margin=0.5", "label_smoothing=0.1"])
def test_the_released_objective_refuses_what_it_does_not_have(file, switch):
    given = ["objective.peers=true", "objective.synthesis=released", "objective.repulsion=0.2"]
    assert load_config(file, given).objective.repulsion == 0.2
    with pytest.raises(RrgError, match=f"released has no {switch.split('=')[0]}"):
        load_config(file, [*given, f"objective.{switch}"])


def test_variants_need_kept_features(file):
    assert load_config(file, ["data.variants=2", "model.freeze_backbone=true"]).data.variants == 2
    with pytest.raises(RrgError, match=r"data\.variants needs model\.freeze_backbone"):
        load_config(file, ["data.variants=2", "model.freeze_backbone=false"])
    encoder = Path(__file__).parents[2] / "configs" / "encoder" / "iu-xray.yaml"
    with pytest.raises(RrgError, match=r"data\.variants is for generators"):
        read_config(encoder, ["data.variants=2"], EncoderConfig)


@pytest.mark.parametrize("collection", ["iu-xray", "simulated"])
def test_the_models_of_a_collection_differ_in_the_objective_alone(collection):
    folder = Path(__file__).parents[2] / "configs" / collection
    rungs = {path.stem: load_config(path) for path in folder.glob("*.yaml")}
    assert set(rungs) == {"baseline", "aligned", "hard-negative"}
    shared = [rung.model_dump(exclude={"objective"}) for rung in rungs.values()]
    assert shared[0] == shared[1] == shared[2]
    assert rungs["baseline"].objective.detach
    assert rungs["hard-negative"].objective.synthesis == "arc"
    encoder = rungs["baseline"].model.encoder
    assert encoder is not None
    read_config(folder.parent / "encoder" / f"{collection}.yaml", [], EncoderConfig)
