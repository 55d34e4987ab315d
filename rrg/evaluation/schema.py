"""The shape of result files, and its version. Knows what a comparison and a page take for granted, no metric.

docs/results.md says it in words. What is not named here may be there or not; what is named must be of its kind, so
that a damaged, foreign or outdated file is refused by name, not by a traceback later.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from rrg.evaluation.corpus import COUNTS
from rrg.types import RrgError

SCHEMA = 2
COMPARISON = "comparison"

Number = FiniteFloat | None
Numbers = dict[str, Number]


class _Part(BaseModel):
    model_config = ConfigDict(extra="allow", strict=False)


class System(_Part):
    """What was scored: a checkpoint, or a file of reports."""

    kind: Literal["checkpoint", "reports"]
    name: str
    revision: str | None = None


class Data(_Part):
    """On which studies."""

    split: str
    studies: Annotated[int, Field(ge=0)]
    faults: dict[str, Any] = {}


class Statistics(_Part):
    """What one study adds to corpus scores."""

    bleu: Annotated[list[int] | None, Field(alias="BLEU", min_length=COUNTS, max_length=COUNTS)] = None


class Margins(_Part):
    """How much better the true report fits one image than a false one."""

    hardness: Numbers = {}
    facts: list[Annotated[list[str | Number], Field(min_length=4)]] = []


class Study(_Part):
    """One study's own numbers."""

    id: str
    text: str | None = None
    loss: Number = None
    tokens: int | None = None
    findings: str | None = None
    reference_findings: Annotated[str | None, Field(alias="reference findings")] = None
    scores: dict[str, Numbers] = {}
    statistics: dict[str, Statistics] = {}
    coded: list[str] | None = None
    clinical: Numbers = {}
    ranks: dict[str, int] = {}
    margins: Margins | None = None


class Result(_Part):
    """A file that `evaluate --out` wrote."""

    schema_: Annotated[int, Field(alias="schema")]
    system: System
    data: Data
    metrics: dict[str, Any]
    company: dict[str, dict[str, Any]] = {}
    studies: list[Study]


def read_result(path: str | Path) -> dict[str, Any]:
    """A file that `evaluate --out` wrote. RrgError where it is missing, broken, outdated or of another kind."""
    value = read_json(path)
    check_version(value, path)
    try:
        Result.model_validate(value)
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"]))
        raise RrgError(
            f"{path} holds no per-study results of schema {SCHEMA}: {where}: {fault['msg']}. Give a file that "
            "`python -m rrg evaluate --out` wrote"
        ) from error
    return value


def read_comparison(path: str | Path) -> dict[str, Any]:
    """A file that `compare --out` wrote. RrgError where it is missing, broken, outdated or of another kind."""
    value = read_json(path)
    if value.get("kind") != COMPARISON or not isinstance(value.get("differences"), dict):
        raise RrgError(f"{path} is no comparison; give a file that `python -m rrg compare --out` wrote")
    check_version(value, path)
    return value


def check_version(value: dict[str, Any], path: str | Path) -> None:
    """RrgError where `value` is of another schema than this program writes."""
    found = value.get("schema")
    if found == SCHEMA:
        return
    if not isinstance(found, int):
        raise RrgError(f"{path} names no schema; give a file that `python -m rrg evaluate --out` wrote")
    if found > SCHEMA:
        raise RrgError(f"{path} is of schema {found}, newer than the {SCHEMA} read here; update this program")
    raise RrgError(
        f"{path} is of schema {found}, which is no longer read; evaluate again to get schema {SCHEMA}"
    )


def read_json(path: str | Path) -> dict[str, Any]:
    """One JSON object. RrgError where the file cannot be read or holds something else."""
    try:
        value = json.loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise RrgError(f"cannot read {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise RrgError(
            f"{path} is not JSON ({error}); give a file that `python -m rrg evaluate --out` wrote"
        ) from error
    if not isinstance(value, dict):
        raise RrgError(f"{path} must hold a JSON object, as `python -m rrg evaluate --out` writes it")
    return value
