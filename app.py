"""Launches the reading room: in a local browser (`python app.py`) or as a Hugging Face Space."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path

os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from rrg.allocator import keep_freed_memory
from rrg.app.examples import folder_examples, shipped_examples
from rrg.app.library import Library, Reader
from rrg.app.pictures import Pictures
from rrg.app.reading_room import ReadingRoom
from rrg.app.terms import Terms
from rrg.app.view import launch
from rrg.types import RrgError


def load(folder: Path) -> Reader:
    """Load a checkpoint; torch and pydicom come with it, in the background, so that the page need not wait."""
    import_module("rrg.data.dicom")
    from rrg.app.readers import open_reader

    return open_reader(folder)


def room() -> ReadingRoom:
    """What this environment offers. A public page shows only the studies that come with the install."""
    terms, folder = Terms.of(os.environ), os.environ.get("RRG_DATA")
    if folder and terms.public:
        print("RRG_DATA is not used: this page is public (RRG_PUBLIC=0: it is not).", flush=True)
        folder = None
    studies = folder_examples(folder) if folder else ()
    pictures = Pictures(Path(folder) if folder else None)
    library = Library(Library.default_root(), load)
    simulated = shipped_examples(library.cohorts())
    return ReadingRoom(library, studies=studies, simulated=simulated, terms=terms, pictures=pictures)


def main() -> None:
    keep_freed_memory()
    try:
        launch(room())
    except RrgError as error:
        sys.exit(f"error: {error}")
    except OSError as error:  # gradio's word for a port that is taken
        sys.exit(f"error: {error} Choose another one, e.g. PORT=7861.")


if __name__ == "__main__":
    main()
