"""The whole page in a headless browser, over stand-ins for the models: what one person, or two, can do."""

import threading

import numpy as np
import pytest

from rrg.app.view import launch
from tests.app.browsing import WAIT, canvas, chromium, part
from tests.app.doubles import PAIR, TEXTS, Double, film, room
from tests.app.test_view import free_port

pytestmark = pytest.mark.browser
HOSTILE = (
    "No ${(window.ran = 1)} effusion. <img src=x onerror='window.ran=1'> {{value}} stays. `Heart` is normal."
)


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def uploads(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = tmp_path_factory.mktemp("uploads")
        patch.setenv("GRADIO_TEMP_DIR", str(folder))
        yield folder


@pytest.fixture(scope="module")
def slow():
    """Drafting goes on only while this is set."""
    going = threading.Event()
    going.set()
    return going


class Halting(Double):
    """Writes word by word and stops where it is told to wait."""

    def draft(self, encoded):
        for text in super().draft(encoded):
            assert self.going.wait(60)
            yield text


@pytest.fixture(scope="module")
def served(tmp_path_factory, uploads, slow):
    desk, made = room(tmp_path_factory.mktemp("checkpoints"))
    made["baseline"].text = HOSTILE
    made["hard-negative"] = Halting("hard-negative", TEXTS["hard-negative"])
    made["hard-negative"].going = slow
    page, url = launch(desk, block=False, port=free_port())
    for key in PAIR:
        desk.library.get(key)
    yield url
    page.demo.close(verbose=False)


@pytest.fixture
def visit(browser, served):
    """Opens the page in a browser of its own, the gate accepted; collects faults and addresses asked for."""
    contexts = []

    def entered():
        contexts.append(browser.new_context(viewport={"width": 1200, "height": 900}))
        page = contexts[-1].new_page()
        page.set_default_timeout(WAIT)
        page.faults, page.asked = [], set()
        page.on("pageerror", lambda error: page.faults.append(str(error)))
        page.on("request", lambda request: page.asked.add(request.url))
        page.goto(served)
        page.click("#accept")
        page.wait_for_selector("#upload input[type=file]", state="attached")
        return page

    yield entered
    for context in contexts:
        context.close()


def upload(page, *files):
    page.set_input_files("#upload input[type=file]", [str(file) for file in files])


def wait_for_reports(page):
    page.wait_for_selector(".chips .chip")
    page.wait_for_selector("#record dl")


def test_a_film_in_two_reports_out_and_nothing_left_behind(visit, tmp_path, uploads, served):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    assert "Small right pleural effusion." in page.inner_text("#right")
    shown = canvas(page)
    assert len(np.unique(shown[shown.shape[0] // 2, :, 0])) > 40
    assert "Film 1, frontal" in part(page, "shown").inner_text()
    elsewhere = [url for url in page.asked if not url.startswith((served.rstrip("/"), "data:", "blob:"))]
    assert elsewhere == []
    assert [file for file in uploads.rglob("*") if file.is_file() and file.stat().st_size] == []
    assert page.faults == []


def test_text_of_a_report_never_runs(visit, tmp_path):
    page = visit()
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    text = page.inner_text("#right")
    assert "${(window.ran = 1)}" in text
    assert "<img src=x onerror='window.ran=1'>" in text
    assert "{{value}} stays" in text
    for tab in ("Nearest reports", "Hard negatives"):
        page.get_by_role("tab", name=tab, exact=True).click()
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
    assert "DICOM" in page.inner_text("#notice")
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
    page.wait_for_selector("#record dl")
    assert (canvas(page) == before).all()


def test_a_reading_can_be_cancelled(visit, tmp_path, slow):
    page = visit()
    slow.clear()
    upload(page, film(tmp_path / "a.png"))
    page.click("#cancel")
    page.wait_for_selector("#notice .note")
    slow.set()
    assert "Stopped" in page.inner_text("#notice")
    assert part(page, "empty").is_visible()
    assert not page.locator("#cancel").is_visible()
    upload(page, film(tmp_path / "b.png"))
    wait_for_reports(page)


def test_the_page_can_be_used_by_keyboard_alone(browser, served, visit):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    page.set_default_timeout(WAIT)
    page.goto(served)
    page.wait_for_selector("#accept")

    def tab_to(selector):
        for _ in range(60):
            page.keyboard.press("Tab")
            if page.evaluate("(s) => !!document.activeElement?.closest(s)", selector):
                return
        raise AssertionError(f"{selector} cannot be reached by the Tab key")

    tab_to("#accept")
    page.keyboard.press("Enter")
    tab_to("#examples button:not([disabled])")
    page.keyboard.press("Enter")
    wait_for_reports(page)
    tab_to('#viewer [data-part="stage"]')
    before = canvas(page)
    page.keyboard.press("i")
    assert (canvas(page) != before).any()
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
