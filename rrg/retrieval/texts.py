"""Where the texts of training studies come from at run time, and why they are absent where they are.

Knows nothing of embeddings. No text is ever kept in the repository: the reports are read from the installed
torchxrayvision package (Open-i) or from a data folder that the user has.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rrg.types import Neighbour, RrgError

OPENI = "Indiana University chest X-ray collection (Open-i), CC BY-NC-ND 4.0, shown unchanged"


def openi_link(uid: str) -> str | None:
    """The Open-i page of report `uid` ("2384") by its first image; None where it is not known."""
    from rrg.data.openi import report_texts

    report = report_texts().get(uid)
    images = report.images if report else ()
    return f"https://openi.nlm.nih.gov/detailedresult?img={images[0]}" if images else None


@dataclass(frozen=True)
class TextSource:
    """Looks up findings sections by (study id, uid). `reason` says why there are none, else it is empty."""

    lookup: Callable[[str, str], str | None]
    name: str
    reason: str = ""

    def text(self, study_id: str, uid: str = "") -> str | None:
        """The findings section as written, or None."""
        return self.lookup(study_id, uid) or None

    def resolve(self, neighbours: Sequence[Neighbour]) -> list[Neighbour]:
        """The same neighbours with their texts, None where there is none."""
        return [replace(n, text=self.text(n.study_id, n.uid)) for n in neighbours]

    @classmethod
    def absent(cls, reason: str) -> TextSource:
        """A source without texts that says why."""
        return cls(lambda _study, _uid: None, "none", reason)

    @classmethod
    def openi(cls) -> TextSource:
        """The Open-i reports packaged with torchxrayvision."""
        from rrg.data.openi import absence_reason, report_texts

        reports = report_texts()
        if not reports:
            return cls.absent(absence_reason())

        def lookup(_study: str, uid: str) -> str | None:
            found = reports.get(uid)
            return found.findings if found else None

        return cls(lookup, OPENI)

    @classmethod
    def folder(cls, folder: str | Path) -> TextSource:
        """The reports of a data folder in any known layout, all its splits."""
        from rrg.data.datasets import load_studies

        reports = {study.id: study.report for study in load_studies(folder, None)}
        return cls(lambda study, _uid: reports.get(study), "the given data folder")

    @classmethod
    def best(cls, folder: str | Path | None = None) -> TextSource:
        """`folder` where one is given, else the packaged reports; absence is a reason, not an error."""
        try:
            return cls.openi() if folder is None else cls.folder(folder)
        except RrgError as error:
            return cls.absent(str(error))
