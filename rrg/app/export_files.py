"""A reading as a file to keep: JSON, plain text or PDF, in memory. Knows no page; writes nothing to disk."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal, get_args

from rrg.app.export import export
from rrg.app.study import OpenStudy
from rrg.types import RrgError

Format = Literal["json", "txt", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
MEDIA = {"json": "application/json", "txt": "text/plain", "pdf": "application/pdf"}


@dataclass(frozen=True)
class Exported:
    """`name` is the same for every study, so it tells nothing of it."""

    name: str
    media: str
    content: bytes


def export_file(study: OpenStudy | None, form: str) -> Exported:
    """The reading as one file. RrgError where no film is open, or the format is none of FORMATS."""
    check_format(form)
    if study is None or not study.films:
        raise RrgError("No film is open yet; open one first.")
    return Exported(f"reading.{form}", MEDIA[form], _content(study, form))


def check_format(form: str) -> None:
    """RrgError where `form` is none of FORMATS."""
    if form not in FORMATS:
        raise RrgError(f"{form!r} is no format of an export; choose one of {', '.join(FORMATS)}.")


def _content(study: OpenStudy, form: str) -> bytes:
    value = export(study)
    if form == "json":
        return (json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False) + "\n").encode()
    if form == "txt":
        from rrg.app.export_text import as_text

        return as_text(value).encode()
    from rrg.app.export_pdf import as_pdf

    return as_pdf(value, study.films)
