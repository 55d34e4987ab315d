"""What the viewer in the browser is given: films as 16-bit pictures, heat maps as small grids. Plain JSON values.

Knows no gradio, no model and no drawing; `viewer.js` draws. Texts travel as values and are set as text there,
never put into a template.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rrg.app.study import OpenStudy
from rrg.app.truth import masks_json, named
from rrg.types import Radiograph, Saliency, View

SHOWN_PIXELS = (
    1500  # longest side on the page; at 16 bits 4 MB, which noise keeps from being packed much smaller
)
WHITE = 65535
LABEL = "SIMULATED"
OUTSIDE = 0  # grid value outside the field of view; 1 is no evidence, 255 the end of the scale


def pictures(films: Sequence[Radiograph]) -> list[dict[str, Any]]:
    """One picture per film: `width` and `height` as sent, `size` as read, `data` little-endian uint16 in base64.

    0 is black and 65535 white on the whole range of the film as read; no window has been applied to it.
    """
    return [_picture(film, titled) for film, titled in zip(films, titles(films), strict=True)]


def titles(films: Sequence[Radiograph]) -> list[str]:
    """What each film is called: "Film 1, frontal"."""
    return [f"Film {i}, {_view(film)}" for i, film in enumerate(films, 1)]


def heat(
    films: Sequence[Radiograph],
    models: Mapping[str, Sequence[Saliency]],
    *,
    sentence: str,
    scale: float | None = None,
    unit: str = "evidence",
    facts: Sequence[int] = (),
) -> dict[str, Any]:
    """Heat maps of the compared models on one scale; `models` holds each one's maps in the order models see films.

    `scale` is the value at the end of the colour bar, without it the largest of all maps. Values beyond it
    are shown as it; outside the field of view nothing is shown. `sentence` is what the maps are evidence for, `facts` are
    the findings of `truth` that it tells.
    """
    top = max((_largest(each.values) for maps in models.values() for each in maps), default=0.0)
    end = scale if scale is not None else top
    slots = film_order(films)
    return {
        "sentence": sentence,
        "scale": float(end),
        "unit": unit,
        "facts": list(facts),
        "maps": [
            {"model": name, "films": {str(slots[k]): _grid(each, end) for k, each in enumerate(maps)}}
            for name, maps in models.items()
        ],
    }


def truth(study: OpenStudy) -> dict[str, Any]:
    """What the viewer is told of a simulated study: `label`, which stands on its films, and where its truth is known
    `facts`, each with its `name` and for each film its mask as runs (`rrg.app.truth.runs`). Empty for other films.
    """
    if not study.simulated:
        return {}
    if study.truth is None:
        return {"label": LABEL}
    films = zip(named(study.truth), masks_json(study.truth), strict=True)
    return {"label": LABEL, "facts": [{"name": name, "films": masks} for name, masks in films]}


def film_order(films: Sequence[Radiograph]) -> list[int]:
    """Which film stands in each slot of a model's input: lateral ones last, else as given."""
    return sorted(range(len(films)), key=lambda i: films[i].view == View.LATERAL)


def _view(film: Radiograph) -> str:
    return "view not known" if film.view is View.UNKNOWN else film.view.name.lower()


def _picture(film: Radiograph, title: str) -> dict[str, Any]:
    pixels = _shrunk(film.pixels)
    stored = np.rint(np.clip(pixels, 0.0, 1.0) * WHITE).astype("<u2")
    height, width = film.pixels.shape
    return {
        "title": title,
        "width": stored.shape[1],
        "height": stored.shape[0],
        "size": [width, height],
        "bits": film.bits,
        "data": base64.b64encode(stored.tobytes()).decode(),
    }


def _shrunk(pixels: NDArray[np.float32]) -> NDArray[np.float32]:
    """At most `SHOWN_PIXELS` on the longest side, smoothed, still float."""
    scale = SHOWN_PIXELS / max(pixels.shape)
    if scale >= 1:
        return pixels
    height, width = (max(1, round(side * scale)) for side in pixels.shape)
    image = Image.fromarray(np.ascontiguousarray(pixels, dtype=np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def _largest(values: NDArray[np.float32]) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else 0.0


def _grid(each: Saliency, end: float) -> dict[str, Any]:
    share = each.values / end if end > 0 else np.where(np.isnan(each.values), np.nan, 0.0)
    inside = np.isfinite(share)
    steps = 1 + np.rint(np.clip(np.where(inside, share, 0.0), 0.0, 1.0) * 254)
    values = np.where(inside, steps, OUTSIDE).astype(np.uint8)
    height, width = values.shape
    return {
        "width": width,
        "height": height,
        "values": base64.b64encode(values.tobytes()).decode(),
        "largest": _largest(each.values),
    }
