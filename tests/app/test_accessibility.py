"""axe-core finds no serious fault on any tab, in either theme, wide or in one column. It comes from npm (`make axe`)."""

import os
from pathlib import Path

import pytest

from tests.app.browsing import WAIT, open_tab, part, upload, wait_for_reports
from tests.app.doubles import film

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
AXE = Path(os.environ.get("AXE") or ROOT / "node_modules" / "axe-core" / "axe.min.js")
GRAVE = ("serious", "critical")
RUN = """async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((fault) =>
  [fault.impact, `${fault.id}: ` + fault.nodes.map((node) => `${node.target} ${node.failureSummary}`).join("; ")])"""


@pytest.fixture(scope="module", autouse=True)
def script():
    if not AXE.is_file():
        pytest.skip(f"there is no axe-core at {AXE}: make axe")
    return AXE.read_text()


def faults(page, script) -> list[str]:
    """What axe calls serious or critical on the page as it stands."""
    page.wait_for_timeout(300)  # fades are over, so that contrast is that of the page at rest
    if not page.evaluate("'axe' in window"):
        page.evaluate(script)
    return [told for impact, told in page.evaluate(RUN) if impact in GRAVE]


def weigh_a_flip(page):
    page.locator("#probe-flips label").first.click()
    page.wait_for_selector("#probe-result .bars")


def survey_the_flips(page):
    page.click("#probe-all")
    page.wait_for_selector("#probe-result .survey")


def unfold_the_board(page):
    page.wait_for_selector("#right .board")
    page.locator("#right .board details").evaluate_all("all => all.forEach((each) => { each.open = true; })")


def open_a_ballot(page):
    page.click("#blind-here")
    page.wait_for_selector("#blind-choice")


def vote_and_count(page):
    page.get_by_label("left", exact=True).check()
    page.get_by_label("fairly sure").check()
    page.click("#blind-cast")
    page.wait_for_selector("#blind-ballot [role=status]")
    page.click("#blind-count")
    page.get_by_text("Who was preferred").wait_for()


def nothing(page):
    """The tab as it stands."""


STATES = (
    ("Nearest reports", nothing), ("Hard negatives", nothing), ("Probe", weigh_a_flip), ("Probe", survey_the_flips),
    ("Benchmark", unfold_the_board), ("Blind reading", open_a_ballot), ("Blind reading", vote_and_count),
)  # fmt: skip


@pytest.mark.parametrize(("theme", "width"), [("light", 1440), ("dark", 1440), ("light", 800)])
def test_no_tab_has_a_serious_fault(visit, tmp_path, script, theme, width):
    page = visit(f"/?__theme={theme}", viewport={"width": width, "height": 1000})
    assert faults(page, script) == []
    upload(page, film(tmp_path / "a.png"), film(tmp_path / "b.png", 40))
    wait_for_reports(page)
    page.locator('#reports button.pick[data-report="1"]').first.click()
    part(page, "heat").wait_for()
    page.click("#evidence summary")
    found = {"Reports": faults(page, script)}
    for tab, state in STATES:
        open_tab(page, tab)
        state(page)
        found[f"{tab}: {state.__name__}"] = faults(page, script)
    bad = tmp_path / "b.dcm"
    bad.write_bytes(b"no picture at all")
    upload(page, bad)
    page.wait_for_selector("#notice .refusal")
    found["a refusal"] = faults(page, script)
    assert {state: told for state, told in found.items() if told} == {}


def test_every_box_that_scrolls_sideways_can_be_reached_by_keyboard(visit, tmp_path):
    page = visit(viewport={"width": 800, "height": 1000})
    upload(page, film(tmp_path / "a.png"))
    wait_for_reports(page)
    boxes = page.locator("#right .scroll:visible")
    seen = 0
    for tab, state in (("Reports", nothing), *STATES):
        open_tab(page, tab)
        state(page)
        seen += boxes.count()
        assert boxes.count() == page.locator('#right .scroll[tabindex="0"][role="region"][aria-label]:visible').count()
    assert seen >= 7


def test_the_gate_has_no_serious_fault(browser, served, script):
    page = browser.new_page()
    page.set_default_timeout(WAIT)
    page.goto(served)
    page.wait_for_selector("#accept")
    assert faults(page, script) == []
    page.close()
