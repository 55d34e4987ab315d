"""Endpoints for other programs, as gradio serves them. What they answer lives in `rrg.app.endpoints`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import gradio as gr

from rrg.app.endpoints import Endpoints
from rrg.app.study import NOTICE
from rrg.app.view.desk import SLOT
from rrg.types import RrgError


class Api:
    """Wires every named endpoint; refusals reach the caller in their own words."""

    def __init__(self, endpoints: Endpoints) -> None:
        self.endpoints = endpoints

    def wire(self) -> None:
        """The file component checks that a path was uploaded by the caller."""
        with gr.Row(visible=False):
            files = gr.File(file_count="multiple", type="filepath", label="One or two films of one study")
            first = gr.Textbox(label="First checkpoint, collection/name; empty for the default")
            second = gr.Textbox(label="Second checkpoint, collection/name; empty for the default")
            override = gr.Checkbox(label="Read although the picture does not look like a chest film")
            result = gr.JSON(label="The reading")
            button = gr.Button()
        button.click(
            self.api_read, [files, first, second, override], result, api_name="read", concurrency_id=SLOT,
            concurrency_limit=1,
            api_description="Read one or two films (DICOM, PNG, JPEG, TIFF) with two checkpoints: reports, "
            f"findings, nearest reports, hard negatives, as JSON. {NOTICE}",
        )  # fmt: skip
        gr.api(self.api_examples, api_name="examples", queue=False)
        gr.api(self.api_read_example, api_name="read_example", concurrency_id=SLOT, concurrency_limit=1)

    def api_read(self, files: list[str] | None, first: str, second: str, override: bool) -> dict[str, Any]:
        with told():
            return self.endpoints.read(files or [], first or "", second or "", override)

    def api_read_example(self, name: str, first: str = "", second: str = "") -> dict[str, Any]:
        """Read an example (see /examples) with two checkpoints, "collection/name"; empty for the default."""
        with told():
            return self.endpoints.read_example(name, first, second)

    def api_examples(self) -> list[dict[str, Any]]:
        """The examples: id, title, source, whether each is installed here, and whether it has a reference report."""
        return self.endpoints.examples()


@contextmanager
def told() -> Iterator[None]:
    """A refusal reaches the caller in its own words."""
    try:
        yield
    except RrgError as error:
        raise gr.Error(str(error), print_exception=False) from error
