"""Imports gradio in half its time: whoever imports this module first starts seconds sooner. Knows nothing else.

For each of its 80 classes of components gradio parses the source at every import, to keep a stub for editors beside it.
A class whose file cannot be found is left alone, so its own are not found while it is imported. The few templates of its
docstrings are compiled once and not for each class, and nobody looks for garbage meanwhile: an import makes little.
"""

from __future__ import annotations

import gc
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any
from unittest.mock import patch

from jinja2 import Environment


@contextmanager
def swiftly() -> Iterator[None]:
    find = inspect.getfile

    def getfile(item: Any) -> str:
        if isinstance(item, type) and item.__module__.startswith("gradio."):
            raise OSError("not looked for while gradio is imported")
        return find(item)

    gc.disable()
    try:
        compiled = patch.object(Environment, "from_string", cache(Environment.from_string))
        with patch.object(inspect, "getfile", getfile), compiled:
            yield
    finally:
        gc.freeze()  # what was imported stays, so no later collection need look at it
        gc.enable()


with swiftly():
    import gradio  # noqa: F401
