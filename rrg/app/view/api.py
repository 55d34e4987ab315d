"""Endpoints for other programs, as gradio serves them. What they answer: `rrg.app.endpoints` and `rrg.app.answers`."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from rrg.app import answers, answers_told, blind
from rrg.app.asked import Asked, Intake
from rrg.app.blind import Session
from rrg.app.endpoints import Endpoints
from rrg.app.endpoints_blind import BlindEndpoints
from rrg.app.export_files import FORMATS
from rrg.app.study import NOTICE, VIEWS
from rrg.app.view.desk import SLOT
from rrg.types import RrgError

# The order in which every endpoint that takes films takes what is asked for; after `files` and what is its own.
COMMON = ("example", "first", "second", "override", "view_1", "view_2", "invert_1", "invert_2")
KEEP_SESSION = 4 * 3600  # seconds that votes outlive the last request
Answer = dict[str, Any]


class Api:
    """Wires every named endpoint; refusals reach the caller in their own words."""

    def __init__(self, intake: Intake) -> None:
        self.endpoints, self.blind = Endpoints(intake), BlindEndpoints(intake)

    def wire(self) -> None:
        """The file component checks that a path was uploaded by the caller; what is shared is made once."""
        with gr.Row(visible=False):
            self.files = gr.File(
                file_count="multiple", type="filepath", label="One or two films of one study"
            )
            self.common = _common()
            self._wire_films()
            self._wire_blind()
        self._plain("examples", self.api_examples, list[answers.Example])
        self._plain("checkpoints", self.api_checkpoints, list[answers.Checkpoint])
        self._plain("truth", self.api_truth, answers.Truth)
        self._plain("flips", self.api_flips, list[answers.Flip])
        self._plain("scores", self.api_scores, answers.Scores)
        slot = {"queue": True, "concurrency_id": SLOT, "concurrency_limit": 1}
        self._plain("read_example", self.api_read_example, answers.Reading, **slot)
        self._plain("read_twin", self.api_read_twin, answers.TwinReading, **slot)

    def _wire_films(self) -> None:
        """Endpoints that take films, and so run models."""
        original = gr.Textbox(label="The report that is probed")
        edited = gr.Textbox("", label="Its edit; empty for every edit that flips one fact")
        positive = gr.Textbox(
            "", label="The text that stands for the truth; empty for the reference, else the draft"
        )
        text = gr.Textbox("", label="A report; empty for the second model's draft")
        sentence = gr.Number(0, label="Which of its sentences, a whole number from 0")
        form = _one_of(FORMATS, "Format of the file", FORMATS[0])
        self._film("read", self.api_read, {}, answers.Reading)
        self._film("probe", self.api_probe, {"original": original, "edited": edited}, list[answers.Probe])
        self._film("neighbours", self.api_neighbours, {}, dict[str, list[answers.Neighbour]])
        self._film("negatives", self.api_negatives, {"positive": positive}, answers.Negatives)
        self._film("evidence", self.api_evidence, {"text": text, "sentence": sentence}, answers.Evidence)
        self._film("export", self.api_export, {"form": form}, None)

    def _wire_blind(self) -> None:
        """The session is the caller's and stays on the server."""
        session = gr.State(None, time_to_live=KEEP_SESSION)
        self._film("blind_ballot", self.api_blind_ballot, {"session": session}, answers.Ballot)
        choice = _one_of(list(blind.Choice), "Which reads better?")
        sure = _one_of(blind.CONFIDENCE, "How sure are you?")
        quick = {"queue": False}
        self._event("blind_vote", self.api_blind_vote, [choice, sure, session], answers.VoteCast, **quick)
        self._event("blind_result", self.api_blind_result, [session], answers.BlindResult, **quick)

    def _film(self, name: str, fn: Callable[..., Any], more: dict[str, Any], kind: Any) -> None:
        inputs = [self.files, *more.values(), *self.common]
        slot = {"concurrency_id": SLOT, "concurrency_limit": 1}
        self._event(name, _named(fn, tuple(more)), inputs, kind, **slot)

    def _event(self, name: str, fn: Callable[..., Any], inputs: list[Any], kind: Any, **more: Any) -> None:
        """`kind` is the type of the answer, None for a file. A session among the inputs comes back with it."""
        label = "The answer; its keys stand in the description"
        result = gr.JSON(label=label) if kind else gr.File(label="reading.json, reading.txt or reading.pdf")
        states = [each for each in inputs if isinstance(each, gr.State)]
        gr.Button().click(
            fn, inputs, [result, *states], api_name=name, api_description=described(fn, kind), **more
        )

    @staticmethod
    def _plain(name: str, fn: Callable[..., Any], kind: Any, **more: Any) -> None:
        gr.api(fn, api_name=name, api_description=described(fn, kind), **({"queue": False} | more))

    # -- what each answers

    def api_read(self, asked: Asked) -> answers.Reading:
        """Read one or two films (DICOM, PNG, JPEG, TIFF) or an example with two checkpoints: reports, findings, nearest
        reports, hard negatives. `view_1`, `invert_1` and their likes correct what a file or picture misled about.
        """
        return self.endpoints.read(asked)

    def api_probe(self, asked: Asked, original: str, edited: str) -> list[answers.Probe]:
        """What both models make of a report and of its edit; without an edit, of every edit that flips one fact, at most
        the first 24.
        """
        return self.endpoints.probe(asked, original or "", edited or "")

    def api_neighbours(self, asked: Asked) -> dict[str, list[answers.Neighbour]]:
        """The training reports nearest to the films in each model's own space, under its name."""
        return self.endpoints.neighbours(asked)

    def api_negatives(self, asked: Asked, positive: str) -> answers.Negatives:
        """The mined peer and the synthesised negatives of both models: synthetic, false by construction."""
        return self.endpoints.negatives(asked, positive or "")

    def api_evidence(self, asked: Asked, text: str, sentence: float | None) -> answers.Evidence:
        """Where both models find their evidence for one sentence: maps on one scale in the order of the films,
        gain against an average film, words.
        """
        return self.endpoints.evidence(asked, text or "", sentence or 0)

    def api_export(self, asked: Asked, form: str) -> Iterator[str]:
        """A reading as a file: JSON (docs/export.md), plain text, or PDF with the films."""
        with TemporaryDirectory() as folder:  # gradio takes the file over into its own, which is swept
            made = self.endpoints.export(asked, form or FORMATS[0])
            path = Path(folder) / made.name
            path.write_bytes(made.content)
            yield str(path)

    def api_blind_ballot(self, asked: Asked, session: Session | None) -> tuple[answers.Ballot, Session]:
        """Two reports in random order, without names, of your films, an example, or a study drawn by chance. The votes
        belong to this client's session; a further ballot takes the place of an open one.
        """
        return self.blind.ballot(asked, session, time.monotonic())

    def api_blind_vote(
        self, choice: str, confidence: str, session: Session | None
    ) -> tuple[answers.VoteCast, Session]:
        """Vote on the open ballot: left, right, tie or both unusable, and how sure you are. Neither has a default."""
        with refusing():
            return self.blind.vote(choice or "", confidence or "", session, time.monotonic())

    def api_blind_result(self, session: Session | None) -> tuple[answers.BlindResult, Session]:
        """Who was preferred, with an interval, and every vote. It names the models, so later votes are not blind."""
        return self.blind.result(session)

    def api_flips(self, report: str) -> list[Answer]:
        """Every edit of your report that flips one fact (presence, side, severity, place) and nothing else, in the order of
        its sentences; of more than 24 the first 24.
        """
        with refusing():
            return list(map(dict, self.endpoints.flips(report)))

    def api_scores(self, collection: str = "") -> Answer:
        """The scores of a collection's checkpoints; empty for the default collection."""
        with refusing():
            return dict(self.endpoints.scores(collection))

    def api_read_example(self, name: str, first: str = "", second: str = "") -> Answer:
        """Read an example (see /examples) with two checkpoints, by default those of its own collection."""
        with refusing():
            return dict(self.endpoints.read(Asked((), name, first, second)))

    def api_read_twin(self, name: str, first: str = "", second: str = "") -> Answer:
        """Read the counterfactual twin of a simulated study, and how the two differ: the same body, one fact changed."""
        with refusing():
            return dict(self.endpoints.read_twin(name, first, second))

    def api_truth(self, name: str) -> Answer:
        """What is true of a simulated study: findings, a mask of each on each film, its twin."""
        with refusing():
            return dict(self.endpoints.truth(name))

    def api_examples(self) -> list[Answer]:
        """The studies that can be named."""
        return list(map(dict, self.endpoints.examples()))

    def api_checkpoints(self) -> list[Answer]:
        """The checkpoints that can be named."""
        return list(map(dict, self.endpoints.checkpoints()))


