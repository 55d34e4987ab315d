"""What may be shown to whom: a local session may adapt texts, a public page only those that are ours or generated.

Knows no page. IU X-Ray's reports are CC BY-NC-ND: shown verbatim, attributed and linked, but never adapted in public.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

OWN = "simulated"  # collections of this name or beginning with it and "-" speak our own language
WITHHELD = (
    "This public page shows no adapted text of this collection: its reports are licensed CC BY-NC-ND and stand here "
    "only verbatim. A local installation shows it (see the README); the simulated collection shows it here too."
)


def simulated(collection: str) -> bool:
    """Whether the models of a collection were trained on simulated studies, whose language is ours."""
    return collection == OWN or collection.startswith(f"{OWN}-")


@dataclass(frozen=True)
class Terms:
    """`public` is set in a deployment that strangers use: a Space, or wherever RRG_PUBLIC=1 says so."""

    public: bool = False

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Terms:
        """RRG_PUBLIC=0 says that this is not public; any other word, and none on a Space (SPACE_ID), that it is.

        A doubtful word withholds rather than shows.
        """
        word = environment.get("RRG_PUBLIC", "").strip()
        return cls(word != "0" and bool(word or environment.get("SPACE_ID")))

    def may_adapt(self, collection: str, *, generated: bool = False) -> bool:
        """Whether texts of a collection may be recombined or have facts flipped here.

        `generated` says that only text written by a model or by the reader is adapted, which is always allowed.
        """
        return not self.public or generated or simulated(collection)
