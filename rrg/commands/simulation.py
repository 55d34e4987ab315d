"""`simulate`: a cohort of simulated studies. Knows arguments, no anatomy and no words."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from rrg.commands.shared import AsJson, show, writing


def simulate(
    out: Annotated[
        Path, typer.Option(help="Folder of the cohort; an interrupted one is taken up.", metavar="DIR")
    ],
    studies: Annotated[int, typer.Option(help="Studies for train, val and test.", metavar="N")] = 0,
    pairs: Annotated[
        int, typer.Option(help="Counterfactual pairs: one body twice, one fact changed.", metavar="N")
    ] = 0,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 0,
    processes: Annotated[
        int | None, typer.Option(min=1, help="Processes; else as many as there are cores.", metavar="K")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Simulated radiographs with reports, truth and masks, in the layout of IU X-Ray: every other command reads it."""
    from rrg.simulation.cohort import Settings, make_cohort
    from rrg.simulation.tables import NOTICE

    settings = Settings(studies, pairs, seed)
    with writing(out):
        counts = make_cohort(
            out, settings, processes=processes or os.cpu_count() or 1, progress=sys.stderr.isatty()
        )
    held = ", ".join(f"{count} of {split}" for split, count in counts.items())
    show(
        {"cohort": str(out), "seed": seed, "studies": counts, "notice": NOTICE},
        f"{held} in {out}, all simulated",
        as_json,
    )
