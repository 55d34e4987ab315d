"""Folders of vision-encoder-decoders: their weights are taken, their words are not, and what does not fit is named."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import VisionEncoderDecoderModel

from rrg.models.hugging_face import HuggingFaceGenerator
from rrg.models.registry import create
from rrg.types import RrgError
from tests.models.sources import ELSEWHERE, write_source

FREE = {"image_size": 64, "max_tokens": 40, "embedding_size": 16, "dropout": 0.0}
TOKENS = torch.tensor([[1, 9, 8, 7, 2], [1, 30, 31, 2, 0]])


@pytest.fixture(scope="module", params=["vit bert", "vit trocr", "swin mbart"])
def source(request, tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("source") / "somebodys", *request.param.split())


@pytest.fixture(scope="module")
def model(source):
    torch.manual_seed(0)
    return create("hugging_face", source=str(source), vocab_size=ELSEWHERE, **FREE).eval()


@torch.no_grad()
def test_with_its_words_it_is_the_source(source, model):
    """Against the source itself, view by view: class token left out, views joined, the absent one not looked at."""
    given = VisionEncoderDecoderModel.from_pretrained(source).eval()
    words = given.decoder.state_dict()
    assert any(not torch.equal(words[name], value) for name, value in model.decoder.state_dict().items())
    own = model.decoder.state_dict()
    model.decoder.load_state_dict(words)
    pixels, views = torch.rand(2, 2, 1, 64, 64), torch.tensor([[1, 2], [1, 0]])
    encoded, mask = model.encode(pixels, views), TOKENS != 0
    logits = model.report_logits(encoded, TOKENS, mask)
    mean, std = (torch.tensor(each).view(1, 3, 1, 1) for each in ([0.4, 0.5, 0.6], [0.2, 0.25, 0.3]))
    for study, present in ((0, 2), (1, 1)):
        films = (pixels[study, :present].expand(-1, 3, -1, -1) - mean) / std
        states = given.encoder(pixel_values=films).last_hidden_state
        states = states[:, 1:] if given.config.encoder.model_type == "vit" else states
        if hasattr(given, "enc_to_dec_proj"):
            states = given.enc_to_dec_proj(states)
        length = int(mask[study].sum())
        expected = given.decoder(
            input_ids=TOKENS[study : study + 1, :length], encoder_hidden_states=states.flatten(0, 1)[None]
        ).logits
        assert torch.allclose(logits[study, :length], expected[0], atol=1e-4)
    model.decoder.load_state_dict(own)


def test_a_checkpoint_needs_its_source_no_more(source, model, tmp_path):
    model.save_pretrained(tmp_path)
    assert str(source.parent) not in (tmp_path / "config.json").read_text()
    moved = source.rename(source.with_name("elsewhere"))
    again = HuggingFaceGenerator.from_pretrained(tmp_path, local_files_only=True).eval()
    moved.rename(source)
    mask = TOKENS != 0
    assert torch.equal(again.report_features(TOKENS, mask), model.report_features(TOKENS, mask))
    assert again.config.source == "somebodys"


def test_training_starts_from_the_sources_weights_whatever_the_seed(source):
    made = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        made.append(create("hugging_face", source=str(source), vocab_size=60, **FREE))
    first, second = ({n: p for n, p in each.named_parameters() if n.startswith("decoder.")} for each in made)
    words = made[0].get_input_embeddings().weight
    differ = {name for name in first if not torch.equal(first[name], second[name])}
    assert differ == {name for name in first if first[name] is words}


def test_without_a_source_it_shares_the_encoder_and_writes_with_gpt2():
    made = create("hugging_face", vocab_size=60, image_size=64, hidden_size=32, num_attention_heads=2)
    plain = create("transformer", vocab_size=60, image_size=64, hidden_size=32, num_attention_heads=2)
    assert made.decoder.config.model_type == "gpt2"
    assert [(n, p.shape) for n, p in made.encoder.named_parameters()] == [
        (n, p.shape) for n, p in plain.encoder.named_parameters()
    ]


@pytest.mark.parametrize(
    ("size", "value", "named"),
    [
        ("hidden_size", 64, r"hidden_size is 64.*decides it: 32"),
        ("num_hidden_layers", 3, r"num_hidden_layers is 3.*decides it: 2"),
        ("encoder_layers", 1, r"encoder_layers is 1.*decides it: 0"),
        ("max_tokens", 100, r"max_tokens is 100.*47 tokens"),
        ("image_size", 160, r"image_size is 160"),
    ],
)
def test_what_the_source_decides_is_named(tmp_path, size, value, named):
    source = write_source(tmp_path / "source")
    with pytest.raises(RrgError, match=named):
        create("hugging_face", source=str(source), vocab_size=60, **{**FREE, size: value})


@pytest.mark.parametrize("damage", ["no folder", "no configuration", "another kind", "no weights", "a gap"])
def test_a_source_that_is_none_is_named(tmp_path, damage):
    source = write_source(tmp_path / "source")
    if damage == "no folder":
        shutil.rmtree(source)
    elif damage == "no configuration":
        (source / "config.json").unlink()
    elif damage == "another kind":
        (source / "config.json").write_text(json.dumps({"model_type": "bert"}))
    elif damage == "no weights":
        (source / "model.safetensors").unlink()
    else:
        weights = load_file(source / "model.safetensors")
        weights.pop(next(name for name in weights if "crossattention" in name))
        save_file(weights, source / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(RrgError, match="source"):
        create("hugging_face", source=str(source), vocab_size=60, **FREE)