def described(fn: Callable[..., Any], kind: Any) -> str:
    """The endpoint's own words, then every key of its answer."""
    said = f"{' '.join(inspect.getdoc(fn).split())} {NOTICE}"  # type: ignore[union-attr]
    return f"{said}\n\n{answers_told.told(kind)}" if kind else said


def _common() -> list[Any]:
    """The components of COMMON; each has a default, so that a caller need not give it."""
    checkpoint = "checkpoint, collection/name (see /checkpoints), both of one collection; empty for the default"
    return [
        gr.Textbox("", label="An example by its id (see /examples), in place of files"),
        gr.Textbox("", label=f"First {checkpoint}"),
        gr.Textbox("", label=f"Second {checkpoint}"),
        gr.Checkbox(False, label="Read although the picture does not look like a chest film"),
        *(_one_of(list(VIEWS), f"View of film {i}", "as read") for i in (1, 2)),
        *(gr.Checkbox(False, label=f"Film {i} is shown inverted: turn it") for i in (1, 2)),
    ]


def _one_of(accepted: Sequence[str], label: str, default: str | None = None) -> gr.Textbox:
    """A word out of a few, which our own code checks.

    Gradio's lists refuse another word before we are called, and what was uploaded with it would stay on the disk.
    """
    return gr.Textbox(default, label=f"{label}: {', '.join(accepted)}")


def _named(fn: Callable[..., Any], more: Sequence[str]) -> Callable[..., Any]:
    """`fn(asked, *more)` as gradio wants it: one named parameter for each component."""

    def asked_of(files: list[str] | None, *values: Any) -> Any:
        own, (example, first, second, override, *said) = values[: len(more)], values[len(more) :]
        views, inverts = (said[0], said[1]), (bool(said[2]), bool(said[3]))
        return fn(
            Asked(files or (), example or "", first or "", second or "", bool(override), views, inverts), *own
        )

    def called(*values: Any) -> Any:
        with refusing():
            return asked_of(*values)

    def stepwise(*values: Any) -> Iterator[Any]:
        with refusing():
            yield from asked_of(*values)

    made: Any = stepwise if inspect.isgeneratorfunction(fn) else called
    made.__name__, made.__doc__ = fn.__name__, fn.__doc__
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    names = ("files", *more, *COMMON)
    made.__signature__ = inspect.Signature([inspect.Parameter(name, kind, default=None) for name in names])
    return made


@contextmanager
def refusing() -> Iterator[None]:
    """A refusal reaches the caller in its own words."""
    try:
        yield
    except RrgError as error:
        raise gr.Error(str(error), print_exception=False) from error
