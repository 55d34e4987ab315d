"""Launches the reading room: in a local browser (`python app.py`) or as a Hugging Face Space."""

from __future__ import annotations

import os

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from rrg.app.library import Library
from rrg.app.readers import open_reader
from rrg.app.reading_room import ReadingRoom
from rrg.app.view import launch


def main() -> None:
    launch(ReadingRoom(Library(Library.default_root(), open_reader)))


if __name__ == "__main__":
    main()
