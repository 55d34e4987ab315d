"""Pictures of the running reading room, light and dark, wide and narrow, into the git-ignored `screenshots/`.

Starts `app.py` on a free port (or visits `--url`), reads an example and photographs every tab.
Needs the dev extra and a Chromium (`$CHROMIUM`, /usr/bin/chromium). Knows the page only as a browser does.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
TABS = ("Reports", "Nearest reports", "Hard negatives", "Probe", "Benchmark", "Blind reading")
EXAMPLES = {"rg1": "A real PA film", "ct": "Two projections"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", help="a reading room that runs already")
    parser.add_argument("--out", type=Path, default=ROOT / "screenshots")
    parser.add_argument("--widths", type=int, nargs="+", default=[1440, 800])
    parser.add_argument("--examples", nargs="+", default=list(EXAMPLES), choices=list(EXAMPLES))
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with served(arguments.url) as url, sync_playwright() as playwright:
        chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for theme in ("light", "dark"):
            for width in arguments.widths:
                page = browser.new_page(viewport={"width": width, "height": 1000})
                page.goto(f"{url}/?__theme={theme}")
                visit(page, arguments.out / f"{theme}-{width}", arguments.examples)
                page.close()
        browser.close()


def visit(page: Page, stem: Path, examples: list[str]) -> None:
    """The gate, then every example with every tab."""
    page.wait_for_selector("#accept")
    shoot(page, stem, "0-gate")
    page.click("#accept")
    page.wait_for_selector("#loading .ready", timeout=120_000)
    for name in examples:
        page.get_by_role("tab", name=TABS[0], exact=True).click()
        button = page.get_by_role("button", name=EXAMPLES[name])
        if not button.is_enabled():
            print(f"{name} is not installed here", file=sys.stderr)
            continue
        button.click()
        page.wait_for_selector("#notice .busy")
        page.wait_for_selector("#record dl", timeout=60_000)
        for number, tab in enumerate(TABS, 1):
            page.get_by_role("tab", name=tab, exact=True).click()
            page.wait_for_timeout(600)
            shoot(page, stem, f"{name}-{number}-{tab.split()[0].lower()}")


def shoot(page: Page, stem: Path, name: str) -> None:
    file = stem.with_name(f"{stem.name}-{name}.png")
    page.screenshot(path=str(file), full_page=True)
    print(file)


@contextmanager
def served(url: str | None) -> Iterator[str]:
    """The address of a reading room: the given one, or one started here and ended afterwards."""
    if url:
        yield url.rstrip("/")
        return
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, str(ROOT / "app.py")], env={**os.environ, "PORT": str(port)})
    try:
        wait_for(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_for(url: str, process: subprocess.Popen[bytes], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=2).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise SystemExit(f"the reading room did not answer at {url}")


if __name__ == "__main__":
    main()
