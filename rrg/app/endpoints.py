"""What other programs may ask of the reading room: typed functions to JSON values. Knows no gradio.

Every refusal is an RrgError, which the view hands on to the caller as a message.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rrg.app.export import export
from rrg.app.library import Key
from rrg.app.reading_room import ReadingRoom
from rrg.types import RrgError


@dataclass(frozen=True)
class Endpoints:
    """`default` is the pair that is compared where a caller names none."""

    room: ReadingRoom
    default: tuple[Key, Key] | None

    def read(self, files: Sequence[str], first: str, second: str, override: bool) -> dict[str, Any]:
        """Read uploaded files, which are deleted, with two checkpoints named "collection/name"."""
        opened = self.room.open_files(files, discard=True)
        return export(self.room.read_at_once(opened, self._pair(first, second), override=override))

    def read_example(self, name: str, first: str, second: str) -> dict[str, Any]:
        """Read an example by its id."""
        opened = self.room.open_example(name)
        return export(self.room.read_at_once(opened, self._pair(first, second)))

    def examples(self) -> list[dict[str, Any]]:
        """id, title, source, whether each is installed, and whether a reference report comes with it."""
        return [
            {
                "id": example.id,
                "title": example.title,
                "source": example.source,
                "installed": bool(example.files),
                "missing": example.missing,
                "reference": bool(example.reference),
            }
            for example in (*self.room.examples(), *self.room.studies)
        ]

    def _pair(self, first: str, second: str) -> tuple[Key, Key]:
        default = self.default or (None, None)
        return self._key(first, default[0]), self._key(second, default[1])

    def _key(self, name: str, default: Key | None) -> Key:
        if not name and default is not None:
            return default
        collection, slash, checkpoint = name.partition("/")
        if not slash:
            known = self.room.library.collections().items()
            at_hand = ", ".join(f"{c}/{n}" for c, names in known for n in names) or "none"
            raise RrgError(f"{name!r} names no checkpoint; write collection/name. At hand: {at_hand}.")
        return Key(collection, checkpoint)
