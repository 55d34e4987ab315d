"""A reading room of its own for a benchmark, and a headless Chromium to look at it with.

Starts `app.py` as a user does, in a process of its own on a free port, with uploads in a folder of its own. Knows the page
only as a browser does: the gate, the line that says that the models are loaded, the notice that says what is done.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 120.0  # seconds that a loaded machine may take for any one step


@dataclass(frozen=True)
class Served:
    """A running reading room: its address, its process, and where uploads are put while they are read."""

    url: str
    pid: int
    uploads: Path

    def uploaded(self) -> list[Path]:
        """The uploads that are on the disk now; gradio keeps empty files of its own there too."""
        return [file for file in self.uploads.rglob("*") if file.is_file() and file.stat().st_size]

    def resident(self) -> int:
        """Bytes of memory that the process holds now (Linux)."""
        pages = Path(f"/proc/{self.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def served(environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """`python app.py` until it answers, and its end afterwards; `environment` goes over that of this process."""
    with tempfile.TemporaryDirectory(prefix="rrg-uploads-") as folder:
        port = free_port()
        told = {**os.environ, "PORT": str(port), "GRADIO_TEMP_DIR": folder, **(environment or {})}
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "app.py")], env=told, stdout=subprocess.DEVNULL
        )
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_for(url, process)
            yield Served(url, process.pid, Path(folder))
        finally:
            process.terminate()
            process.wait(timeout=20)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's Chromium, or the one that `$CHROMIUM` names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def enter(page: Page, url: str) -> None:
    """Open the page and accept the gate; afterwards a film can be opened."""
    page.set_default_timeout(1000 * PATIENCE)
    page.goto(url)
    page.click("#accept")
    page.wait_for_selector("#upload input[type=file]", state="attached")


def wait_for_models(page: Page) -> None:
    page.wait_for_selector("#loading .ready")


def wait_for_reading(page: Page) -> None:
    """Until the films that were opened last have been read, or refused."""
    page.wait_for_selector("#notice .busy", state="attached")
    page.wait_for_selector("#notice .busy", state="detached")
    page.wait_for_selector("#record dl", state="attached")


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end and process.poll() is None:
        try:
            urllib.request.urlopen(url, timeout=PATIENCE).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.02)
    raise SystemExit(f"the reading room did not answer at {url}")
