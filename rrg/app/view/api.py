"""Endpoints for other programs, as gradio serves them. What they answer lives in `rrg.app.endpoints`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import gradio as gr

from rrg.app.endpoints import Endpoints
from rrg.app.export_files import FORMATS
from rrg.app.study import NOTICE
from rrg.app.view.desk import SLOT
from rrg.types import RrgError


class Api:
    """Wires every named endpoint; refusals reach the caller in their own words."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints

    def wire(self) -> None:
        """The file component checks that a path was uploaded by the caller; what is shared is made once."""
        with gr.Row(visible=False):
            self.files = gr.File(
                file_count="multiple", type="filepath", label="One or two films of one study"
            )
            first = gr.Textbox(label="First checkpoint, collection/name; empty for the default")
            second = gr.Textbox(label="Second checkpoint, collection/name; empty for the default")
            override = gr.Checkbox(label="Read although the picture does not look like a chest film")
            self.choice = [first, second, override]
            self._wire_films()
        gr.api(self.api_examples, api_name="examples", queue=False)
        gr.api(self.api_read_example, api_name="read_example", concurrency_id=SLOT, concurrency_limit=1)
        gr.api(self.api_read_twin, api_name="read_twin", concurrency_id=SLOT, concurrency_limit=1)
        gr.api(self.api_truth, api_name="truth", queue=False)
        gr.api(self.api_flips, api_name="flips", queue=False)
        gr.api(self.api_scores, api_name="scores", queue=False)

    def _wire_films(self) -> None:
        """Endpoints that take films, and so run models."""
        original = gr.Textbox(label="The report that is probed")
        edited = gr.Textbox(label="Its edit; empty for every edit that flips one fact")
        positive = gr.Textbox(label="The text that stands for the truth; empty for the second model's draft")
        form = gr.Dropdown(list(FORMATS), label="Format of the file")
        self._film(
            "read", self.api_read, [], gr.JSON(label="The reading, see docs/export.md"),
            "Read one or two films (DICOM, PNG, JPEG, TIFF) with two checkpoints: reports, findings, nearest reports, "
            f"hard negatives, as JSON. {NOTICE}",
        )  # fmt: skip
        self._film(
            "probe", self.api_probe, [original, edited], gr.JSON(label="One entry for each edit"),
            "What both models make of a report and of its edit: alignment (cosine) and likelihood (nats, whole text and "
            "per token). Margins are original minus edit; null where a text has words that a model does not know.",
        )  # fmt: skip
        self._film(
            "neighbours", self.api_neighbours, [], gr.JSON(label="Model -> its nearest training reports"),
            "The training reports nearest to the films in each model's own space.",
        )  # fmt: skip
        self._film(
            "negatives", self.api_negatives, [positive],
            gr.JSON(label="The positive, and model -> hard negatives, see docs/export.md"),
            "The mined peer and the synthesised negatives of both models: synthetic, false by construction.",
        )  # fmt: skip
        text = gr.Textbox(label="A report; empty for the second model's draft")
        sentence = gr.Number(label="Which of its sentences, from 0", precision=0)
        self._film(
            "evidence", self.api_evidence, [text, sentence],
            gr.JSON(label="The sentence, the unit, and for each model gain, words and maps"),
            "Where both models find their evidence for one sentence: maps on one scale (null outside the field of view), "
            "the gain in nats against an average film, and the probability of each word.",
        )  # fmt: skip
        self._film(
            "export", self.api_export, [form], gr.File(label="reading.json, reading.txt or reading.pdf"),
            f"A reading as a file: JSON (docs/export.md), plain text, or PDF with the films. {NOTICE}",
        )  # fmt: skip

    def _film(self, name: str, fn: Callable[..., Any], more: list[Any], result: Any, told: str) -> None:
        gr.Button().click(
            fn, [self.files, *more, *self.choice], result, api_name=name, api_description=told,
            concurrency_id=SLOT, concurrency_limit=1,
        )  # fmt: skip

    def api_read(self, files: list[str] | None, first: str, second: str, override: bool) -> dict[str, Any]:
        with told():
            return self.endpoints.read(files or [], first or "", second or "", override)

    def api_probe(
        self, files: list[str] | None, original: str, edited: str, first: str, second: str, override: bool
    ) -> list[dict[str, Any]]:
        with told():
            asked = (original or "", edited or "", first or "", second or "", override)
            return self.endpoints.probe(files or [], *asked)

    def api_neighbours(
        self, files: list[str] | None, first: str, second: str, override: bool
    ) -> dict[str, Any]:
        with told():
            return self.endpoints.neighbours(files or [], first or "", second or "", override)

    def api_negatives(
        self, files: list[str] | None, positive: str, first: str, second: str, override: bool
    ) -> dict[str, Any]:
        with told():
            return self.endpoints.negatives(files or [], positive or "", first or "", second or "", override)

    def api_evidence(
        self, files: list[str] | None, text: str, sentence: int, first: str, second: str, override: bool
    ) -> dict[str, Any]:
        with told():
            asked = (text or "", int(sentence or 0), first or "", second or "", override)
            return self.endpoints.evidence(files or [], *asked)

    def api_export(
        self, files: list[str] | None, form: str, first: str, second: str, override: bool
    ) -> Iterator[str]:
        """The file is taken over into gradio's own folder, which is swept, before ours goes."""
        with told(), TemporaryDirectory() as folder:
            made = self.endpoints.export(files or [], form or "json", first or "", second or "", override)
            path = Path(folder) / made.name
            path.write_bytes(made.content)
            yield str(path)

    def api_flips(self, report: str) -> list[dict[str, Any]]:
        """Every edit of your report that flips one fact (presence, side, severity, place) and nothing else."""
        with told():
            return self.endpoints.flips(report)

    def api_scores(self, collection: str = "") -> dict[str, Any]:
        """The metrics.json of a collection's checkpoints (docs/results.md); empty for the default collection."""
        with told():
            return self.endpoints.scores(collection)

    def api_read_example(self, name: str, first: str = "", second: str = "") -> dict[str, Any]:
        """Read an example (see /examples) with two checkpoints, "collection/name"; empty for the default."""
        with told():
            return self.endpoints.read_example(name, first, second)

    def api_read_twin(self, name: str, first: str = "", second: str = "") -> dict[str, Any]:
        """Read the counterfactual twin of a simulated study, and how the two differ: the same body, one fact changed."""
        with told():
            return self.endpoints.read_twin(name, first, second)

    def api_truth(self, name: str) -> dict[str, Any]:
        """What is true of a simulated study: findings, a mask of each on each film (docs/simulated.md), its twin."""
        with told():
            return self.endpoints.truth(name)

    def api_examples(self) -> list[dict[str, Any]]:
        """The examples: id, title, source, whether each is installed here, has a reference, is simulated; its twin."""
        return self.endpoints.examples()


@contextmanager
def told() -> Iterator[None]:
    """A refusal reaches the caller in its own words."""
    try:
        yield
    except RrgError as error:
        raise gr.Error(str(error), print_exception=False) from error
