"""What every registered generator must do: the seam of rrg/models/protocol.py, held for all families."""

import pytest
import torch

from rrg.models.protocol import Encoded, TrainableGenerator
from rrg.models.registry import FAMILIES, create, family_of
from rrg.types import Report, RrgError
from tests.made import TINY
from tests.models.sources import DECIDED, write_source

PIXELS = torch.rand(3, 2, 1, 64, 64, generator=torch.Generator().manual_seed(0))
VIEWS = torch.tensor([[1, 2], [1, 0], [2, 0]])


SOURCES = ["vit bert", "swin roberta", "vit mbart"]  # what a folder for the family hugging_face holds


def make(case, folder):
    sizes = {**TINY, "vocab_size": 60, "image_size": 64}
    if case in FAMILIES:
        return create(case, **sizes)
    source = write_source(folder / "source", *case.split())
    free = {name: value for name, value in sizes.items() if name not in DECIDED}
    made = create("hugging_face", source=str(source), **free)
    torch.nn.init.normal_(
        made.encoder.view_embedding.weight, std=0.1
    )  # as training would: they start at zero
    return made


def sharpen(model):
    """An untrained model repeats one word: let what it has written and seen decide more."""
    words = model.get_input_embeddings().weight
    for name, weight in model.decoder.named_parameters():
        if "positions" in name or "position_embeddings" in name or "wpe" in name:
            weight.mul_(40)
        elif weight is not words and weight.dim() > 1:
            weight.mul_(8)


@pytest.fixture(scope="module", params=[*FAMILIES, *SOURCES])
def model(request, tmp_path_factory):
    torch.manual_seed(0)
    made = make(request.param, tmp_path_factory.mktemp("made")).eval()
    with torch.no_grad():
        sharpen(made)
    return made


@pytest.fixture(scope="module")
def encoded(model):
    with torch.no_grad():
        return model.encode(PIXELS, VIEWS)


def test_it_offers_the_protocol(model):
    assert isinstance(model, TrainableGenerator)


def test_shapes(model, encoded):
    batch, patches, width = encoded.patches.shape
    assert (batch, width) == (3, model.config.hidden_size)
    assert encoded.mask.shape == (3, patches)
    assert encoded.pooled.shape == (3, width)
    assert encoded.backbone.shape[:2] == (3, 2)
    tokens, mask = torch.randint(4, 60, (3, 7)), torch.ones(3, 7, dtype=torch.bool)
    assert model.report_logits(encoded, tokens, mask).shape == (3, 7, 60)
    assert model.report_features(tokens, mask).shape == (3, width)
    assert torch.allclose(model.heads.embed_image(encoded.pooled).norm(dim=-1), torch.ones(3), atol=1e-5)


