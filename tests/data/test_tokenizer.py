import pytest

from rrg.data.tokenizer import BOS, EOS, PAD, UNK, build_tokenizer, readable, tokenise
from rrg.types import RrgError

REPORTS = [
    "1. The nodule measures 3.7 cm.",
    "2. The nodule is well-defined. XXXX is calcified.",
    "The nodule is small.",
]


@pytest.fixture(scope="module")
def tokenizer():
    return build_tokenizer(REPORTS, min_frequency=1)


def test_special_tokens_are_distinct(tokenizer):
    ids = tokenizer.convert_tokens_to_ids([PAD, BOS, EOS, UNK])
    assert len(set(ids)) == 4
    assert [
        tokenizer.pad_token_id,
        tokenizer.bos_token_id,
        tokenizer.eos_token_id,
        tokenizer.unk_token_id,
    ] == ids


def test_there_and_back(tokenizer):
    tokens, mask = tokenise(tokenizer, REPORTS, 40)
    assert readable(tokenizer, tokens[0][mask[0]].tolist()) == "The nodule measures 3.7 cm."
    assert (tokens[:, 0] == tokenizer.bos_token_id).all()
    assert all(row[keep][-1] == tokenizer.eos_token_id for row, keep in zip(tokens, mask, strict=True))


def test_a_gap_is_unknown_and_in_no_vocabulary(tokenizer):
    tokens, _ = tokenise(tokenizer, [REPORTS[1]], 40)
    assert tokenizer.unk_token_id in tokens[0]
    assert not any("xxxx" in word for word in tokenizer.get_vocab())


def test_a_cut_report_has_no_end(tokenizer):
    tokens, mask = tokenise(tokenizer, [REPORTS[0], "The nodule."], 6)
    assert tokens.shape[1] == 6
    assert tokenizer.eos_token_id not in tokens[0][mask[0]]
    assert tokenizer.eos_token_id in tokens[1][mask[1]]


def test_rare_words_are_unknown():
    rare = build_tokenizer(["the heart", "the lungs", "the heart"], min_frequency=2)
    assert set(rare.get_vocab()) == {PAD, BOS, EOS, UNK, "the", "heart"}
    with pytest.raises(RrgError, match="no vocabulary"):
        build_tokenizer(["once"], min_frequency=2)
