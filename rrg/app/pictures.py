"""Small pictures of a data folder's films, to stand beside their reports. Knows no page and no model.

Only a reader's own data folder is shown (a public page has none, see `terms`), and the sample of simulated studies that
comes with models.
"""

from __future__ import annotations

import base64
import io
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from rrg.data.datasets import load_studies
from rrg.data.images import load_radiograph
from rrg.types import RrgError, Study, View

SMALL = 128  # of a film that is only to be recognised
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


@cache
def pictures_in(folder: Path) -> Pictures:
    """One for each folder, so that it is read once."""
    return Pictures(folder)


def _films(paths: tuple[Path, ...], views: tuple[View, ...]) -> tuple[str, ...]:
    drawn = (_thumbnail(path, view) for path, view in zip(paths, views, strict=True))
    return tuple(film for film in drawn if film)


def small_film(path: Path) -> str:
    """A simulated film as the address of a small JPEG; empty where it cannot be read."""
    return _thumbnail(path, View.FRONTAL, SMALL, "JPEG")


@lru_cache(maxsize=512)
def _thumbnail(path: Path, view: View, side: int = SIDE, form: str = "PNG") -> str:
    """Empty where the film cannot be read; the log says why, and names no file."""
    try:
        pixels = load_radiograph(path, view=view).pixels
    except RrgError as error:
        _log.warning("a film cannot be shown: %s", error)
        return ""
    image = Image.fromarray((pixels * 255).round().astype(np.uint8))
    image.thumbnail((side, side))
    buffer = io.BytesIO()
    image.save(buffer, form)
    return f"data:image/{form.lower()};base64," + base64.b64encode(buffer.getvalue()).decode()
