"""What compares with an earlier film and what only sounds like it, on made-up sentences."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rrg.data.comparisons import Comparison, comparisons, compile_rules
from rrg.types import RrgError

COMPARE = [
    "The nodule is unchanged.",
    "Stable mild cardiomegaly.",
    "No significant change in the effusion.",
    "No change.",
    "The opacity has not changed.",
    "Larger since the previous study.",
    "Since the last CT the mass has grown.",
    "Compared with the prior radiograph the heart is larger.",
    "In comparison to a film of last year, the drain is higher.",
    "Interval removal of the drain.",
    "In the interval a nodule has developed.",
    "Again seen is a calcified granuloma.",
    "Redemonstrated left scar.",
    "Re-demonstration of the old rib fracture.",
    "The left base remains opaque.",
    "Persistent small effusion.",
    "No new infiltrate.",
    "The edema has resolved.",
    "Improved aeration of both bases.",
    "Worsening edema.",
    "The left effusion has slightly increased.",
    "The drain is no longer seen.",
    "The tube has been removed.",
    "The previously described nodule is calcified.",
    "A nodule that was seen previously.",
    "Atelectasis, similar to prior.",
    "Not seen on prior exams.",
    "Increasing density at the right apex.",
    "No prior for comparison, but the scar appears stable.",
]
DO_NOT = [
    "",
    "No prior for comparison.",
    "No prior studies are available for comparison.",
    "There are no previous films for comparison.",
    "No comparison.",
    "No comparison studies available.",
    "Comparison: none.",
    "Without prior examinations for comparison.",
    "Prior films are not available.",
    "Comparison with prior films is recommended.",
    "Recommend comparison to prior imaging.",
    "If prior studies are available, they may help.",
    "Short interval follow-up is advised.",
    "Prior granulomatous disease.",
    "Clips from prior surgery.",
    "Previous sternotomy.",
    "Old healed rib fractures.",
    "Changes from bypass surgery.",
    "Degenerative changes of the spine.",
    "No acute degenerative changes.",
    "Increased interstitial markings.",
    "Decreased lung volumes.",
    "The remaining bones are intact. The remainder of the lungs is clear.",
    "Opacity at the right base compared to the left.",
    "Basilar opacities, left worse than right.",
    "The patient is clinically stable.",
    "The priority is the heart. Against the wall.",
]


@pytest.mark.parametrize("text", COMPARE)
def test_a_comparison_is_found(text):
    assert len(comparisons(text)) == 1


@pytest.mark.parametrize("text", DO_NOT)
def test_what_only_sounds_like_one_is_not(text):
    assert comparisons(text) == []


def test_each_sentence_counts_once_and_says_where():
    found = comparisons("Lungs clear. Stable scar, unchanged again. No effusion. Persistent edema.")
    assert found == [Comparison(1, "stable"), Comparison(3, "persistent")]


@settings(max_examples=200, deadline=None)
@given(
    st.text()
    | st.lists(st.sampled_from(["no", "prior", "study", "to", "since", "-", ".", "xxxx", "is"])).map(" ".join)
)
def test_any_text_is_answered(text):
    assert all(found.words for found in comparisons(text))


def test_a_sentence_of_a_hundred_thousand_words_is_read_to_its_end():
    found = comparisons("no prior study to compare the previous since " * 12_500 + "unchanged")
    assert len(found) == 1


@pytest.mark.parametrize(
    "text", ["", "groups: {}", "{groups: {}, comparisons: ['('], not_a_comparison: []}", "["]
)
def test_broken_rules_are_named(text):
    with pytest.raises(RrgError, match=r"comparisons\.yaml"):
        compile_rules(text)
