"""Names of scores in plain words for the page, with an explanation of each. Knows no result and no markup.

The tables of `rrg.evaluation` use the short names that those who score systems know; here stands what a reader sees.
"""

from __future__ import annotations

import re

# short name -> (what a reader sees, what it means)
HEADS = {
    "system": ("Who wrote it", "a model, or a row of company that no model wrote"),
    "words, r2gen": (
        "Words, as the literature counts them",
        "lower case, cut at 60 tokens, rare words unknown: R2Gen's protocol",
    ),
    "words, full": ("Words, against the whole reference", "the untouched reference"),
    "findings, F1": (
        "Findings (F1)",
        "findings of draft and reference, by the labeller; doubt counts as present",
    ),
    "retrieval": ("Looking up", "which report belongs to which film"),
    "variety": ("Variety", "reports that are written of all films"),
    "gap of BLEU-4": (
        "films swapped",
        "what BLEU-4 loses when every study gets another’s film; nought: no film was looked at",
    ),
    "gap of micro 14": (
        "films swapped",
        "what F1 of 14 classes loses when every study gets another’s film; nought: no film was looked at",
    ),
    "micro 14": ("14 classes", "all namings together (micro); “no finding” is a class"),
    "macro 14": ("class by class", "mean over the 14 classes (macro): rare ones count as much"),
    "example 14": ("study by study", "mean over studies (example-based), 14 classes"),
    "micro 13": ("13 findings", "all namings together, without “no finding”"),
    "micro 5": ("5 chief ones", "atelectasis, cardiomegaly, consolidation, oedema, effusion"),
    "recall@10": ("own among 10", "how often the own report is among the ten placed closest to the film"),
    "distinct": ("different", "how many different reports were written"),
    "all normal": ("all normal", "share of reports that name no abnormality"),
    "true report against": ("The true report against …", "and how it was decided"),
    "accuracy (95 %)": ("right (95 %)", "how often the true report won"),
    "balanced (95 %)": (
        "balanced (95 %)",
        "mean over opposite changes: a liking for one of them gains nothing",
    ),
    "area under the curve (95 %)": (
        "across studies (95 %)",
        "how often a true report of one study beats a false one of another (area under the curve)",
    ),
    "mean margin": ("mean margin", "true minus false: cosine for closeness to the film, nats for likelihood"),
    "pairs": ("pairs", "how many were asked"),
}
_SCORES = {
    "embedding": "closeness to the film",
    "likelihood": "likelihood of the text",
    "likelihood per token": "likelihood per word",
    "image gain": "what the film adds to the likelihood",
}
_WHERE = {
    "shuffle": "with the films permuted",
    "margins": "telling reports apart",
    "text": "words",
    "clinical": "findings",
    "retrieval": "looking up",
    "counterfactual": "one fact flipped",
}
_KEY = re.compile(r"\b(?:[a-z0-9@ -]+/)+[A-Za-z0-9@ -]+")


def head(name: str) -> tuple[str, str]:
    """What is shown for a short name, and its explanation; empty where it explains itself."""
    return HEADS.get(name, (name, ""))


def row(name: str) -> str:
    """A row's name: "mined peer, by image gain" -> "closest wrong report, by what the film adds to the likelihood"."""
    question, by, score = name.partition(", by ")
    question = question.replace("mined peer", "its closest wrong report").replace("(all)", "(any)")
    return f"{question}, by {_SCORES.get(score, score)}" if by else question


def note(text: str) -> str:
    """A note without the keys of a result file: "shuffle/margins/image gain" -> "with the films permuted: ..."."""
    return _KEY.sub(lambda found: _in_words(found[0]), text)


def caption(words: str) -> str:
    """What a plot shows; its axes keep the short name of a score, so it stands beside the plain one."""
    said = words.replace("image gain", f"{_SCORES['image gain']} (image gain)")
    return said.replace("y embedding", f"y {_SCORES['embedding']} (embedding)")


def _in_words(key: str) -> str:
    *where, what = key.split("/")
    told = ", ".join(_WHERE.get(part.strip(), part.strip()) for part in where)
    return f"{_SCORES.get(what, what)} ({told})"
