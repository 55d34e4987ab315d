"""A plain file of generated reports, {"study id": "text", ...}, so that any system can be scored. Knows no metric.

Broken files are refused here; what is wrong with single reports is `faults`' to tell.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rrg.types import RrgError

ACCEPTED = 'one JSON object that maps study ids to texts, {"CXR1_1_IM-0001": "The heart is ...", ...}'


def read_reports(path: str | Path) -> dict[str, str]:
    """Study id -> text. RrgError where the file is missing, not UTF-8, no such object, or names an id twice."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
        value = json.loads(text, object_pairs_hook=_pairs)
    except OSError as error:
        raise RrgError(f"cannot read {path}: {error.strerror or error}; accepted is {ACCEPTED}") from error
    except UnicodeDecodeError as error:
        raise RrgError(f"{path} is not UTF-8 text; accepted is {ACCEPTED}") from error
    except (ValueError, RecursionError) as error:
        raise RrgError(f"{path} cannot be read as JSON ({error}); accepted is {ACCEPTED}") from error
    if not isinstance(value, dict):
        raise RrgError(f"{path} holds {_kind(value)}; accepted is {ACCEPTED}")
    if not value:
        raise RrgError(f"{path} holds no report; accepted is {ACCEPTED}")
    wrong = [(name, text) for name, text in value.items() if not isinstance(text, str)]
    if wrong:
        name, text = wrong[0]
        raise RrgError(
            f"{path} holds {_kind(text)} for {name[:60]!r} and {len(wrong)} such in all; accepted is {ACCEPTED}"
        )
    return value


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """JSON allows a name twice and keeps the last: here one of the two would be dropped in silence."""
    value = dict(pairs)
    if len(value) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the name {twice[:60]!r} stands there twice")
    return value


def _kind(value: Any) -> str:
    kinds = {list: "a list", dict: "an object", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
