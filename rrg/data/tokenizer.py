"""Report text to token ids and back. Knows no model, no file of a data set and no loss.

A word-level vocabulary built on the training reports, lower case, with decimals and hyphenated words whole. The
`tokenizers` library does the work, wrapped as a fast `transformers` tokenizer, so that a checkpoint carries it whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from tokenizers import Regex, Tokenizer, normalizers, pre_tokenizers, processors
from tokenizers.models import WordLevel
from tokenizers.trainers import WordLevelTrainer
from torch import Tensor
from transformers import PreTrainedTokenizerFast

from rrg.data.reports import clean, tidy
from rrg.types import RrgError

PAD, BOS, EOS, UNK = "[PAD]", "[BOS]", "[EOS]", "[UNK]"
SPECIAL = (PAD, BOS, EOS, UNK)
WORD = r"\d+(?:\.\d+)?|[a-z]+(?:['-][a-z]+)*|[^\s\w]"


def build_tokenizer(reports: Iterable[str], min_frequency: int = 3) -> PreTrainedTokenizerFast:
    """Vocabulary of all words that occur `min_frequency` times or more in `reports` (train split only).

    A de-identification token becomes `[UNK]`: the model learns what follows a gap, and is never taught to write one.
    """
    core = Tokenizer(WordLevel(unk_token=UNK))
    core.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    core.pre_tokenizer = pre_tokenizers.Split(Regex(WORD), behavior="removed", invert=True)
    trainer = WordLevelTrainer(min_frequency=min_frequency, special_tokens=list(SPECIAL), show_progress=False)
    core.train_from_iterator((prepare(report).replace(UNK, " ") for report in reports), trainer)
    if core.get_vocab_size() <= len(SPECIAL):
        raise RrgError(
            f"No word occurs {min_frequency} times in the training reports, so there is no vocabulary to build."
        )
    ids = {token: core.token_to_id(token) for token in SPECIAL}
    core.post_processor = processors.TemplateProcessing(
        single=f"{BOS} $A {EOS}", special_tokens=[(BOS, ids[BOS]), (EOS, ids[EOS])]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=core,
        pad_token=PAD,
        bos_token=BOS,
        eos_token=EOS,
        unk_token=UNK,
        clean_up_tokenization_spaces=False,
    )


def prepare(report: str) -> str:
    """The text as the tokenizer takes it: cleaned, de-identified gaps marked as unknown words."""
    return clean(report, gap=UNK)


def tokenise(
    tokenizer: PreTrainedTokenizerFast, reports: Sequence[str], max_tokens: int
) -> tuple[Tensor, Tensor]:
    """-> tokens (B, T) int64, BOS first and EOS last; mask (B, T) bool, True on real tokens. T <= max_tokens.

    A report that is cut has no end: its EOS is masked, so that nobody learns to stop in mid-sentence.
    """
    encoded = tokenizer(
        [prepare(report) for report in reports],
        padding=True,
        truncation=True,
        max_length=max_tokens,
        return_tensors="pt",
        return_token_type_ids=False,
    )
    tokens, mask = encoded["input_ids"].to(torch.int64), encoded["attention_mask"].bool()
    cut = torch.tensor([bool(each.overflowing) for each in encoded.encodings])
    return tokens, mask & ~(cut[:, None] & (tokens == tokenizer.eos_token_id))


def readable(tokenizer: PreTrainedTokenizerFast, tokens: list[int]) -> str:
    """Token ids -> sentences a person can read; special tokens are dropped."""
    return tidy(str(tokenizer.decode(tokens, skip_special_tokens=True)))
