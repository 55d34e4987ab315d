import json
import shutil
from pathlib import Path
from threading import active_count

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from rrg.data.datasets import load_studies
from rrg.data.images import load_radiograph
from rrg.models.checkpoint import load_checkpoint
from rrg.types import RrgError


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint):
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def films(cohort):
    study = load_studies(cohort, "val")[0]
    return [load_radiograph(path, view=view) for path, view in zip(study.images, study.views, strict=True)]


def test_stored_in_half_precision_in_small_shards(tiny_checkpoint):
    files = list(tiny_checkpoint.glob("model*.safetensors"))
    assert files
    for file in files:
        assert file.stat().st_size < 9_000_000
        assert {str(v.dtype) for v in load_file(file).values() if v.is_floating_point()} == {"torch.float16"}


@pytest.mark.parametrize("collection", ["iu-xray", "simulated"])
def test_the_rungs_that_ship_have_the_same_parameters_and_write_alike(collection):
    """So hard negatives cost a reader nothing: no weight more, and no other way of decoding."""
    shapes, settings = [], []
    for rung in ("baseline", "aligned", "hard-negative"):
        folder = Path(__file__).parents[2] / "checkpoints" / collection / rung
        found = {}
        for file in folder.glob("model*.safetensors"):
            with safe_open(file, "np") as tensors:
                found |= {name: tensors.get_slice(name).get_shape() for name in tensors.keys()}  # noqa: SIM118
        shapes.append(found)
        settings.append((folder / "generation_config.json").read_text())
    assert shapes[0]
    assert shapes[0] == shapes[1] == shapes[2]
    assert settings[0] == settings[1] == settings[2]


def test_loaded_as_float32_and_whole(checkpoint, tiny_checkpoint):
    stored = {k: v for file in tiny_checkpoint.glob("model*.safetensors") for k, v in load_file(file).items()}
    for name, value in checkpoint.model.state_dict().items():
        if name == "lm_head.weight":  # tied to the word embeddings
            assert name not in stored
            name = "decoder.embed_tokens.weight"
        assert torch.equal(value, stored[name].to(value.dtype)), name
        assert value.dtype != torch.float16


def test_same_film_same_report(checkpoint, tiny_checkpoint, films):
    again = load_checkpoint(tiny_checkpoint)
    first = checkpoint.model.generate_reports(checkpoint.encode(films))
    assert first == again.model.generate_reports(again.encode(films))
    assert first[0].text
    assert again.revision == checkpoint.revision


def test_streaming_ends_with_the_greedy_report(checkpoint, films):
    encoded = checkpoint.encode(films)
    grown = list(checkpoint.stream(encoded))
    assert grown[-1] == checkpoint.model.generate_reports(encoded)[0].text
    assert len(grown) > 1


def test_a_listener_who_leaves_stops_the_writing(checkpoint, films):
    before = active_count()
    stream = checkpoint.stream(checkpoint.encode(films), min_new_tokens=35)
    next(stream)
    stream.close()
    assert active_count() == before


def test_likelihood_prefers_what_the_model_says_and_leaves_unknown_words_out(checkpoint, films):
    encoded = checkpoint.encode(films)
    own = checkpoint.model.generate_reports(encoded)[0].text
    likely, unlikely, unknown = checkpoint.log_likelihood(
        encoded.expand(3), [own, "pneumothorax heart no the", "zyx"]
    )
    assert likely > unlikely
    assert not unknown.isnan()  # the end of the text is a known token
    with_unknown, without = checkpoint.log_likelihood(encoded.expand(2), [own + " zyx", own])
    assert torch.isfinite(with_unknown)
    assert torch.isfinite(without)


def test_report_embeddings_are_unit_and_of_the_text(checkpoint):
    first, same, other = checkpoint.embed_reports(
        ["The heart is enlarged.", "the heart is  enlarged.", "The lungs are clear."]
    )
    assert float(first.norm()) == pytest.approx(1, abs=1e-5)
    assert torch.allclose(first, same, atol=1e-6)
    assert not torch.allclose(first, other, atol=1e-3)


def test_the_screen_knows_films_from_noise(checkpoint, films):
    assert all(verdict.is_chest for verdict in checkpoint.examine(films))
    features = checkpoint.encode(films).backbone[:, 0]
    strange = features + 40 * features.std() * torch.randn(
        features.shape, generator=torch.Generator().manual_seed(0)
    )
    assert not checkpoint.screen.examine(strange)[0].is_chest


def test_a_folder_that_is_no_checkpoint_is_named(tmp_path):
    with pytest.raises(RrgError, match=r"config\.json"):
        load_checkpoint(tmp_path)


@pytest.mark.parametrize("damage", ["weights", "missing weights", "family"])
def test_a_damaged_checkpoint_is_an_error_not_a_crash(tiny_checkpoint, tmp_path, damage):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "damaged")
    if damage == "weights":
        next(folder.glob("model*.safetensors")).write_bytes(b"nothing of the kind")
    elif damage == "missing weights":
        file = next(folder.glob("model*.safetensors"))
        tensors = load_file(file)
        tensors.pop(next(name for name in tensors if name.endswith("fc1.weight")))
        save_file(tensors, file, metadata={"format": "pt"})
    else:
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, "model_type": "something-else"}))
    with pytest.raises(RrgError):
        load_checkpoint(folder)
