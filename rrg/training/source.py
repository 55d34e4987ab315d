"""Training data in memory: images or kept features, token ids, each study's peer and flipped reports. Knows no loss.

Peers and flipped reports are texts only, so no image is encoded twice; the released objective alone asks for the
peers' images too.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm
from transformers import PreTrainedTokenizerFast

from rrg.data.batch import StudyImages
from rrg.data.findings import label_report
from rrg.data.preprocess import to_pixels
from rrg.data.reports import normalise
from rrg.data.tokenizer import tokenise
from rrg.models.encoder import RadiographEncoder
from rrg.objective.lengths import cut
from rrg.objective.mining import Nearness, Peer, PeerIndex
from rrg.objective.task import Batch
from rrg.training.flips import Flips, make_flips
from rrg.training.prompting import Prompted
from rrg.training.variation import vary
from rrg.types import Finding, Status


@dataclass(frozen=True)
class Extras:
    """What is prepared for training: how many mined peers each study has, by what they are near and whether with their
    images; by what two reports are the same; flipped reports; the powers by which copies of a text count less, by which a
    report of rarer findings counts more, and by which it is drawn more often.
    """

    peers: int = 0
    near_by: Nearness = "wording"
    peer_images: bool = False
    same_by: Nearness = "wording"
    flips: bool = False
    copies: float = 0.0
    rarity: float = 0.0
    balance: float = 0.0

    @property
    def need_findings(self) -> bool:
        return bool(self.peers or self.rarity or self.balance or self.same_by == "findings")


NO_EXTRAS = Extras()
ALL = slice(None)


@dataclass(frozen=True, eq=False)
class Source:
    """One split. tokens, mask (N, T); text (N,), equal for reports that count as the same; features (N, V, G*G, F) float16
    or None.

    What only training uses: variants, features of the studies with other poses and exposures, as large each (prompts and
    peers' images stay those of the films as they are); peers (N), those of a study among which one is drawn, and whether a
    batch shows their images; flips, the counterfactuals of each report; weight (N,), each report's share of the report loss;
    chance (N,) float64 of sum 1 with which a study is drawn, or None, each once an epoch; prompt, predicted findings beside
    those that people coded.
    """

    images: StudyImages
    tokens: Tensor
    mask: Tensor
    text: Tensor
    features: NDArray[np.float16] | None
    variants: Sequence[NDArray[np.float16]] = ()
    peers: tuple[tuple[Peer, ...], ...] | None = None
    peer_images: bool = False
    flips: Flips | None = None
    weight: Tensor | None = None
    chance: NDArray[np.float64] | None = None
    prompt: Prompted | None = None

    def __len__(self) -> int:
        return len(self.images)

    def batch(
        self, indices: NDArray[np.int64], rng: np.random.Generator | None = None, share: slice = ALL
    ) -> Batch:
        """The studies at `indices`, or a `share` of them; with `rng` also what training adds.

        It is drawn for all of them, so that processes that share a batch see what one process would.
        """
        if rng is None:
            return self._anchors(indices[share])
        further = self._training_only(indices, rng, share)
        which = rng.integers(0, len(self.variants) + 1, len(indices))[share] if self.variants else None
        return replace(self._anchors(indices[share], which), **further)

    def _anchors(self, indices: NDArray[np.int64], which: NDArray[np.int64] | None = None) -> Batch:
        """As they are, or each as one of its variants; `which` is 0 for a study as it is."""
        rows = torch.from_numpy(indices)
        tokens, mask = cut(rows, self.tokens, self.mask)
        batch: dict[str, Any] = {
            "views": torch.from_numpy(self.images.views[indices]),
            "tokens": tokens,
            "mask": mask,
            "text": self.text[rows],
        }
        if self.features is not None:
            kept = (self.features, *self.variants)
            shown = self.features[indices] if which is None else [kept[k][i] for i, k in zip(indices, which, strict=True)]
            batch["features"] = torch.from_numpy(np.asarray(shown, np.float32))
        else:
            batch["pixels"] = to_pixels(self.images.squares[indices])
        return Batch(**batch)

    def _training_only(
        self, indices: NDArray[np.int64], rng: np.random.Generator, share: slice
    ) -> dict[str, Any]:
        further: dict[str, Any] = {}
        if self.peers is not None:
            chosen = [_one_of(self.peers[i], rng) for i in indices]
            further |= self._peers(indices[share], chosen[share], rng)
        if self.flips is not None:
            further |= self.flips.draw(indices, self.tokens, self.mask, rng, share)
        if self.weight is not None:
            further["weight"] = self.weight[torch.from_numpy(indices[share])]
        if self.prompt is not None:
            further["strengths"] = self.prompt.draw(indices, rng)[share]
        return further

    def _peers(
        self, indices: NDArray[np.int64], chosen: Sequence[Peer | None], rng: np.random.Generator
    ) -> dict[str, Any]:
        """A study without a peer stands in for it, and is marked as invalid; so is a peer that counts as the same."""
        places = [int(i) if peer is None else peer.index for i, peer in zip(indices, chosen, strict=True)]
        rows = torch.tensor(places)
        tokens, mask = cut(rows, self.tokens, self.mask)
        valid = self.text[rows] != self.text[torch.from_numpy(indices)]
        peers = {"peer_tokens": tokens, "peer_mask": mask, "peer_text": self.text[rows], "peer_valid": valid}
        return peers | ({"seen_peers": self._seen(rows.numpy(), rng)} if self.peer_images else {})

    def _seen(self, rows: NDArray[np.int64], rng: np.random.Generator) -> Batch:
        """The peers as anchors; what is predicted of them comes, as theirs, from folds that have not seen them."""
        strengths = None if self.prompt is None else self.prompt.draw(rows, rng)
        return replace(self._anchors(rows), strengths=strengths)


def make_source(
    images: StudyImages,
    tokenizer: PreTrainedTokenizerFast,
    max_tokens: int,
    features: NDArray[np.float16] | None = None,
    extras: Extras = NO_EXTRAS,
    prompt: Prompted | None = None,
    variants: Sequence[NDArray[np.float16]] = (),
) -> Source:
    """Tokenise and, where peers are wanted, mine them among these very studies."""
    reports = [study.report for study in images.studies]
    tokens, mask = tokenise(tokenizer, reports, max_tokens)
    text = number_texts(reports)
    findings = [label_report(report) for report in reports] if extras.need_findings else []
    peers = flips = weight = chance = None
    if extras.peers:
        patients = [study.patient for study in images.studies]
        peers = tuple(PeerIndex(reports, patients, findings, extras.near_by).mine(extras.peers))
    if extras.flips:
        flips = make_flips(tokenizer, reports, max_tokens)
    if extras.copies or extras.rarity:
        weight = copy_weights(text, extras.copies) * rarity_weights(findings, extras.rarity)
        weight = weight / weight.mean()
    if extras.balance:
        often = np.asarray(rarity_weights(findings, extras.balance), np.float64)
        chance = often / often.sum()
    same = text if extras.same_by == "wording" else number_findings(findings)
    return Source(
        images, tokens, mask, same, features, variants, peers, extras.peer_images, flips, weight, chance, prompt
    )


def _one_of(peers: Sequence[Peer], rng: np.random.Generator) -> Peer | None:
    """The only one without a draw, so that what else is drawn does not depend on it."""
    if len(peers) > 1:
        return peers[int(rng.integers(len(peers)))]
    return peers[0] if peers else None


def copy_weights(text: Tensor, power: float) -> Tensor:
    """(N,) text numbers -> (N,) weights of mean 1: a report with m copies counts m ** -power."""
    counts = torch.bincount(text)[text].float()
    weights = counts**-power
    return weights / weights.mean()


def rarity_weights(findings: Sequence[Sequence[Finding]], power: float) -> Tensor | float:
    """Findings of N reports -> (N,) weights of mean 1: a report counts as the rarest class that it finds, n ** -power.

    n is how many reports find that class, "No Finding" being one; 1 for all where `power` is 0.
    """
    if not power:
        return 1.0
    found = [{each.label for each in report if each.status is not Status.ABSENT} for report in findings]
    counts = Counter(label for labels in found for label in labels)
    rarest = [min((counts[label] for label in labels), default=len(found)) for labels in found]
    weights = torch.tensor(rarest).float() ** -power
    return weights / weights.mean()


def number_texts(reports: Sequence[str]) -> Tensor:
    """(N,) int64: equal for equal normalised texts."""
    return _numbered(normalise(report) for report in reports)


def number_findings(findings: Sequence[Sequence[Finding]]) -> Tensor:
    """(N,) int64: equal for reports that find the same classes, each with the same status."""
    return _numbered(
        frozenset((each.label, each.status) for each in report if each.status is not Status.ABSENT) for report in findings
    )


def _numbered(keys: Iterable[Hashable]) -> Tensor:
    """(N,) int64: equal for equal keys, in the order in which they come first."""
    numbers: dict[Hashable, int] = {}
    return torch.tensor([numbers.setdefault(key, len(numbers)) for key in keys])


@torch.no_grad()
def kept_features(
    encoder: RadiographEncoder,
    images: StudyImages,
    cache: Path,
    progress: bool,
    variant: int = 0,
    batch_size: int = 16,
) -> NDArray[np.float16]:
    """Feature maps of a frozen image network, computed once: (N, V, G*G, F) float16, kept in `cache`.

    Of the films as they are, or with the poses and exposures of a `variant` (1, 2, ...).
    """
    named = f"-variant{variant}" if variant else ""
    file = cache / f"features-{images.key}-{_weights_key(encoder)}{named}.npy"
    generator = torch.Generator().manual_seed(variant)
    if not file.is_file():
        shape = (len(images), images.views.shape[1], encoder.grid**2, encoder.features)
        cache.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(f".{os.getpid()}.part.npy")  # several runs may need the same features at once
        kept = np.lib.format.open_memmap(part, mode="w+", dtype=np.float16, shape=shape)
        encoder.eval()
        device = encoder.place_embedding.weight.device
        for start in tqdm(
            range(0, len(images), batch_size), desc="image features", unit="batch", disable=not progress
        ):
            rows = slice(start, start + batch_size)
            views = torch.from_numpy(images.views[rows]).to(device)
            films = to_pixels(images.squares[rows])
            films = vary(films, generator) if variant else films
            kept[rows] = encoder.feature_maps(films.to(device), views).half().cpu().numpy()
        kept.flush()
        part.replace(file)
    return np.load(file, mmap_mode="r")


def _weights_key(encoder: RadiographEncoder) -> str:
    digest = hashlib.sha256()
    for value in encoder.backbone.state_dict().values():
        digest.update(value.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]
