"""Simulated studies in a headless browser: a film of the strip, its truth beside heat maps, its twin, neighbours' films."""

from dataclasses import replace

import numpy as np
import pytest

from rrg.app.examples import Example
from rrg.app.terms import WITHHELD, Terms
from rrg.app.truth import NONE
from tests.app.browsing import WAIT, canvas, open_tab, part, serving, tab_to, wait_for_reports
from tests.app.doubles import PAIR, film
from tests.app.simulated import EXAMPLES, GALLERY, SIMULATED, simulated_room
from tests.app.test_accessibility import AXE, faults

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    return simulated_room(tmp_path_factory.mktemp("checkpoints"))


@pytest.fixture(scope="module")
def shown(desk):
    """An example that has a finding which its twin has not."""
    return next(e for e in desk.simulated if e.listed and e.twin.there == NONE)


@pytest.fixture
def opened(visit, desk, shown):
    """The page with that example read."""
    page = visit()
    assert page.locator("#simulated button.study").count() == EXAMPLES
    page.click(f'#simulated button[data-study="{shown.id}"]')
    wait_for_reports(page)
    page.wait_for_selector("#truth .truth")
    return page


def test_a_simulated_study_is_one_click_away_and_says_what_it_is(opened, shown):
    assert part(opened, "simulated").inner_text() == "SIMULATED"
    assert shown.twin.here in opened.inner_text("#truth")
    assert "It shows no patient" in opened.inner_text("#truth")
    assert opened.get_by_label("Collection").input_value() == "Simulated cohort"
    assert "simulated/hard-negative" in opened.inner_text("#loading")
    assert "composed from what is true" in opened.inner_text("#reports")


def test_the_twin_is_a_study_of_its_own_with_a_way_back(opened, shown):
    before = canvas(opened)
    opened.click("#twin")
    opened.wait_for_function("document.querySelector('#twin').textContent.includes('Back')")
    wait_for_reports(opened)
    assert f"with a finding more: {shown.twin.here}" in opened.inner_text("#truth")
    assert (canvas(opened) != before).any()
    opened.click("#twin")
    opened.wait_for_function("!document.querySelector('#twin').textContent.includes('Back')")
    wait_for_reports(opened)
    assert (canvas(opened) == before).all()


def test_the_true_mask_stands_beside_the_heat_maps_and_over_the_film(opened):
    plain = canvas(opened)
    tab_to(opened, '#viewer [data-part="stage"]')
    opened.keyboard.press("t")
    outlined = canvas(opened)
    assert (outlined != plain).any()
    assert part(opened, "outlines").get_attribute("aria-pressed") == "true"
    legend = part(opened, "legend").locator("button")
    assert legend.first.inner_text().startswith("1")
    legend.first.focus()
    opened.keyboard.press("Enter")
    assert legend.first.get_attribute("aria-pressed") == "false"
    part(opened, "outlines").click()
    assert (canvas(opened) == plain).all()
    opened.locator("#reports .card").nth(2).locator("button.pick").first.click()
    opened.wait_for_selector("#evidence .evidence")
    assert part(opened, "map").locator("option").all_inner_texts()[-1] == "Both, the truth and the film"
    assert part(opened, "names").locator("span").all_inner_texts() == [
        "baseline", "hard-negative", "The truth", "The film",
    ]  # fmt: skip
    four = canvas(opened)
    height, width = (side // 2 for side in four.shape[:2])
    assert (four[height : 2 * height, :width] != four[height : 2 * height, -width:]).any()
    part(opened, "map").select_option("none")
    assert (canvas(opened) == plain).all()


def test_neighbours_come_with_their_films_and_no_other_host_is_asked(opened, served):
    open_tab(opened, "Nearest reports")
    films = opened.locator("ol.neighbours img")
    assert films.count() == 2 * 2 * GALLERY
    drawn = films.evaluate_all(
        "(all) => Promise.all(all.map(async (i) => { i.loading = 'eager'; await i.decode(); return i.naturalWidth; }))"
    )
    assert min(drawn) > 100
    assert np.all(np.array(drawn) <= 144)
    assert "SIMULATED chest radiographs" in opened.inner_text("#right")
    elsewhere = [url for url in opened.asked if not url.startswith((served.rstrip("/"), "data:", "blob:"))]
    assert elsewhere == []
    assert opened.faults == []


def test_a_public_page_adapts_only_texts_that_are_ours(browser, desk, shown, tmp_path):
    """Of a licensed collection the plots and the models' own words; of the simulated one everything."""
    report = "Small right pleural effusion. No pneumothorax."
    licensed = Example(
        "L1", "A licensed study", "made up", (film(tmp_path / "a.png"),), (None,), reference=report
    )
    public = replace(desk, terms=Terms(public=True), studies=(licensed,))
    with serving(public, (*PAIR, *SIMULATED)) as url:
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        page.set_default_timeout(WAIT)
        page.goto(url)
        page.click("#accept")
        page.get_by_label("Or a study of the data folder").click()
        page.get_by_role("option", name="A licensed study").click()
        wait_for_reports(page)
        open_tab(page, "Hard negatives")
        page.wait_for_selector("#negative svg")
        assert WITHHELD in page.inner_text("#negative")
        assert "Closest for" not in page.inner_text("#negative")
        open_tab(page, "Probe")
        withheld = page.locator("#probe").get_by_text("shows no adapted text")
        withheld.wait_for()
        assert page.locator("#probe-flips label").count() == 0
        page.get_by_label("draft of hard-negative").click()
        page.locator("#probe-flips label").first.wait_for()
        page.click(f'#simulated button[data-study="{shown.id}"]')
        page.wait_for_selector("#truth .truth")
        open_tab(page, "Hard negatives")
        page.get_by_text("Closest for").first.wait_for()
        assert WITHHELD not in page.inner_text("#negative")
        open_tab(page, "Probe")
        page.get_by_label("reference", exact=True).click()
        withheld.wait_for(state="hidden")
        page.locator("#probe-flips label").first.wait_for()
        page.context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_axe_finds_no_serious_fault(visit, shown, theme):
    if not AXE.is_file():
        pytest.skip(f"there is no axe-core at {AXE}: make axe")
    page = visit(f"/?__theme={theme}", viewport={"width": 1440, "height": 1000})
    page.click(f'#simulated button[data-study="{shown.id}"]')
    wait_for_reports(page)
    part(page, "outlines").click()
    page.locator("#reports .card").nth(2).locator("button.pick").first.click()
    page.wait_for_selector("#evidence .pointing, #evidence .evidence")
    page.click("#truth summary")
    found = faults(page, AXE.read_text())
    open_tab(page, "Nearest reports")
    assert [*found, *faults(page, AXE.read_text())] == []


@pytest.fixture(scope="module")
def served(desk, uploads):
    """The address of the page over these doubles."""
    with serving(desk, SIMULATED) as url:
        yield url
