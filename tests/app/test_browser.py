"""The whole page in a headless browser, over stand-ins for the models: what one person, or two, can do."""

import logging

import numpy as np
import pytest

from rrg.app.export_files import FORMATS
from tests.app.browsing import (
    WAIT,
    canvas,
    elsewhere,
    left_in,
    open_tab,
    part,
    tab_to,
    upload,
    wait_for_reports,
)
from tests.app.doubles import PAIR, SECRET, dicom, film

pytestmark = pytest.mark.browser


# A tab, and something that stands on it once it is drawn.
EVERY_TAB = {
    "Reports": "#reports .chip", "Nearest reports": "ol.neighbours li", "Hard negatives": "#negative svg",
    "Probe": "#probe-flips label", "Benchmark": "#right .board", "Blind reading": "#blind-draw",
}  # fmt: skip


def test_a_dicom_file_in_two_reports_out_and_nothing_left_behind(visit, tmp_path, uploads, served, capfd, caplog):
    caplog.set_level(logging.INFO)
    page = visit()
    upload(page, dicom(tmp_path / f"{SECRET}.dcm"))
    wait_for_reports(page)
    assert "DICOM, 12 bits, 80 × 96 px, frontal, inverted" in page.inner_text("#record")
    page.click("#record summary")
    assert "MONOCHROME1" in page.inner_text("#record")
    assert SECRET.lower() not in page.content().lower()
    assert "Small right pleural effusion." in page.inner_text("#right")
    above, below = (page.locator(part).bounding_box()["y"] for part in ("#findings table", "#reports .chips >> nth=0"))
    assert above < below
    shown = canvas(page)
    assert len(np.unique(shown[shown.shape[0] // 2, :, 0])) > 40
    assert "Film 1, frontal" in part(page, "shown").inner_text()
    assert elsewhere(page, served) == []
    assert left_in(uploads) == []
    assert page.faults == []
    assert SECRET.lower() not in "".join([*capfd.readouterr(), caplog.text]).lower()


def test_no_tab_card_or_export_asks_anything_of_another_host(visit, tmp_path, served):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    page.locator("#reports button.pick").first.click()
    page.wait_for_selector("#evidence .evidence")
    for tab, there in EVERY_TAB.items():
        open_tab(page, tab)
        page.locator(there).first.wait_for()
    page.get_by_role("link", name="Model cards").click()
    page.get_by_text("A made-up card").first.wait_for()
    for form in FORMATS:
        with page.expect_download():
            page.click(f"#export-{form}")
    assert len(page.asked) > 10
    assert elsewhere(page, served) == []


def test_text_of_a_report_never_runs(visit, tmp_path):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    text = page.inner_text("#right")
    assert "${(window.ran = 1)}" in text
    assert "<img src=x onerror='window.ran=1'>" in text
    assert "{{value}} stays" in text
    page.locator("#reports button.pick").first.click()
    page.wait_for_selector("#evidence .evidence")
    assert "${(window.ran = 1)}" in part(page, "sentence").text_content()
    for tab in ("Nearest reports", "Hard negatives", "Probe"):
        open_tab(page, tab)
    assert page.evaluate("window.ran") is None


def test_a_refusal_keeps_the_study_before_it_on_the_screen(visit, tmp_path):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    before = canvas(page)
    bad = tmp_path / "b.dcm"
    bad.write_bytes(b"no picture at all")
    upload(page, bad)
    page.wait_for_selector("#notice .refusal")
    assert "What was on the screen stays" in page.inner_text("#notice")
    assert "This is a text file." in page.inner_text("#notice")
    assert "Accepted are" in page.inner_text("#notice")
    assert (canvas(page) == before).all()
    assert page.locator(".chips .chip").count() > 0


def test_another_pair_of_models_leaves_the_window_of_the_film_alone(visit, tmp_path):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    part(page, "invert").click()
    before = canvas(page)
    page.get_by_label("First model").click()
    page.get_by_role("option", name="aligned").click()
    page.wait_for_function(
        "document.querySelector('#right').innerText.includes('The heart is mildly enlarged.')"
    )
    page.locator("#cancel").wait_for(state="hidden")
    assert (canvas(page) == before).all()


def with_a_study(visit, tmp_path):
    """A page on which a film was read, and nothing runs."""
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    page.locator("#cancel").wait_for(state="hidden")
    return page


def choose(page, i):
    """Ask for the evidence of a sentence of the second report; the question waits in the queue when this returns."""
    with page.expect_request("**/queue/join*"):
        page.locator('#reports button.pick[data-report="1"]').nth(i).click()


def test_a_reading_can_be_cancelled(visit, tmp_path, slow):
    page = visit()
    slow.clear()
    upload(page, film(tmp_path / "a.png"))
    page.wait_for_selector("#reports .draft")
    page.click("#cancel")
    page.wait_for_selector("#notice .note")
    assert "Stopped" in page.inner_text("#notice")
    slow.set()
    part(page, "empty").wait_for()
    page.locator("#reports .draft").first.wait_for(state="detached")
    assert "Stopped" in page.inner_text("#notice")
    assert not page.locator("#cancel").is_visible()
    assert not page.locator(".chips .chip").count()


def test_what_is_opened_while_a_stopped_reading_still_ends_is_what_stays(visit, tmp_path, slow, uploads):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    mine = canvas(page)
    slow.clear()
    upload(page, film(tmp_path / "b.png", 45))
    page.wait_for_selector("#reports .draft")
    page.click("#cancel")
    page.wait_for_selector("#notice .note")
    upload(page, film(tmp_path / "c.png", 90))
    page.get_by_text("queue: 1/1").wait_for()
    page.locator("#cancel").wait_for()
    slow.set()
    page.locator("#cancel").wait_for(state="hidden")
    wait_for_reports(page)
    assert "Stopped" not in page.inner_text("#notice")
    last = canvas(page)
    assert (last != mine).any()
    other = visit()
    upload(other, film(tmp_path / "d.png", 90))
    wait_for_reports(other)
    assert (canvas(other) == last).all()
    assert left_in(uploads) == []


def test_cancel_stops_all_that_waits_and_stands_until_the_last_has_ended(visit, tmp_path, slow):
    page = with_a_study(visit, tmp_path)
    slow.clear()
    for i in range(3):
        choose(page, i)
    page.get_by_text("queue: 2/2").wait_for()
    page.click("#cancel")
    page.wait_for_selector("#notice .note")
    choose(page, 3)
    slow.set()
    page.locator("#evidence q", has_text="Old rib fracture").wait_for()
    page.locator("#cancel").wait_for(state="hidden")
    assert len(page.locator("#evidence q").all()) == 1
    assert "Old rib fracture" in page.inner_text("#evidence q")


def test_what_is_chosen_during_a_reading_is_not_forgotten(visit, tmp_path, slow, uploads):
    page = visit()
    slow.clear()
    upload(page, film(tmp_path / "a.png"))
    page.wait_for_selector("#reports .draft")
    upload(page, film(tmp_path / "b.png", 90))
    page.get_by_text("queue: 1/1").wait_for()
    first = canvas(page)
    page.get_by_label("First model").click()
    with page.expect_request("**/queue/join*"):
        page.get_by_role("option", name="aligned").click()
    slow.set()
    page.wait_for_function(
        "document.querySelector('#right').innerText.includes('The heart is mildly enlarged.')"
    )
    page.locator("#cancel").wait_for(state="hidden")
    assert (canvas(page) != first).any()
    assert left_in(uploads) == []


def test_the_sentence_chosen_last_is_the_one_whose_evidence_is_shown(visit, tmp_path, slow):
    page = with_a_study(visit, tmp_path)
    slow.clear()
    for i in (0, 1):
        choose(page, i)
    page.get_by_text("queue: 1/1").wait_for()
    slow.set()
    page.locator("#evidence q", has_text="Small right pleural effusion").wait_for()
    page.locator("#cancel").wait_for(state="hidden")
    assert "Small right pleural effusion" in page.inner_text("#evidence q")


def test_a_button_that_is_pressed_twice_is_done_once(visit, tmp_path, slow, desk):
    page = visit()
    slow.clear()
    example = page.locator("#examples button:not([disabled])").first
    double = desk.library.get(PAIR[1])
    before = len(double.encodings)
    example.click()
    page.wait_for_selector("#reports .draft")
    with page.expect_response("**/run/predict"):
        example.click()
    slow.set()
    wait_for_reports(page)
    page.locator("#cancel").wait_for(state="hidden")
    assert len(double.encodings) == before + 1


def test_whoever_comes_second_sees_the_queue_and_may_leave_it(visit, tmp_path, slow, uploads):
    one, two = visit(), visit()
    slow.clear()
    upload(one, film(tmp_path / "one.png"))
    one.wait_for_selector("#reports .draft")
    upload(two, film(tmp_path / "two.png"))
    two.get_by_text("queue: 1/1").wait_for()
    two.click("#cancel")
    two.wait_for_selector("#notice .note")
    slow.set()
    wait_for_reports(one)
    one.locator("#cancel").wait_for(state="hidden")
    assert two.locator(".chips .chip").count() == 0
    assert part(two, "empty").is_visible()
    assert left_in(uploads) == []


def changes(page, before):
    """Whether the canvas comes to show anything else than `before`."""
    for _ in range(100):
        if (canvas(page) != before).any():
            return True
        page.wait_for_timeout(100)
    return False


def test_the_page_can_be_used_by_keyboard_alone(browser, served, visit):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(served)
    page.wait_for_selector("#accept")
    tab_to(page, "#accept")
    page.keyboard.press("Enter")
    tab_to(page, "#examples button:not([disabled])")
    page.keyboard.press("Enter")
    wait_for_reports(page)
    tab_to(page, '#viewer [data-part="stage"]')
    before = canvas(page)
    page.keyboard.press("i")
    assert changes(page, before)
    tab_to(page, '#reports button.pick[data-report="1"]')
    page.keyboard.press("Enter")
    page.wait_for_selector("#evidence .evidence")
    assert page.evaluate("document.activeElement.getAttribute('aria-pressed')") == "true"
    tab_to(page, '#tabs [role="tab"][aria-selected="true"]', "Shift+Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("ol.neighbours li")
    assert not [each for each in page.locator("[role=listbox]").all() if each.is_visible()]
    page.close()


def test_two_browsers_never_see_each_others_study(visit, tmp_path):
    one, two = visit(), visit()
    upload(one, film(tmp_path / "one.png"))
    wait_for_reports(one)
    mine = canvas(one)
    assert part(two, "empty").is_visible()
    assert two.locator(".chips .chip").count() == 0
    upload(two, film(tmp_path / "two.png", 90))
    wait_for_reports(two)
    assert (canvas(one) == mine).all()
    assert (canvas(two) != mine).any()
    one.reload()  # the gate was accepted in this session of the browser; what was open is gone
    one.locator("#desk").wait_for()
    assert not one.locator("#accept").is_visible()
    assert part(one, "empty").is_visible()
