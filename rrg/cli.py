"""The command line: read, score, train, study, ladder, evaluate and more. Knows commands and exit codes, no method.

Exit codes: 0 done, 1 interrupted or a fault of the program, 2 input that a person can mend ("error: ..." on
stderr). Heavy libraries are imported inside the commands, so that --help answers at once.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence

import typer

from rrg.allocator import keep_freed_memory
from rrg.commands.comparison import compare, report
from rrg.commands.evaluation import evaluate
from rrg.commands.ladder import ladder
from rrg.commands.reading import read, score
from rrg.commands.simulation import simulate
from rrg.commands.study import study
from rrg.commands.training import gallery, pretrain, train
from rrg.types import RrgError

INTERRUPTED = 130  # typer's code for Ctrl-C, a shell's custom; here 0, 1 and 2 are all there is

app = typer.Typer(
    name="rrg",
    help="Chest radiograph reports by learning with increasingly hard negatives. Not for clinical use.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (read, score, pretrain, train, study, ladder, evaluate, compare, report, gallery, simulate):
    app.command()(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    keep_freed_memory()
    given = sys.argv[1:] if arguments is None else list(arguments)
    try:
        app(args=given, obj=tuple(given))
    except RrgError as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(2)
    except SystemExit as left:
        sys.exit(1 if left.code == INTERRUPTED else left.code)
