"""A truth -> its report, as one of several radiologists would put it. Knows no image and no labeller.

Wording is in `language.yaml`, drawn from the truth's own seed, for each finding from a stream of its own: where one fact
changes, the sentences on the others stay. Every finding is told; grades, sizes and doubts sometimes; what is denied is never
there.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from rrg.simulation.grammar import draw, sentence
from rrg.simulation.negatives import normal, tell_negatives, tell_normals
from rrg.simulation.positives import impression, tell_facts
from rrg.simulation.truth import DEGENERATION, LOW_VOLUMES, ROTATED_DEG, SCOLIOSIS_DEG, Fact, Kind, Truth
from rrg.simulation.voice import Said, Voice
from rrg.types import Finding

INSTEAD = {"vessels": "lungs"}  # where a topic goes that a radiologist does not keep apart


@dataclass(frozen=True)
class Composed:
    """A report, and what it tells: `told` is known from the writing, no labeller was asked.

    `told` holds a finding for every class that a sentence names, with the side and the grade (the labeller's word for it)
    that it gives; `Finding.sentence` counts the sentences of `findings`. `mentions` has the sentence of each fact of the
    truth, in its order.
    """

    findings: str
    impression: str
    indication: str
    radiologist: str
    told: tuple[Finding, ...]
    mentions: tuple[int, ...]


def compose(truth: Truth, deny: Collection[Kind] = (), precise: Collection[Kind] = ()) -> Composed:
    """The report of a truth. Kinds in `deny` that are not there are denied in words, where there are words for it; of those
    in `precise` the grade and the size are told, each in a sentence of its own and without doubt.
    """
    voice = Voice(truth, deny, precise)
    said: dict[str, list[Said]] = {topic: [] for topic in voice.style["order"]}
    for topic, each in _everything(voice):
        topic = topic if topic in said else INSTEAD.get(topic, "")
        if topic in said:
            said[topic].append(each)
    if not any(said.values()):
        said["heart"].append(normal(voice, "heart", voice.rng("normal", "heart")))
    ordered = _ordered(voice, said)
    text = " ".join(voice.spelled(sentence(each.text)) for each in ordered)
    told = tuple(replace(finding, sentence=at) for at, each in enumerate(ordered) for finding in each.told)
    mentions = tuple(_place(ordered, fact) for fact in truth.facts)
    return Composed(text, impression(voice), _indication(voice), voice.taste, told, mentions)


def _place(said: Sequence[Said], fact: Fact) -> int:
    return next(at for at, each in enumerate(said) if any(fact is other for other in each.facts))


def _everything(voice: Voice) -> Iterator[tuple[str, Said]]:
    """(topic, sentence), what is there before what is not."""
    yield from _technique(voice)
    yield from tell_facts(voice)
    yield from _body(voice)
    yield from tell_normals(voice)
    yield from tell_negatives(voice)


def _ordered(voice: Voice, said: Mapping[str, Sequence[Said]]) -> list[Said]:
    topics = [topic for topic in said if said[topic]]
    if voice.style.get("positives_first"):
        topics.sort(key=lambda topic: not any(each.facts for each in said[topic]))
    if voice.style.get("headings"):
        return [each for topic in topics for each in _headed(voice, topic, said[topic])]
    return [each for topic in topics for each in said[topic]]


def _headed(voice: Voice, topic: str, said: Sequence[Said]) -> Iterator[Said]:
    heading = draw(voice.grammar["headings"][topic], voice.rng("heading", topic), voice.taste)
    for at, each in enumerate(said):
        yield each if at else replace(each, text=f"{heading}: {each.text[:1].upper()}{each.text[1:]}")


def _technique(voice: Voice) -> Iterator[tuple[str, Said]]:
    rng = voice.rng("technique")
    if rng.random() < voice.style["technique"]:
        templates = voice.grammar["technique"][str(voice.truth.position)]
        yield "technique", Said(voice.plain(draw(templates, rng, voice.taste), rng))


def _body(voice: Voice) -> Iterator[tuple[str, Said]]:
    """What is told of the body alone."""
    body = voice.truth.body
    there = {
        "low volumes": body["inspiration"] < LOW_VOLUMES,
        "scoliosis": abs(body["scoliosis_deg"]) >= SCOLIOSIS_DEG,
        "degeneration": body["degeneration"] >= DEGENERATION,
        "rotated": abs(body["rotation_deg"]) >= ROTATED_DEG,
    }
    for name in (name for name, is_there in there.items() if is_there):
        rng, entry = voice.rng("body", name), voice.grammar["bodies"][name]
        if rng.random() < 0.35 + voice.style["normals"] / 2:
            slots = {"convex": "right" if body["scoliosis_deg"] > 0 else "left"}
            template = draw(entry[voice.form(rng)], rng, voice.taste)
            yield entry["topic"], Said(voice.plain(template, rng, slots))


def _indication(voice: Voice) -> str:
    rng, known = voice.rng("indication"), voice.grammar["indications"]
    fitting = [word for fact in voice.truth.facts for word in known.get(str(fact.kind), ())]
    return sentence(str(draw(fitting if fitting and rng.random() < 0.6 else known["any"], rng)))
