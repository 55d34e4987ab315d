"""Where heat maps point, and how models differ on counterfactual pairs, as tables of a page. Knows no model and no film.

    python -m rrg.evaluation.simulated_tables docs/simulated.md FILE.json...

Fills the block `pointing` of the page from results of `rrg.evaluation.pointing` and the block `differences` from those of
`rrg compare`, a row for each file in the order given; a block without a file is left alone.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from rrg.evaluation.blocks import fill
from rrg.evaluation.page_words import ABSENT, signed
from rrg.evaluation.resampling import NO_DIFFERENCE, TOO_FEW
from rrg.evaluation.results import TWINS, number, table
from rrg.evaluation.schema import COMPARISON, read_comparison, read_json
from rrg.types import RrgError

VIEWS = ("all", "frontal", "lateral")

Found = Mapping[str, Any]


def read_pointing_file(path: Path) -> dict[str, Any]:
    """A file that `rrg.evaluation.pointing --out` wrote. RrgError where it is missing, broken or of another kind."""
    value = read_json(path)
    if not all(isinstance(value.get(part), dict) for part in ("system", "pointing")):
        raise RrgError(
            f"{path} says nothing of heat maps; give a file that rrg.evaluation.pointing --out wrote"
        )
    return value


# --- Where heat maps point ---


def pointing_block(results: Sequence[Found]) -> str:
    """A row for each model, method and view. RrgError where they are not of the same studies."""
    asked = {(result["split"], result["limit"]) for result in results}
    if len(asked) > 1:
        raise RrgError(
            "the heat maps are of different studies; point with the same --split and --limit for all models"
        )
    split, limit = asked.pop()
    studies = f"the first {limit} studies" if limit else "all studies"
    head = [
        "model",
        "map",
        "view",
        "findings",
        "studies with some",
        "in the mask (95 %)",
        "anywhere",
        "centre",
    ]
    return (
        f"Split `{split}`, {studies}. `in the mask`: the share of findings, each in each view that shows it, for which the "
        "strongest place of the map lies in the finding's true mask, with an interval over studies. Beside it what drawing "
        "a place of the field reaches, and the centre of the film. A map that points reaches more than both.\n\n"
        + table([head, *(row for result in results for row in _pointing_rows(result))])
    )


def _pointing_rows(result: Found) -> Iterator[list[str]]:
    system = result["system"]
    for view in VIEWS:
        each = result["pointing"].get(view)
        if each:
            limits = "" if each["low"] is None else f" [{number(each['low'])}, {number(each['high'])}]"
            yield [
                system["name"], system["method"], view, number(each["findings"]), number(each["studies"]),
                number(each["map"]) + limits, number(each["anywhere"]), number(each["centre"]),
            ]  # fmt: skip


# --- How models differ on counterfactual pairs ---


def differences_block(comparisons: Sequence[Found]) -> str:
    """A row for each comparison, what its intervals say, and what they do not."""
    names = {head: "/".join(way) for head, way in TWINS.items()}
    rows = [
        [_less(each), *(_difference(each["differences"].get(name)) for name in names.values())]
        for each in comparisons
    ]
    return "\n\n".join([_said(comparisons, list(names.values())), table([["", *names], *rows])])


def _said(comparisons: Sequence[Found], names: Sequence[str]) -> str:
    pairs = {
        each["differences"][name]["studies"]
        for each in comparisons
        for name in names
        if name in each["differences"]
    }
    if not pairs:
        raise RrgError(
            "the comparisons hold no counterfactual pairs; compare results of `evaluate` on a simulated cohort that has some"
        )
    single = all(len(each[side]) == 1 for each in comparisons for side in ("a", "b"))
    return (
        f"Paired over {' or '.join(map(str, sorted(pairs)))} counterfactual pairs, with 95 % intervals. Bold: the interval "
        f"leaves zero out; elsewhere {NO_DIFFERENCE}, which is no evidence of none."
        + (
            " One run of each model: no interval speaks of training again with another seed."
            if single
            else ""
        )
    )


def _less(comparison: Found) -> str:
    a, b = (", ".join(dict.fromkeys(run["name"] for run in comparison[side])) for side in ("a", "b"))
    return f"{b} less {a}"


def _difference(found: Found | None) -> str:
    if found is None:
        return ABSENT
    shown = f"{signed(found['difference'])} [{signed(found['low'])}, {signed(found['high'])}]"
    return shown if found["finding"] in (NO_DIFFERENCE, TOO_FEW) else f"**{shown}**"


def fill_page(page: Path, files: Sequence[Path]) -> None:
    """Fill the blocks of `page` that `files` are about. RrgError where one is of neither kind, or a block is not there."""
    compared = [file for file in files if read_json(file).get("kind") == COMPARISON]
    pointed = [file for file in files if file not in compared]
    try:
        blocks = {
            "pointing": pointing_block([read_pointing_file(file) for file in pointed]) if pointed else "",
            "differences": differences_block([read_comparison(file) for file in compared])
            if compared
            else "",
        }
    except (KeyError, TypeError) as error:
        raise RrgError(
            f"a file is incomplete ({error!r}); measure again with `make simulated-scoreboard`"
        ) from error
    for name, text in blocks.items():
        if text:
            fill(page, text, name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit code 0, or 2 with a message where a page cannot be filled."""
    parser = argparse.ArgumentParser(
        description="Tables of heat maps and counterfactual pairs, put into a page."
    )
    parser.add_argument("page", type=Path, metavar="PAGE.md")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE.json")
    chosen = parser.parse_args(arguments)
    try:
        fill_page(chosen.page, chosen.files)
    except RrgError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(chosen.page)
    return 0


if __name__ == "__main__":
    sys.exit(main())
