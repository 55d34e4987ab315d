"""Small pictures of a data folder's films, to stand beside their reports. Knows no page and no model.

Only a reader's own data folder is shown; a public page has none (`terms`).
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from rrg.data.datasets import load_studies
from rrg.data.images import load_radiograph
from rrg.types import RrgError, Study, View

SIDE = 144  # pixels: twice of what the page gives them, for dense screens
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pictures:
    """The films of the studies in `folder`; None where the reader has no data folder."""

    folder: Path | None = None

    @cached_property
    def _studies(self) -> dict[str, Study]:
        return {study.id: study for study in load_studies(self.folder, None)} if self.folder else {}

    def of(self, ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Study id -> its films as data addresses (PNG), at most two; a study without readable films is left out."""
        known = {name: self._studies[name] for name in ids if name in self._studies}
        films = {name: _films(study.images[:2], study.views[:2]) for name, study in known.items()}
        return {name: drawn for name, drawn in films.items() if drawn}


def _films(paths: tuple[Path, ...], views: tuple[View, ...]) -> tuple[str, ...]:
    drawn = (_thumbnail(path, view) for path, view in zip(paths, views, strict=True))
    return tuple(film for film in drawn if film)


@lru_cache(maxsize=512)
def _thumbnail(path: Path, view: View) -> str:
    """Empty where the film cannot be read; the log says why, and names no file."""
    try:
        pixels = load_radiograph(path, view=view).pixels
    except RrgError as error:
        _log.warning("a neighbour's film cannot be shown: %s", error)
        return ""
    image = Image.fromarray((pixels * 255).round().astype(np.uint8))
    image.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
