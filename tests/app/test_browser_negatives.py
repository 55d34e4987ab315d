"""Neighbours and hard negatives in a headless browser, over stand-ins for the models: what moving lambda moves."""

import pytest

from tests.app.browsing import upload, wait_for_reports
from tests.app.doubles import PEER, film

pytestmark = pytest.mark.browser
TAB = "Hard negatives"


@pytest.fixture
def page(visit, tmp_path):
    """A film read and the tab open."""
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    page.get_by_role("tab", name=TAB, exact=True).click()
    page.wait_for_selector("#negative svg")
    return page


def marker(page) -> list[str]:
    """Where the diamonds of all pictures stand."""
    return page.locator("#negative svg .marker").evaluate_all("all => all.map(m => m.getAttribute('points'))")


def move_to(page, hardness: str) -> None:
    page.fill("#hardness input[type=number]", hardness)
    page.keyboard.press("Tab")
    page.wait_for_function(
        "told => document.querySelector('#negative .section').innerText.includes(told)",
        arg=f"λ = {float(hardness):.2f}",
    )


def test_moving_lambda_moves_the_markers_the_sentence_and_the_text(page):
    move_to(page, "1")
    peer, told = marker(page), page.inner_text("#negative")
    assert len(peer) == 8
    assert "from the positive" not in told
    for sentence in ("The heart size is normal.", "Large left pleural effusion."):
        assert sentence in told
    move_to(page, "0.2")
    hard = marker(page)
    assert len(hard) == len(peer)
    assert [a != b for a, b in zip(peer, hard, strict=True)] == [True, False] * 4  # the key stays
    after = page.inner_text("#negative")
    assert "Old rib fracture. from the positive" in after
    assert "On the readable negative at λ = 0.20, the same text for both" in after
    assert page.faults == []


def test_the_arrow_keys_move_lambda(page):
    move_to(page, "0.5")
    before = marker(page)
    page.focus("#hardness input[type=range]")
    page.keyboard.press("ArrowLeft")
    page.wait_for_function(
        "old => document.querySelector('#negative svg .marker').getAttribute('points') !== old", arg=before[0]
    )
    assert marker(page)[0] != before[0]


def test_a_number_that_is_empty_for_a_moment_is_no_fault(page):
    page.fill("#hardness input[type=number]", "")
    move_to(page, "0.2")
    assert page.locator(".toast-body").count() == 0


def test_an_edited_positive_keeps_lambda_and_is_named(page):
    move_to(page, "0.2")
    page.get_by_role("button", name="Edit the positive").click()
    page.get_by_label("The text that stands for the truth, for both models").fill("Large right pneumothorax.")
    page.get_by_role("button", name="Recompute with this text").click()
    page.get_by_text("your own text, since there is no reference").wait_for()
    assert page.input_value("#hardness input[type=number]") == "0.2"
    assert "λ = 0.20" in page.inner_text("#negative .section >> nth=0")


def test_neighbours_stand_sentence_by_sentence_with_sign_and_word(page):
    page.get_by_role("tab", name="Nearest reports", exact=True).click()
    first = page.locator("ol.neighbours > li").first
    first.wait_for()
    told = first.inner_text()
    assert all(sentence in told for sentence in PEER.split(". ")[:1])
    for word in ("≠ contradicts", "matches"):
        assert word in page.inner_text("ol.neighbours >> nth=1") + told
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
