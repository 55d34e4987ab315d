"""Generated blocks of a page: what stands between two markers is written anew, the rest is left alone. Knows no number."""

from __future__ import annotations

from pathlib import Path

from rrg.types import RrgError


def markers(name: str) -> tuple[str, str]:
    """The lines before and after the block `name`."""
    return f"<!-- {name}: begin -->", f"<!-- {name}: end -->"


def fill(page: Path, text: str, name: str) -> None:
    """Put `text` into the block `name` of `page`. RrgError where its markers are not there once, in order."""
    begin, end = markers(name)
    try:
        before = page.read_text(encoding="utf-8")
    except OSError as error:
        raise RrgError(f"cannot read {page}: {error.strerror or error}") from error
    if before.count(begin) != 1 or before.count(end) != 1 or before.index(begin) > before.index(end):
        raise RrgError(f"{page} needs the lines {begin} and {end}, once each and in this order")
    head, rest = before.split(begin)
    page.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