@torch.no_grad()
def test_an_absent_view_changes_nothing(model, encoded):
    other = PIXELS.clone()
    other[1:, 1] = 0.9
    again = model.encode(other, VIEWS)
    assert torch.allclose(again.patches, encoded.patches, atol=1e-6)
    assert torch.allclose(again.pooled, encoded.pooled, atol=1e-6)
    assert not encoded.mask[1, encoded.mask.shape[1] // 2 :].any()


@torch.no_grad()
def test_the_view_matters(model, encoded):
    swapped = model.encode(PIXELS, torch.tensor([[2, 1], [1, 0], [2, 0]]))
    # of the patches: a family without layers between them pools a sum that knows no order
    assert not torch.allclose(swapped.patches[0], encoded.patches[0], atol=1e-4)


@torch.no_grad()
def test_batched_is_one_by_one(model, encoded):
    for i in range(3):
        alone = model.encode(PIXELS[i : i + 1], VIEWS[i : i + 1])
        assert torch.allclose(alone.pooled, encoded.pooled[i : i + 1], atol=1e-5)


@torch.no_grad()
def test_padding_does_not_enter_the_report(model, encoded):
    tokens = torch.tensor([[1, 9, 8, 7, 2]])
    padded, mask = torch.tensor([[1, 9, 8, 7, 2, 0, 0]]), torch.tensor([[True] * 5 + [False] * 2])
    full = torch.ones_like(tokens, dtype=torch.bool)
    assert torch.allclose(model.report_features(tokens, full), model.report_features(padded, mask), atol=1e-5)
    one = encoded[0:1]
    assert torch.allclose(
        model.report_logits(one, tokens, full), model.report_logits(one, padded, mask)[:, :5], atol=1e-4
    )


@torch.no_grad()
def test_no_position_sees_the_future(model, encoded):
    tokens, mask = torch.tensor([[1, 9, 8, 7]]), torch.ones(1, 4, dtype=torch.bool)
    changed = torch.tensor([[1, 9, 8, 30]])
    before, after = (model.report_logits(encoded[0:1], t, mask) for t in (tokens, changed))
    assert torch.allclose(before[:, :3], after[:, :3], atol=1e-5)


@torch.no_grad()
def test_the_report_embedding_reads_no_image(model, encoded):
    """It has no image argument at all; and the words that it reads do change it."""
    mask = torch.ones(1, 3, dtype=torch.bool)
    first, second = (model.report_features(torch.tensor([[1, word, 2]]), mask) for word in (9, 30))
    assert not torch.allclose(first, second, atol=1e-4)


def test_the_report_embedding_teaches_no_part_that_sees(model):
    model.zero_grad(set_to_none=True)
    tokens, mask = torch.randint(4, 60, (2, 6)), torch.ones(2, 6, dtype=torch.bool)
    model.report_features(tokens, mask).sum().backward()
    taught = {name for name, weight in model.named_parameters() if weight.grad is not None}
    assert any(name.startswith("decoder.") for name in taught)
    seeing = ("encoder.backbone", "encoder.project", "encoder.view", "encoder.place", "encoder.layers.layers")
    assert not [name for name in taught if name.startswith(seeing) or "encoder_attn" in name]


def test_every_weight_learns(model):
    """A weight that nothing reaches would cost for nothing, and processes that train together refuse it."""
    model.zero_grad(set_to_none=True)
    tokens, mask = torch.randint(4, 60, (3, 6)), torch.ones(3, 6, dtype=torch.bool)
    encoded = model.encode(PIXELS, VIEWS)
    image = model.heads.embed_image(encoded.pooled)
    report = model.heads.embed_report(model.report_features(tokens, mask))
    loss = model.report_logits(encoded, tokens, mask).logsumexp(-1).sum() + (image * report).sum()
    (loss * model.heads.scale()).backward()
    assert not [
        name for name, weight in model.named_parameters() if weight.requires_grad and weight.grad is None
    ]


@torch.no_grad()
def test_saved_and_loaded_it_is_the_same(model, encoded, tmp_path):
    model.save_pretrained(tmp_path)
    again = family_of(model.config.model_type).from_pretrained(tmp_path, local_files_only=True).eval()
    tokens, mask = torch.tensor([[1, 9, 8, 7]]), torch.ones(1, 4, dtype=torch.bool)
    assert torch.equal(again.encode(PIXELS, VIEWS).patches, encoded.patches)
    assert torch.equal(again.report_features(tokens, mask), model.report_features(tokens, mask))
    assert again.generate_reports(encoded) == model.generate_reports(encoded)
    assert {n: p.shape for n, p in again.named_parameters()} == {
        n: p.shape for n, p in model.named_parameters()
    }


@pytest.mark.parametrize("beams", [1, 3])
def test_cached_is_uncached(model, encoded, beams):
    cached, plain = (
        model.generate_reports(encoded, num_beams=beams, max_new_tokens=12, use_cache=use)
        for use in (True, False)
    )
    assert [r.tokens for r in cached] == [r.tokens for r in plain]
    assert any(len(set(r.tokens)) > 1 for r in cached)  # a constant would prove nothing


def test_greedy_is_the_likeliest_next_word_each_time(model, encoded):
    report = model.generate_reports(encoded[0:1], max_new_tokens=10)[0]
    tokens = [1]
    forbidden = model.generation_config.suppress_tokens
    for token, logprob in zip(report.tokens, report.logprobs, strict=True):
        inputs = torch.tensor([tokens])
        with torch.no_grad():
            logits = model.report_logits(encoded[0:1], inputs, torch.ones_like(inputs, dtype=torch.bool))[
                0, -1
            ]
        logits[forbidden] = float("-inf")
        assert int(logits.argmax()) == token
        assert float(logits.log_softmax(-1)[token]) == pytest.approx(logprob, abs=1e-3)
        tokens.append(token)


def test_reports_are_repeatable_and_leave_the_encoded_value_alone(model, encoded):
    before = encoded.patches.clone()
    first = model.generate_reports(encoded, num_beams=2, max_new_tokens=8)
    assert first == model.generate_reports(encoded, num_beams=2, max_new_tokens=8)
    assert torch.equal(before, encoded.patches)
    assert all(isinstance(report, Report) for report in first)


def test_sampling_takes_its_seed_from_outside(model, encoded):
    def sample(seed):
        torch.manual_seed(seed)
        return [r.tokens for r in model.generate_reports(encoded, do_sample=True, max_new_tokens=12)]

    assert sample(1) == sample(1)
    assert sample(1) != sample(2)


def test_special_tokens_are_never_written(model, encoded):
    reports = model.generate_reports(encoded, do_sample=True, max_new_tokens=30)
    assert not {0, 1, 2, 3} & {token for report in reports for token in report.tokens}


def test_unknown_families_are_named():
    with pytest.raises(RrgError, match="transformer"):
        create("no-such-family")
    with pytest.raises(RrgError, match="no-such-type"):
        family_of("no-such-type")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("hiden_size", 32),
        ("hidden_size", "32"),
        ("hidden_size", 33),
        ("hidden_size", 0),
        ("hidden_size", None),
        ("num_hidden_layers", 1.5),
        ("num_hidden_layers", True),
        ("min_new_tokens", -1),
        ("backbone", 3),
        ("dropout", 1),
        ("dropout", float("nan")),
        ("dropout", "0.1"),
    ],
)
@pytest.mark.parametrize("family", FAMILIES)
def test_a_size_that_does_not_fit_is_named(family, name, value):
    with pytest.raises(RrgError, match=rf"model\.sizes\.{name} "):
        create(family, **{"vocab_size": 60, "image_size": 64, **TINY, name: value})


def test_sizes_at_their_least_are_taken():
    sizes = {**TINY, "dropout": 0, "encoder_layers": 0, "min_new_tokens": 0}
    made = create("transformer", vocab_size=60, image_size=64, **sizes)
    assert (made.config.dropout, made.config.encoder_layers) == (0, 0)


def test_an_encoded_value_slices_and_repeats(encoded):
    assert isinstance(encoded[1:2], Encoded)
    assert len(encoded[0:1].expand(4)) == 4
