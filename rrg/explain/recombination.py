"""A point on the arc as a report that one can read: sentences of peer and positive, chosen to lie closest to it.

Knows embeddings and words, no network and no image file. Every selection is false by construction: it differs from the
positive in a fact that the labeller names. Sentences keep the order of their reports, what both reports say always
stays, and no two sentences are put together that contradict or repeat each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from itertools import islice

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rrg.data.counterfactual_wording import load_wording
from rrg.data.findings import NO_FINDING, differing_attributes, differing_facts, label_report
from rrg.data.reports import normalise, sentences
from rrg.types import Finding, Origin, Recombination, Status

MOST = 128  # texts that one search embeds: up to so many selections it tries them all, of more a beam finds these
WIDTH = 3  # selections that the beam goes on from, for each point
BATCH = 32  # texts embedded at a time, of similar length
_DIGITS = 6  # cosines that agree so far are ties: one text in two batches embeds to within some 1e-7

Embed = Callable[[Sequence[str]], Tensor]  # texts -> (B, E) float32, unit norm


def recombine(
    embed: Embed, targets: Tensor, image: Tensor, peer: str, positive: str
) -> tuple[Recombination, ...]:
    """For each of `targets` (L, E), on the unit sphere, the selection whose embedding is closest to it.

    `image` (1, E) is only measured against. Deterministic; of equally close selections the one nearest to the peer
    wins. Where no selection differs from the positive in a fact, all are the peer with `differences` empty.
    """
    parts = Parts.of(peer, positive)
    found = list(islice(parts.selections(), MOST + 1))
    if len(found) <= MOST:
        pool = _Pool(parts, embed)
        pool.add(mask for mask in found if parts.differences(mask))
    else:
        pool = _beam(parts, embed, targets)
    if not pool.masks:
        pool.add([parts.whole(Origin.PEER)])
    return pool.closest(targets, image)


@dataclass(frozen=True)
class Parts:
    """The sentences of both reports in one order. A selection is a bit mask, bit i for sentence i.

    `clash` holds for every sentence the mask of those of the other report that it may not stand beside.
    """

    sentences: tuple[str, ...]
    origins: tuple[Origin, ...]
    clash: tuple[int, ...]
    truth: tuple[Finding, ...]  # the findings of the positive

    @classmethod
    def of(cls, peer: str, positive: str) -> Parts:
        merged = _merge(sentences(peer), sentences(positive))
        told = [_facts(text) for text, _ in merged]
        clash = [
            sum(
                1 << j
                for j, (other, theirs) in enumerate(merged)
                if {origin, theirs} == {Origin.PEER, Origin.POSITIVE}
                and _clash(text, told[i], other, told[j])
            )
            for i, (text, origin) in enumerate(merged)
        ]
        return cls(
            tuple(text for text, _ in merged), tuple(origin for _, origin in merged), tuple(clash),
            tuple(label_report(positive)),
        )  # fmt: skip

    def whole(self, origin: Origin) -> int:
        """One of the two reports, all of it."""
        return sum(1 << i for i, each in enumerate(self.origins) if each in (origin, Origin.BOTH))

    def text(self, mask: int) -> str:
        chosen = self.chosen(mask)
        return " ".join([*map(_closed, chosen[:-1]), *chosen[-1:]])

    def chosen(self, mask: int) -> tuple[str, ...]:
        return tuple(text for i, text in enumerate(self.sentences) if mask >> i & 1)

    def differences(self, mask: int) -> tuple[str, ...]:
        """What is false in a selection, in words; empty where the labeller finds nothing."""
        told = label_report(self.text(mask))
        return tuple(differing_facts(told, self.truth, "in the negative", "in the positive"))

    def selections(self) -> Iterator[int]:
        """Every selection in which no two sentences clash, the empty one left out."""
        free = [i for i, origin in enumerate(self.origins) if origin is not Origin.BOTH]
        open_masks = [(0, sum(1 << i for i, origin in enumerate(self.origins) if origin is Origin.BOTH))]
        while open_masks:
            place, mask = open_masks.pop()
            if place == len(free):
                if mask:
                    yield mask
                continue
            open_masks.append((place + 1, mask))
            if not mask & self.clash[free[place]]:
                open_masks.append((place + 1, mask | 1 << free[place]))

    def neighbours(self, mask: int) -> Iterator[int]:
        """One sentence left out, or one put in the place of those that it clashes with."""
        for i, origin in enumerate(self.origins):
            changed = mask & ~(1 << i) if mask >> i & 1 else (mask | 1 << i) & ~self.clash[i]
            if changed and origin is not Origin.BOTH:
                yield changed


@dataclass
class _Pool:
    """Selections with their embeddings."""

    parts: Parts
    embed: Embed
    masks: list[int] = field(default_factory=list)
    rows: list[NDArray[np.float32]] = field(default_factory=list)

    def add(self, masks: Iterable[int]) -> None:
        """Embed further selections; texts of similar length go together, so that little is padded."""
        new = list(masks)
        texts = [self.parts.text(mask) for mask in new]
        order = sorted(range(len(new)), key=lambda i: (len(texts[i]), new[i]))
        for start in range(0, len(order), BATCH):
            some = order[start : start + BATCH]
            self.masks += [new[i] for i in some]
            self.rows += list(self.embed([texts[i] for i in some]).detach().float().cpu().numpy())

    def ranking(self, targets: Tensor) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """(M, L) places in the pool by falling cosine with each target, and those cosines, in pool order."""
        cosines = np.stack(self.rows).astype(np.float64) @ targets.double().numpy().T
        peer = self.parts.whole(Origin.PEER)
        tie = sorted(
            range(len(self.masks)), key=lambda i: ((self.masks[i] ^ peer).bit_count(), self.masks[i])
        )
        first = np.argsort(-np.round(cosines[tie], _DIGITS), axis=0, kind="stable")
        return np.asarray(tie, dtype=np.int64)[first], cosines

    def closest(self, targets: Tensor, image: Tensor) -> tuple[Recombination, ...]:
        ranking, cosines = self.ranking(targets)
        aligned = np.stack(self.rows) @ image[0].float().numpy()
        return tuple(
            self._result(int(place), float(cosines[place, target]), float(aligned[place]))
            for target, place in enumerate(ranking[0])
        )

    def _result(self, place: int, similarity: float, alignment: float) -> Recombination:
        mask, parts = self.masks[place], self.parts
        origins = tuple(origin for i, origin in enumerate(parts.origins) if mask >> i & 1)
        return Recombination(
            parts.text(mask), parts.chosen(mask), origins, similarity, alignment, parts.differences(mask)
        )


def _beam(parts: Parts, embed: Embed, targets: Tensor) -> _Pool:
    """From both reports towards all targets at once, one sentence at a time, until nothing new is near them."""
    pool, seen = _Pool(parts, embed), set[int]()
    positive = parts.whole(Origin.POSITIVE)
    front: Iterable[int] = [parts.whole(Origin.PEER), *parts.neighbours(positive)]
    while new := _unseen(parts, front, seen, MOST - len(pool.masks)):
        pool.add(new)
        best = pool.ranking(targets)[0][:WIDTH].ravel()  # the best of every target first
        front = (near for i in dict.fromkeys(best.tolist()) for near in parts.neighbours(pool.masks[i]))
    return pool


def _unseen(parts: Parts, masks: Iterable[int], seen: set[int], room: int) -> list[int]:
    """At most `room` false selections that were not looked at before."""
    new: list[int] = []
    for mask in masks:
        if len(new) >= room:
            break
        if mask not in seen:
            seen.add(mask)
            if parts.differences(mask):
                new.append(mask)
    return new


# --- Putting two reports into one order ---


def _merge(peer: Sequence[str], positive: Sequence[str]) -> list[tuple[str, Origin]]:
    """Both in their own order; between two sentences that both have, by how far along the gap each stands."""
    words = ([normalise(text) for text in peer], [normalise(text) for text in positive])
    merged: list[tuple[str, Origin]] = []
    a = b = 0
    for block in SequenceMatcher(None, *words, autojunk=False).get_matching_blocks():
        gaps = ((peer[a : block.a], Origin.PEER), (positive[b : block.b], Origin.POSITIVE))
        merged += _interleave(gaps)
        merged += [(text, Origin.BOTH) for text in positive[block.b : block.b + block.size]]
        a, b = block.a + block.size, block.b + block.size
    return merged


def _interleave(gaps: Sequence[tuple[Sequence[str], Origin]]) -> list[tuple[str, Origin]]:
    places = [
        ((i + 0.5) / len(texts), text, origin) for texts, origin in gaps for i, text in enumerate(texts)
    ]
    return [(text, origin) for _, text, origin in sorted(places, key=lambda place: place[0])]


def _closed(text: str) -> str:
    """A sentence that another one may follow."""
    return text if text[-1] in ".!?:;" else f"{text}."


# --- What may stand together ---


def _facts(text: str) -> tuple[Finding, ...]:
    return tuple(finding for finding in label_report(text) if finding.label != NO_FINDING)


def _clash(text: str, mine: Sequence[Finding], other: str, theirs: Sequence[Finding]) -> bool:
    """Whether two sentences contradict or repeat each other."""
    if normalise(text) == normalise(other) or (mine and set(map(_key, mine)) == set(map(_key, theirs))):
        return True
    against = any(_opposed(a, b) for a in mine for b in theirs if a.label == b.label)
    return against or _all_clear(text, theirs) or _all_clear(other, mine)


def _key(finding: Finding) -> tuple[object, ...]:
    return finding.label, finding.status, finding.side, finding.severity, finding.place


def _opposed(a: Finding, b: Finding) -> bool:
    if Status.ABSENT in (a.status, b.status):
        return a.status is not b.status and (None in (a.side, b.side) or a.side is b.side)
    differing = differing_attributes(a, b)
    return "severity" in differing and "side" not in differing


def _all_clear(text: str, findings: Sequence[Finding]) -> bool:
    """Whether a sentence says that all is clear where the other one names something present."""
    present = {finding.label for finding in findings if finding.status is Status.PRESENT}
    said = (each for each in load_wording().contradictions if present & set(each.labels))
    return any(each.phrases.search(text.lower()) for each in said)
