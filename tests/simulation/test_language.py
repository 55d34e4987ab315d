"""Reports of simulated truths: nothing left out, nothing contradicted, and the labeller reads them."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from rrg.data.findings import NO_FINDING, label_report, statuses
from rrg.data.reports import sentences
from rrg.simulation.facts import sample_fact
from rrg.simulation.grammar import Expansion, tidy
from rrg.simulation.language import compose
from rrg.simulation.negatives import may_not_deny
from rrg.simulation.sampling import sample_truth
from rrg.simulation.truth import Body, Fact, Kind, Severity, Truth
from rrg.simulation.voice import load_grammar
from rrg.types import RrgError, Side, Status

STUDIES = [(truth, compose(truth)) for truth in map(sample_truth, range(500))]
THERE = {Status.PRESENT, Status.UNCERTAIN}
GRADE_WORDS = {
    Severity.MILD: {"mild", "small", "minimal"},
    Severity.MODERATE: {"moderate"},
    Severity.SEVERE: {"severe", "large"},
}

ALONE = {
    "Cardiomegaly": Kind.CARDIOMEGALY, "Pleural Effusion": Kind.EFFUSION, "Pneumothorax": Kind.PNEUMOTHORAX,
    "Consolidation": Kind.CONSOLIDATION, "Edema": Kind.OEDEMA,
}  # fmt: skip


def facts(findings):
    """(label, side, severity) of what is there; a vaguer mention goes where a fuller one exists, as the labeller has it."""
    said = {(f.label, f.side, f.severity) for f in findings if f.status in THERE and f.label != NO_FINDING}
    return {a for a in said if not any(a != b and vaguer(a, b) for b in said)}


def named(findings):
    return {(f.label, f.status) for f in findings if f.label != NO_FINDING}


def vaguer(a, b):
    return a[0] == b[0] and all(x is None or x == y for x, y in zip(a[1:], b[1:], strict=True))


def f1(pairs):
    both = sum(len(a & b) for a, b in pairs)
    return 2 * both / sum(len(a) + len(b) for a, b in pairs)


def test_the_labeller_reads_what_was_told():
    read = [(composed.told, label_report(composed.findings)) for _, composed in STUDIES]
    assert f1([(facts(told), facts(found)) for told, found in read]) >= 0.98
    status = [(named(told), named(found)) for told, found in read]
    assert f1(status) >= 0.98


def test_every_finding_is_told_with_its_side_and_no_other_grade():
    for truth, composed in STUDIES:
        for fact in truth.facts:
            entry = load_grammar()["findings"][str(fact.kind)]
            labels = {entry.get("label"), *entry.get("also", ())} - {None}
            own = [
                f
                for f in composed.told
                if f.label in labels and f.side is fact.side and f.place == fact.place
            ]
            assert own or not labels, (fact, composed.findings)
            if fact.severity:
                assert {f.severity for f in own if f.label == entry.get("label")} <= {
                    None,
                    *GRADE_WORDS[fact.severity],
                } or (
                    len([other for other in truth.facts if other.kind is fact.kind]) > 1
                    or {Kind.LINEAR_ATELECTASIS, Kind.LOBAR_ATELECTASIS}
                    <= {other.kind for other in truth.facts}
                )


def test_report_and_truth_never_contradict():
    for truth, composed in STUDIES:
        text = f"{composed.findings} {composed.impression}"
        found = statuses(label_report(text))
        denied = {label for label, status in found.items() if status is Status.ABSENT}
        rest = {"Lung Opacity"} if "therwise" in text else set()  # "the lungs are otherwise clear"
        assert not denied & (may_not_deny(truth) - rest), text
        claimed = {label for label, status in found.items() if status in THERE} - {"No Finding"}
        assert claimed <= may_not_deny(truth), text


def test_sides_and_grades_that_are_read_are_those_of_the_truth():
    """Of the classes that one kind alone may be told as; what another kind may share is left to the statuses."""
    for truth, composed in STUDIES:
        for found in label_report(composed.findings) + label_report(composed.impression):
            kind = ALONE.get(found.label)
            own = [fact for fact in truth.facts if fact.kind is kind]
            if kind is None or found.status not in THERE:
                continue
            sides = {fact.side for fact in own}
            if len(sides) == 2:
                sides.add(Side.BILATERAL)
            assert found.side is None or found.side in sides, (found, composed)
            words = {word for fact in own for word in GRADE_WORDS[fact.severity]}
            assert found.severity is None or found.severity in words, (found, composed)


def test_a_normal_study_is_read_as_no_finding():
    for truth, composed in STUDIES:
        labels = {load_grammar()["findings"][str(fact.kind)].get("label") for fact in truth.facts}
        has_class = bool(labels - {None, "Support Devices"})
        assert ("No Finding" in statuses(label_report(composed.findings))) != has_class


def test_the_same_truth_has_the_same_report_and_others_have_others():
    truth, composed = STUDIES[3]
    assert compose(truth) == composed
    assert len({composed.findings for _, composed in STUDIES}) > 490


def test_radiologists_have_wordings_of_their_own():
    used = defaultdict(Counter)
    for _, composed in STUDIES:
        used[composed.radiologist].update(part.rstrip(".").lower() for part in sentences(composed.findings))
    assert len(used) == len(load_grammar()["radiologists"])
    favourite = {name: counts.most_common(1)[0][0] for name, counts in used.items()}
    assert len(set(favourite.values())) >= 4


def test_sentences_are_whole():
    for _, composed in STUDIES:
        for part in sentences(f"{composed.findings} {composed.impression} {composed.indication}"):
            assert part[0].isupper() or part[0].isdigit(), part
            assert part.endswith("."), part
            assert not set("{}[]|~_") & set(part), part
            assert "  " not in part
            assert " ," not in part


def test_where_one_fact_changes_the_sentences_on_the_others_stay():
    truth, composed = next(
        (t, c) for t, c in STUDIES if len(t.facts) == 3 and t.facts[0].kind is Kind.CARDIOMEGALY
    )
    without = Truth(truth.seed, truth.body, truth.facts[1:], truth.position)
    kept = set(sentences(composed.findings)) & set(sentences(compose(without).findings))
    assert len(kept) >= 2


@pytest.mark.parametrize(
    "kind",
    [Kind.EFFUSION, Kind.PNEUMOTHORAX, Kind.CONSOLIDATION, Kind.OEDEMA, Kind.NODULE, Kind.CARDIOMEGALY],
)
def test_what_is_to_be_denied_is_denied(kind):
    label = load_grammar()["findings"][str(kind)]["label"]
    for seed in range(40):
        truth = Truth(seed, Body(), ())
        assert statuses(label_report(compose(truth, deny={kind}).findings))[label] is Status.ABSENT


def test_what_is_there_is_not_denied_though_asked():
    fact = sample_fact(Kind.EFFUSION, np.random.default_rng(1), side=Side.LEFT, severity=Severity.SEVERE)
    for seed in range(40):
        report = compose(Truth(seed, Body(), (fact,)), deny={Kind.EFFUSION})
        assert statuses(label_report(report.findings))["Pleural Effusion"] in THERE


def test_sizes_are_those_of_the_truth():
    where = {"x": 0.5, "y": 0.5, "z": 0.5, "density": 1.0, "irregularity": 0.0}
    mass = Fact(Kind.MASS, Side.RIGHT, place="upper lobe", size_mm=43.0, calcified=False, parameters=where)
    texts = [compose(Truth(seed, Body(), (mass,))).findings for seed in range(60)]
    sized = [text for text in texts if any(unit in text for unit in (" cm", " mm", "millimeters"))]
    assert len(sized) > 30
    assert all("4.3 cm" in text or "43 m" in text for text in sized)


def test_every_template_of_every_kind_can_be_said():
    grammar = load_grammar()
    words = set(grammar["words"])
    slots = {
        "hedge",
        "severity",
        "severely",
        "measure",
        "side",
        "place",
        "mm",
        "cm",
        "percent",
        "wires",
        "severity2",
        "side2",
    }
    for kind in Kind:
        for template in _templates(grammar["findings"][str(kind)]):
            named = {part.split("}")[0] for part in template.split("{")[1:]}
            assert named <= words | slots, template


def _templates(entry):
    for value in entry.values() if isinstance(entry, dict) else entry:
        if isinstance(value, dict) and "text" in value:
            yield value["text"]
        elif isinstance(value, (dict, list)):
            yield from _templates(value)
        elif isinstance(value, str) and isinstance(entry, list):
            yield value


@pytest.mark.parametrize(
    ("text", "tidied"),
    [
        ("a~ apical  line", "an apical line"),
        ("a~ small one", "a small one"),
        ("a~ 8 mm", "an 8 mm"),
        ("a~ 18 mm", "an 18 mm"),
        ("a~ 12 mm", "a 12 mm"),
        ("a~ RUL", "an RUL"),
        ("there , is", "there, is"),
    ],
)
def test_articles_and_spaces(text, tidied):
    assert tidy(text) == tidied


def test_an_unknown_slot_and_a_word_that_names_itself_are_refused():
    rng = np.random.default_rng(0)
    with pytest.raises(RrgError, match="nothing"):
        Expansion({}, {}, (), rng)("there is {nothing}")
    with pytest.raises(RrgError, match="itself"):
        Expansion({"round": ["{round}"]}, {}, (), rng)("{round}")
