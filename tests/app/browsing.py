"""A headless Chromium for tests, and readings of what it shows."""

import base64
import io
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WAIT = 240_000  # milliseconds; a bound for a machine under load, not a claim


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


def upload(page, *files) -> None:
    """Open films as a reader does."""
    page.set_input_files("#upload input[type=file]", [str(file) for file in files])


def elsewhere(page, url: str) -> list[str]:
    """What the page asked of any host but the one that serves it."""
    return [asked for asked in page.asked if not asked.startswith((url.rstrip("/"), "data:", "blob:"))]


def wait_for_reports(page) -> None:
    page.wait_for_selector(".chips .chip")
    page.wait_for_selector("#record dl", state="attached")


def tab_to(page, selector: str, key: str = "Tab") -> None:
    """Press the Tab key, or "Shift+Tab" to go back, until the focus is at `selector`."""
    for _ in range(60):
        page.keyboard.press(key)
        if page.evaluate("(s) => !!document.activeElement?.closest(s)", selector):
            return
    raise AssertionError(f"{selector} cannot be reached by the Tab key")


def open_tab(page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).click()


@contextmanager
def serving(desk, keys=()) -> Iterator[str]:
    """The address of the page over a reading room, with these models loaded."""
    from rrg.app.view import launch

    page, url = launch(desk, block=False, port=free_port())
    try:
        for key in keys:
            desk.library.get(key)
        yield url
    finally:
        page.demo.close(verbose=False)


def client_of(url: str, **more):
    """Another program; patient, because a machine under load is slow."""
    from gradio_client import Client

    return Client(url, httpx_kwargs={"timeout": 300}, verbose=False, analytics_enabled=False, **more)


def left_in(folder: Path) -> list[Path]:
    """Uploads and exports that are still on the disk; gradio keeps empty files of its own there too."""
    return [file for file in folder.rglob("*") if file.is_file() and file.stat().st_size]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
