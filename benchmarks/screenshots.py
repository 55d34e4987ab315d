"""Pictures of the running reading room, light and dark, wide and narrow, into the git-ignored `screenshots/`.

Starts `app.py` on a free port, reads an example and photographs every tab with something done on it: a sentence chosen, a
fact flipped, a ballot open. 720 px is what a window of 1440 px holds at 200 %.
Needs the dev extra and a Chromium (`$CHROMIUM`, /usr/bin/chromium). Knows the page only as a browser does.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page
from serving import ROOT, chromium, served, wait_for_models, wait_for_reading

TABS = ("Reports", "Nearest reports", "Hard negatives", "Probe", "Benchmark", "Blind reading")
EXAMPLES = {
    "rg1": "A real PA film",
    "ct": "Two projections",
    "simulated": "",
}  # the last by its film in the strip
THEMES = ("light", "dark")


def choose_sentence(page: Page) -> None:
    page.locator("#right .chip button").last.click()
    page.wait_for_selector("#evidence .evidence")


def flip_a_fact(page: Page) -> None:
    page.locator("#probe-flips label").first.click()
    page.wait_for_selector("#probe-result .bars")


def open_a_ballot(page: Page) -> None:
    page.click("#blind-here")
    page.wait_for_selector("#blind-choice")


def wait_for_scores(page: Page) -> None:
    page.wait_for_selector("#right .board")


DONE: dict[str, Callable[[Page], None]] = {
    "Reports": choose_sentence,
    "Probe": flip_a_fact,
    "Benchmark": wait_for_scores,
    "Blind reading": open_a_ballot,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--widths", type=int, nargs="+", default=[1440, 800])
    parser.add_argument("--themes", nargs="+", default=list(THEMES), choices=THEMES)
    parser.add_argument("--examples", nargs="+", default=list(EXAMPLES), choices=list(EXAMPLES))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with served() as room, chromium() as browser:
        for theme in arguments.themes:
            for width in arguments.widths:
                page = browser.new_page(viewport={"width": width, "height": 1000}, reduced_motion="reduce")
                page.set_default_timeout(120_000)
                page.goto(f"{room.url}/?__theme={theme}")
                visit(page, arguments.out / f"{theme}-{width}", arguments.examples)
                page.close()


def visit(page: Page, stem: Path, examples: list[str]) -> None:
    """The gate, then every example with every tab."""
    page.wait_for_selector("#accept")
    shoot(page, stem, "0-gate")
    page.click("#accept")
    wait_for_models(page)
    for name in examples:
        page.get_by_role("tab", name=TABS[0], exact=True).click()
        button = page.get_by_role("button", name=EXAMPLES[name])
        if name == "simulated":
            button = page.locator('#simulated button.study[title*="effusion"]').first
            if not button.is_visible():  # folded once a narrow page shows a study
                page.locator("#simulated summary").first.click()
        if not (button.count() and button.is_enabled()):
            print(f"{name} is not installed here", file=sys.stderr)
            continue
        button.click()
        wait_for_reading(page)
        for number, tab in enumerate(TABS, 1):
            page.get_by_role("tab", name=tab, exact=True).click()
            if tab in DONE:
                DONE[tab](page)
            page.wait_for_timeout(600)
            shoot(page, stem, f"{name}-{number}-{tab.split()[0].lower()}")


def shoot(page: Page, stem: Path, name: str) -> None:
    file = stem.with_name(f"{stem.name}-{name}.png")
    page.evaluate("scrollTo(0, 0)")  # the film stays beside what is read: from further down it would stand there
    page.wait_for_timeout(300)  # and comes back to the top a moment later
    page.screenshot(path=str(file), full_page=True)
    print(file)


if __name__ == "__main__":
    main()
