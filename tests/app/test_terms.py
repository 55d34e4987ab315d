"""What may be adapted where: a public page keeps to what is ours or generated."""

import pytest

from rrg.app.terms import Terms


@pytest.mark.parametrize("collection", ["iu-xray", "simulated", "simulators-of-others", ""])
def test_a_local_session_may_adapt_everything(collection):
    assert Terms().may_adapt(collection)


@pytest.mark.parametrize(
    ("collection", "may"),
    [("simulated", True), ("simulated-large", True), ("iu-xray", False), ("simulators-of-others", False)],
)
def test_a_public_page_adapts_only_our_own_language(collection, may):
    assert Terms(public=True).may_adapt(collection) is may


def test_generated_texts_may_always_be_adapted():
    assert Terms(public=True).may_adapt("iu-xray", generated=True)


@pytest.mark.parametrize(
    ("word", "public"), [(None, False), ("", False), ("0", False), (" 0 ", False), ("1", True), ("yes", True)]
)
def test_a_doubtful_word_is_public(word, public):
    environment = {} if word is None else {"RRG_PUBLIC": word}
    assert Terms.of(environment).public is public


@pytest.mark.parametrize(
    ("word", "public"), [(None, True), ("", True), ("1", True), ("no", True), ("0", False), (" 0 ", False)]
)
def test_a_space_is_public_unless_it_is_said_not_to_be(word, public):
    said = {} if word is None else {"RRG_PUBLIC": word}
    assert Terms.of({"SPACE_ID": "someone/reading-room"} | said).public is public
