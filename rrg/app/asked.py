"""What another program asks to have read: films or an example, by which models, and what it corrects. Knows no gradio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rrg.app.library import Key, check_pair
from rrg.app.reading_room import ReadingRoom
from rrg.app.study import VIEWS, Correction, OpenStudy
from rrg.types import RrgError


@dataclass(frozen=True)
class Asked:
    """`files` are uploads, deleted once they are opened; `example` is an id in their place. `first` and `second` name
    two checkpoints of one collection, "collection/name"; empty for the default. `views` (of VIEWS) and `inverts` correct
    film 1 and film 2.
    """

    files: Sequence[str] = ()
    example: str = ""
    first: str = ""
    second: str = ""
    override: bool = False
    views: tuple[str, str] = ("as read", "as read")
    inverts: tuple[bool, bool] = (False, False)


@dataclass(frozen=True)
class Intake:
    """Opens and reads what is asked for. `default` is the pair that is compared where a caller names none."""

    room: ReadingRoom
    default: tuple[Key, Key] | None

    def open(self, asked: Asked) -> OpenStudy:
        """The films as corrected. RrgError where there are none, both files and an example, or a correction fits no film."""
        if asked.example and not asked.files:
            opened = self.room.open_example(asked.example)
        else:
            opened = self.room.open_files(asked.files, discard=True)
        if asked.example and asked.files:
            raise RrgError("Both files and an example were given; give one of them.")
        return self._corrected(opened, asked)

    def read(self, asked: Asked) -> OpenStudy:
        """As read, or as refused by the screening; an example by its own collection's models unless others are named."""
        opened = self.open(asked)
        pair = self.pair(asked.first, asked.second, opened.collection)
        return self.room.read_at_once(opened, pair, override=asked.override)

    def drafted(self, asked: Asked) -> OpenStudy:
        """The same; RrgError where the films are refused as no chest films."""
        study = self.read(asked)
        if study.reading is None and study.screening is not None:
            raise RrgError(
                f"{study.screening.reason}. No report was drafted; `override` reads it all the same."
            )
        return study

    def pair(self, first: str, second: str, collection: str = "") -> tuple[Key, Key]:
        """The checkpoints of these names; an empty one is the default of the other's collection, else of `collection`.

        RrgError where a name is none, or both are one model or of two collections.
        """
        named = (first or second).partition("/")[0] or collection
        default = self.room.default_pair(named) or self.default or (None, None)
        pair = self._key(first, default[0]), self._key(second, default[1])
        check_pair(*pair)
        return pair

    def _key(self, name: str, default: Key | None) -> Key:
        if not name and default is not None:
            return default
        collection, _, checkpoint = name.partition("/")
        key, library = Key(collection, checkpoint), self.room.library
        if not library.has(key):
            raise RrgError(f"{name!r} names no checkpoint; write collection/name. At hand: {library.at_hand()}.")
        return key

    def _corrected(self, opened: OpenStudy, asked: Asked) -> OpenStudy:
        unknown = [view for view in asked.views if view not in VIEWS]
        if unknown:
            raise RrgError(f"{unknown[0]!r} is no view; choose one of {', '.join(VIEWS)}.")
        said = [Correction(VIEWS[v], bool(i)) for v, i in zip(asked.views, asked.inverts, strict=True)]
        if any(each != Correction() for each in said[len(opened.films) :]):
            raise RrgError("Film 2 is corrected, but the study has one film.")
        return self.room.correct(opened, said) if any(each != Correction() for each in said) else opened
