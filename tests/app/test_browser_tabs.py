"""What a reader does on the tabs, in a headless browser over stand-ins for the models."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from tests.app.browsing import canvas, open_tab, part, upload, wait_for_reports
from tests.app.doubles import TEXTS, film

pytestmark = pytest.mark.browser


@pytest.fixture
def page(visit, tmp_path):
    """A film read."""
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    return page


def sentence(page, report: int, number: int):
    return page.locator(f'#reports button.pick[data-report="{report}"][data-sentence="{number}"]')


def downloaded(page, selector: str) -> Path:
    with page.expect_download() as caught:
        page.click(selector)
    return Path(caught.value.path())


# -- reports


def test_a_chosen_sentence_lays_both_models_heat_maps_on_the_film(page):
    bare = canvas(page)
    chosen = sentence(page, 1, 1)
    chosen.click()
    page.wait_for_selector("#evidence .evidence")
    assert part(page, "heat").is_visible()
    assert part(page, "sentence").text_content() == "Small right pleural effusion."
    assert part(page, "names").locator("span").all_inner_texts() == ["baseline", "hard-negative"]
    assert float(part(page, "end").text_content()) == pytest.approx(0.8)  # the larger of both models' maps
    shown = canvas(page)
    warmth = (shown[..., 0] - shown[..., 2])[shown.shape[0] // 2]
    panes = np.array_split(warmth, 2)
    weak, strong = (pane.max() for pane in panes)
    assert strong > 1.4 * weak > 0  # one scale: a map a quarter as strong stays pale
    assert chosen.get_attribute("aria-pressed") == "true"
    told = page.inner_text("#evidence")
    assert "weak evidence" in told
    assert "Do not read the map" in told
    assert page.faults == []
    chosen.click()
    part(page, "heat").wait_for(state="hidden")
    assert (canvas(page) == bare).all()
    assert "Choose a sentence" in page.inner_text("#evidence")


def test_another_sentence_takes_the_place_of_the_one_before(page):
    sentence(page, 1, 1).click()
    page.wait_for_selector("#evidence .evidence")
    sentence(page, 1, 3).click()
    page.wait_for_function("document.querySelector('#evidence q').textContent === 'Old rib fracture.'")
    assert part(page, "sentence").text_content() == "Old rib fracture."
    assert page.locator('#reports [aria-pressed="true"]').count() == 1
    page.click("#evidence summary")
    assert "75 %" in page.inner_text("#evidence .words")


def test_in_one_column_the_film_comes_into_sight_with_its_heat_map(visit, tmp_path):
    page = visit(viewport={"width": 800, "height": 700}, reduced_motion="reduce")
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    last = sentence(page, 1, 3)
    last.scroll_into_view_if_needed()
    last.click()
    page.wait_for_selector("#evidence .evidence")
    top = part(page, "stage").bounding_box()["y"]
    assert 0 <= top < 350
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


# -- the probe


def test_a_flipped_fact_is_weighed_by_both_models(page):
    open_tab(page, "Probe")
    page.get_by_label("draft of hard-negative").click()
    page.get_by_text("Pleural Effusion: right → left").click()
    page.wait_for_selector("#probe-result .bars")
    told = page.inner_text("#probe-result")
    assert "right" in page.inner_text("#probe-result .edit del")
    assert "left" in page.inner_text("#probe-result .edit ins")
    assert told.count("Alignment with the film") == told.count("Likelihood given the film") == 2
    assert page.locator("#probe-result .bars").count() == 4  # two measures of two models
    assert "Small left pleural effusion." in page.input_value("#probe-edited textarea")
    assert page.faults == []


def test_a_text_of_the_readers_own_is_weighed_too(page):
    open_tab(page, "Probe")
    page.fill("#probe-edited textarea", "Large left pneumothorax.")
    page.click("#probe-compare")
    page.wait_for_selector("#probe-result .bars")
    assert "Pneumothorax" in page.inner_text("#probe-result")


# -- blind reading and export


def test_a_blind_vote_is_cast_and_exported(visit):
    page = visit()
    page.wait_for_function("document.querySelectorAll('#export button:disabled').length === 3")
    assert "Nothing has been read yet" in page.inner_text("#export-why")
    open_tab(page, "Blind reading")
    page.click("#blind-draw")
    page.wait_for_selector("#blind-choice")
    assert not part(page, "empty").is_visible()
    assert "Film 1, frontal" in part(page, "shown").inner_text()
    ballot = page.inner_text("#blind-ballot")
    assert "Small right pleural effusion." in ballot
    assert not [name for name in TEXTS if name in page.inner_text("#right")]
    page.get_by_label("left", exact=True).check()
    page.get_by_label("fairly sure").check()
    page.click("#blind-cast")
    page.wait_for_selector("#blind-ballot [role=status]")
    page.click("#blind-save")
    (row,) = csv.DictReader(io.StringIO(downloaded(page, "#blind-told a").read_text()))
    assert (row["choice"], row["confidence"], row["blind"]) == ("left", "fairly sure", "yes")
    assert {row["left"].split("@")[0], row["right"].split("@")[0]} == {"made/baseline", "made/hard-negative"}
    assert row["preferred"] == row["left"]
    page.click("#blind-count")
    page.get_by_text("Who was preferred").wait_for()
    assert page.faults == []


def test_a_reading_is_saved_by_one_press(page):
    content = {form: downloaded(page, f"#export-{form}").read_bytes() for form in ("json", "txt", "pdf")}
    assert json.loads(content["json"])["models"][1]["report"] == TEXTS["hard-negative"]
    assert "not for clinical use" in content["txt"].decode()
    assert content["pdf"].startswith(b"%PDF")
    assert page.inner_text("#export-why").strip() == ""


# -- the frame


@pytest.mark.parametrize("width", [800, 1024, 1201, 1440])
def test_no_tab_is_hidden_behind_a_menu(visit, width):
    page = visit(viewport={"width": width, "height": 800})
    assert page.locator('#tabs [role="tab"]:visible').count() == 6


def test_the_link_in_the_head_opens_the_model_cards(page):
    page.get_by_role("link", name="Model cards").click()
    page.get_by_text("A made-up card").first.wait_for()
    assert page.locator("#cards").bounding_box()["y"] < 900
