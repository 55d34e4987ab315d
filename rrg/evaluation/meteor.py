"""METEOR 1.5 (Denkowski and Lavie, 2014): one Java process for all that an evaluation asks of it. Knows texts only.

Its first answers cost 20 to 50 s on two busy cores, later ones 3 s for 600 pairs: whoever scores several systems keeps
one process. Where it cannot be had, every question is answered with the reason.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

NO_JAVA = "METEOR 1.5 is a Java program and no `java` is on the path"

Texts = Mapping[int, Sequence[str]]


class UnavailableError(Exception):
    """A metric cannot be computed here; the message says why."""


class Meteor:
    """A METEOR process, started at the first question; leave it with `close` or as a context."""

    def __init__(self, unwanted: str = "") -> None:
        """`unwanted`: why METEOR is not asked for at all; empty where it is."""
        self.reason = unwanted
        self._process: Any = None

    def __enter__(self) -> Meteor:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def score(self, gold: Texts, found: Texts) -> tuple[float, list[float]]:
        """One reference and one text a key, both of a single line -> corpus score and one score a key, [0, 1].

        UnavailableError where Java is missing, dies or answers no number; then at every later question, too.
        """
        if not self.reason and self._process is None and shutil.which("java") is None:
            self.reason = NO_JAVA
        if self.reason:
            raise UnavailableError(self.reason)
        try:
            self._process = self._process or _process()
            corpus, studies = self._process.compute_score(gold, found)
            return float(corpus), [float(score) for score in studies]
        except (OSError, ValueError) as error:
            self.reason = f"METEOR's Java process failed ({type(error).__name__}: {error})"
            raise UnavailableError(self.reason) from error
        except (
            BaseException
        ):  # an interrupt in the middle of a dialogue: what comes next would be out of step
            self.reason = "METEOR was interrupted"
            raise
        finally:
            if self.reason:
                self.close()

    def close(self) -> None:
        """End the process, if there is one; a later question starts it anew."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.lock.locked():  # its destructor waits for this lock and would never return
            process.lock.release()
        with contextlib.suppress(OSError):  # of a pipe whose reader has gone
            process.meteor_p.stdin.close()
        process.meteor_p.kill()
        process.meteor_p.wait()


def _process() -> Any:
    from pycocoevalcap.meteor.meteor import Meteor as Process  # not at hand where results are only shown

    return Process()
