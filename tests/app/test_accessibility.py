"""axe-core finds no serious fault on any tab, in either theme. It comes from npm (`make axe`) and is not shipped."""

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


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_no_tab_has_a_serious_fault(visit, tmp_path, script, theme):
    page = visit(f"/?__theme={theme}", viewport={"width": 1440, "height": 1000})
    assert faults(page, script) == []
    upload(page, film(tmp_path / "a.png"), film(tmp_path / "b.png", 40))
    wait_for_reports(page)
    page.locator('#reports button.pick[data-report="1"]').first.click()
    part(page, "heat").wait_for()
    page.click("#evidence summary")
    found = {"Reports": faults(page, script)}
    for tab in ("Nearest reports", "Hard negatives", "Probe", "Benchmark", "Blind reading"):
        open_tab(page, tab)
        if tab == "Probe":
            page.locator("#probe-flips label").first.click()
            page.wait_for_selector("#probe-result .bars")
        if tab == "Blind reading":
            page.click("#blind-here")
            page.wait_for_selector("#blind-choice")
        found[tab] = faults(page, script)
    assert {tab: told for tab, told in found.items() if told} == {}


def test_the_gate_has_no_serious_fault(browser, served, script):
    page = browser.new_page()
    page.set_default_timeout(WAIT)
    page.goto(served)
    page.wait_for_selector("#accept")
    assert faults(page, script) == []
    page.close()
