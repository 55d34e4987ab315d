"""A headless Chromium for tests, and readings of what it shows."""

import base64
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT = 60_000  # milliseconds; a bound for a machine under load, not a claim


@contextmanager
def chromium() -> Iterator:
    """A browser, or a skip where there is none."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"there is no Chromium at {CHROMIUM}; name one with CHROMIUM=")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


def part(page, name: str):
    """A part of the viewer by its name in the frame."""
    return page.locator(f'#viewer [data-part="{name}"]')


def settle(page) -> None:
    """Wait until what was asked for has been drawn."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def canvas(page) -> np.ndarray:
    """(H, W, 3) int: what stands on the viewer's canvas, without the words above it."""
    settle(page)
    url = part(page, "canvas").evaluate("(c) => c.toDataURL('image/png').split(',')[1]")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(url))).convert("RGB")).astype(int)


def window(page) -> str:
    settle(page)
    return part(page, "window").text_content()
