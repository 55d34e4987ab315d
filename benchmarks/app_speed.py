"""How long a reader waits for the reading room: seconds as seen in a browser, beside the goals of the project.

Starts `app.py` afresh for each start, then uploads one film over and over in a warm room, and has heat maps drawn for its
sentences. Times run from the reader's act to the frame in which a Chromium shows the answer. Prints a table on standard
error and one JSON line on standard output, with the load of the machine: a busy one measures its other work. Knows nothing
of models; what they cost alone says `reading_speed.py`.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Mapping, Sequence
from time import perf_counter
from typing import Any

from playwright.sync_api import Browser, Page
from serving import chromium, enter, served, wait_for_models

from rrg.app.examples import CT, RG1, known_examples, pydicom_file

GOALS = {"usable page": 5.0, "first sentence": 1.0, "everything": 3.0, "heat map": 1.5}  # seconds
# Looks once per frame, so that what is timed has been drawn; `found` holds seconds since the reader's act.
WATCH = """(wanted) => {
  const found = {}, text = (selector) => [...document.querySelectorAll(selector)].map((e) => e.textContent).join(" ");
  const has = (selector) => document.querySelector(selector) !== null;
  let begun = false;
  const reached = {
    "first sentence": () => begun && (/\\S[.!?]/.test(text("#right .draft")) || has("#right .chip")),
    "both reports": () => begun && has("#right .chip") && !has("#right .draft"),
    "finished": () => begun && !has("#notice .busy") && has("#record dl") && has("#right .chip"),
    "heat map": () => !document.querySelector('#viewer [data-part="heat"]').hidden,
  };
  window.timed = found;
  const look = () => {
    begun = begun || has("#right .draft");
    const open = wanted.filter((name) => !(name in found));
    for (const name of open) if (reached[name]()) found[name] = (performance.now() - window.acted) / 1000;
    if (open.length) requestAnimationFrame(look);
  };
  const go = () => { window.acted = performance.now(); requestAnimationFrame(look); };
  document.addEventListener(wanted.includes("heat map") ? "click" : "change", go, { capture: true, once: true });
}"""
DONE = "(wanted) => wanted.every((name) => name in window.timed) && window.timed"
# A tab, and what there is to see on it.
SHOWN = {"Nearest reports": "ol.neighbours li", "Hard negatives": "#negative svg"}


def main() -> None:
    chosen = arguments()
    films = example(chosen.example)
    with chromium() as browser:
        starts = [start(browser) for _ in range(chosen.starts)]
        readings, maps = read(browser, films, chosen.repeats)
    measured = {**together(starts), **together(readings), **together(maps)}
    result = {
        "cores": os.cpu_count(),
        "load": [round(load, 1) for load in os.getloadavg()],
        "starts": chosen.starts,
        "repeats": chosen.repeats,
        "example": chosen.example,
        "seconds": measured,
        "goals": {name: {"seconds": goal, "met": met(measured, name)} for name, goal in GOALS.items()},
    }
    print(table(measured), file=sys.stderr)
    print(json.dumps(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=3, help="how often app.py is started")
    parser.add_argument("--repeats", type=int, default=7, help="uploads to the warm room")
    parser.add_argument("--example", choices=[RG1, CT], default=RG1)
    return parser.parse_args()


def example(name: str) -> list[str]:
    """Files to upload. SystemExit where they are not installed."""
    found = next(each for each in known_examples(pydicom_file) if each.id == name)
    if not found.files:
        raise SystemExit(f"{found.title} is not installed here: {found.missing}")
    return [str(file) for file in found.files]


def start(browser: Browser) -> dict[str, float]:
    """From the start of the process to its answer, to a page that takes a film, and to models that are loaded."""
    began = perf_counter()
    seconds = {}
    with served() as room:
        seconds["answer"] = perf_counter() - began
        page = browser.new_page()
        enter(page, room.url)
        seconds["usable page"] = perf_counter() - began
        wait_for_models(page)
        seconds["models loaded"] = perf_counter() - began
        page.close()
    return seconds


def read(
    browser: Browser, films: Sequence[str], repeats: int
) -> tuple[list[dict[str, float]], list[dict[str, float]]]:
    """Upload `repeats` times after a first that is not counted; then a heat map for each of as many sentences."""
    with served() as room:
        page = browser.new_page(viewport={"width": 1440, "height": 1000})
        enter(page, room.url)
        wait_for_models(page)
        readings = [upload(page, films) for _ in range(repeats + 1)][1:]
        maps = [heat_map(page, number) for number in range(repeats + 1)][1:]
        page.close()
    return readings, [seconds for seconds in maps if seconds]


def upload(page: Page, films: Sequence[str]) -> dict[str, float]:
    wanted = ["first sentence", "both reports", "finished"]
    page.evaluate(WATCH, wanted)
    page.set_input_files("#upload input[type=file]", films)
    page.wait_for_function(DONE, arg=wanted)
    seconds: dict[str, float] = page.evaluate("window.timed")
    seconds["everything"] = seconds.pop("finished") + sum(show(page, tab) for tab in SHOWN)
    page.get_by_role("tab", name="Reports", exact=True).click()
    return seconds


def show(page: Page, tab: str) -> float:
    """Seconds from the choice of a tab to what it holds, which may be drawn only then."""
    began = perf_counter()
    page.get_by_role("tab", name=tab, exact=True).click()
    page.locator(SHOWN[tab]).first.wait_for(state="visible")
    return perf_counter() - began


def heat_map(page: Page, number: int) -> dict[str, float]:
    """For one sentence of either report, in turn, from a bare film; nothing where sentences cannot be chosen."""
    sentences = page.locator("#right .chip button")
    if not sentences.count():
        return {}
    page.evaluate(WATCH, ["heat map"])
    chosen = sentences.nth(number % sentences.count())
    chosen.click()
    page.wait_for_function(DONE, arg=["heat map"])
    seconds: dict[str, float] = page.evaluate("window.timed")
    chosen.click()  # lets it go
    page.wait_for_selector('#viewer [data-part="heat"]', state="hidden")
    return seconds


def together(rounds: Sequence[Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """Median and range of each time over the rounds."""
    names = dict.fromkeys(name for each in rounds for name in each)
    return {name: spread([each[name] for each in rounds]) for name in names}


def spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "median": round(statistics.median(values), 3),
        "least": round(min(values), 3),
        "most": round(max(values), 3),
        "n": len(values),
    }


def met(measured: Mapping[str, Mapping[str, float]], name: str) -> bool | None:
    """Whether the median reaches the goal; None where it was not measured."""
    return measured[name]["median"] <= GOALS[name] if name in measured else None


def table(measured: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"{'seconds':<16} {'median':>8} {'least':>8} {'most':>8} {'n':>3} {'goal':>6}"]
    for name, each in measured.items():
        goal = f"{GOALS[name]:>6.1f}" if name in GOALS else ""
        lines.append(
            f"{name:<16} {each['median']:>8.2f} {each['least']:>8.2f} {each['most']:>8.2f} {each['n']:>3} {goal}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    main()
