"""Serves the page: address, theme and limits. Knows nothing of what is on it."""

from __future__ import annotations

import gc
import os
import threading
from pathlib import Path

import gradio as gr

from rrg.app.reading_room import ReadingRoom
from rrg.app.view.page import Page
from rrg.types import RrgError

MAX_FILE_SIZE = "100mb"
SESSIONS = 40
HEAD_START = 3.0  # seconds that the first page has to itself: while the models load, little else moves
STYLE = Path(__file__).parents[1] / "style.css"


def launch(room: ReadingRoom, *, block: bool = True, port: int | None = None) -> tuple[Page, str]:
    """Serve the page on `$PORT` (7860), on loopback unless this is a Space; its address."""
    page = Page(room)
    host = "0.0.0.0" if os.environ.get("SPACE_ID") else os.environ.get("RRG_HOST", "127.0.0.1")
    port = port if port is not None else _port(os.environ.get("PORT", "7860"))
    print(f"Reading room: http://{host}:{port}", flush=True)
    _, url, _ = page.demo.launch(
        server_name=host,
        server_port=port,
        prevent_thread_lock=True,
        quiet=True,
        share=False,
        inbrowser=False,
        theme=theme(),
        css_paths=STYLE,
        footer_links=["api"],
        max_file_size=MAX_FILE_SIZE,
        state_session_capacity=SESSIONS,
        enable_monitoring=False,
        ssr_mode=False,
        run_history=False,
        pwa=False,
    )
    gc.freeze()  # the page stays as long as the process, so no later collection need look at it
    _load_soon(page)
    if block:
        page.demo.block_thread()
    return page, url


def _load_soon(page: Page) -> None:
    """Ask for the models of the head, when the page has been drawn; whoever needs them before then gets them before."""
    if page.header.pair:
        timer = threading.Timer(HEAD_START, page.room.library.request, page.header.pair)
        timer.daemon = True
        timer.start()


def theme() -> gr.themes.Base:
    """System fonts only: nothing is fetched from elsewhere."""
    return gr.themes.Base(
        primary_hue=gr.themes.colors.sky,
        neutral_hue=gr.themes.colors.slate,
        font=["system-ui", "Segoe UI", "Helvetica Neue", "Arial", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )


def _port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise RrgError(f"PORT is {text!r}; give a number from 1 to 65535, e.g. PORT=7860.")
    return int(text)
