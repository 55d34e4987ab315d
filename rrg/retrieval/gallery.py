"""The reports of a training split as points on the sphere, and exact search among them.

Knows nothing of images, networks or sentences: it holds embeddings, ids and coded labels. Whatever text is
shown beside a neighbour is resolved at run time by `rrg.retrieval.texts`; none is stored.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from rrg.retrieval.texts import TextSource
from rrg.types import Neighbour, RrgError

__all__ = ["Gallery", "TextSource", "check_revision"]

FILE = "gallery.safetensors"
SCHEMA = "1"
MAX_BYTES = 9_000_000  # a file of the repository stays below this
COLUMNS = ("study_ids", "uids", "patients", "labels", "findings")
Space = Literal["report", "image"]


@dataclass(frozen=True, eq=False)
class Gallery:
    """N studies of one split, as one model embeds them.

    report (N, E) and image (N, E) float32 of unit norm; the sequences have N entries each. `labels` are the
    codes that people gave a study (empty where there are none), `findings` the coded output of the labeller
    (`rrg.data.findings.encode_findings`), `split` and `revision` say where the rows come from.
    """

    report: NDArray[np.float32]
    image: NDArray[np.float32]
    study_ids: tuple[str, ...]
    uids: tuple[str, ...]
    patients: tuple[str, ...]
    labels: tuple[tuple[str, ...], ...]
    findings: tuple[str, ...]
    split: str = "train"
    revision: str = ""
    path: Path | None = None

    def __post_init__(self) -> None:
        columns = (self.image, self.study_ids, self.uids, self.patients, self.labels, self.findings)
        if self.report.ndim != 2 or self.report.shape != self.image.shape:
            raise RrgError(f"gallery holds {self.report.shape}, {self.image.shape}; both must be (N, E)")
        if any(len(column) != len(self.report) for column in columns):
            raise RrgError("the gallery's columns differ in length; rebuild it with `python -m rrg gallery`")

    def __len__(self) -> int:
        return len(self.report)

    def search(
        self,
        query: NDArray[np.floating],
        k: int,
        exclude_study: str | None = None,
        exclude_patient: str | None = None,
        *,
        space: Space = "report",
    ) -> list[Neighbour]:
        """The k rows nearest to `query` (E,) by cosine, the study itself and its patient left out.

        Exact; equal cosines keep the order of the rows; fewer than k where the gallery is smaller. RrgError
        where `query` has another length than the gallery's embeddings or no direction.
        """
        if k < 1:
            raise RrgError(f"k is {k}; ask for at least one neighbour")
        cosine = self.cosines(query, space=space)
        order = np.argsort(-cosine, kind="stable")
        others = (int(i) for i in order if not self._excluded(int(i), exclude_study, exclude_patient))
        rows = list(islice(others, k))
        return [self.neighbour(row, float(cosine[row]), rank) for rank, row in enumerate(rows, start=1)]

    def cosines(self, query: NDArray[np.floating], *, space: Space = "report") -> NDArray[np.float64]:
        """Cosine of `query` (E,) with every row: (N,) in [-1, 1].

        einsum and not a matrix product: BLAS may sum equal rows in different orders, and ties become noise.
        """
        rows = self.report if space == "report" else self.image
        vector = np.asarray(query, dtype=np.float64)
        if vector.shape != rows.shape[1:]:
            raise RrgError(f"the query is {vector.shape}, the gallery holds {rows.shape[1:]}: other model?")
        norm = float(np.linalg.norm(vector))
        if not np.isfinite(norm) or norm == 0.0:
            raise RrgError("the query embedding has no direction (zero or not finite)")
        return np.clip(np.einsum("ne,e->n", rows.astype(np.float64), vector / norm), -1.0, 1.0)

    def neighbour(self, row: int, similarity: float, rank: int) -> Neighbour:
        """Row `row` as a value of its own, without text."""
        return Neighbour(self.study_ids[row], self.uids[row], similarity, rank, row, self.labels[row])

    def among(self, study_ids: Collection[str]) -> Gallery:
        """Only the rows of these studies, in the same order."""
        rows = [row for row, name in enumerate(self.study_ids) if name in study_ids]
        kept: Any = {name: tuple(getattr(self, name)[row] for row in rows) for name in COLUMNS}
        return replace(self, report=self.report[rows], image=self.image[rows], **kept)

    def whose(self, name: str) -> tuple[str, str]:
        """(study id, patient) of the row whose study id, or else uid, is `name`; RrgError where none has it."""
        for column in (self.study_ids, self.uids):
            if name and name in column:
                row = column.index(name)
                return self.study_ids[row], self.patients[row]
        raise RrgError(
            f"no study '{name}' among the {len(self)} of the gallery ({self.split}); give its id or uid"
        )

    def _excluded(self, row: int, study: str | None, patient: str | None) -> bool:
        same_study = study is not None and self.study_ids[row] == study
        return same_study or (bool(patient) and self.patients[row] == patient)

    def save(self, folder: str | Path) -> Path:
        """Write `folder`/gallery.safetensors: embeddings in half precision, the rest as JSON metadata."""
        if self.report.size * 4 > MAX_BYTES:
            raise RrgError(f"{len(self)} studies of {self.report.shape[1]} numbers exceed {MAX_BYTES} bytes")
        path = Path(folder) / FILE
        tensors = {"report": self.report.astype(np.float16), "image": self.image.astype(np.float16)}
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            save_file(tensors, path, metadata=dict(self._metadata()))
        except OSError as error:
            raise RrgError(f"cannot write {path}: {error.strerror or error}") from error
        if path.stat().st_size > MAX_BYTES:
            raise RrgError(f"{path} is {path.stat().st_size} bytes; the limit is {MAX_BYTES}")
        return path

    def _metadata(self) -> Iterator[tuple[str, str]]:
        yield "schema", SCHEMA
        yield "split", self.split
        yield "revision", self.revision
        for name in COLUMNS:
            yield name, json.dumps(getattr(self, name), separators=(",", ":"))

    @classmethod
    def load(cls, folder: str | Path) -> Gallery:
        """Read the gallery of a checkpoint folder, or the file itself. RrgError where there is none."""
        path = Path(folder)
        path = path / FILE if path.is_dir() else path
        if not path.is_file():
            hint = "make it with `python -m rrg gallery --checkpoint DIR --data DIR`"
            raise RrgError(f"no gallery at {path}; {hint}")
        try:
            with safe_open(path, framework="numpy") as file:
                metadata = file.metadata() or {}
                report, image = (_unit(file.get_tensor(name)) for name in ("report", "image"))
            return cls._from_parts(report, image, metadata, path)
        except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
            raise RrgError(f"{path} cannot be read as a gallery ({error!r}); rebuild it") from error

    @classmethod
    def _from_parts(
        cls, report: NDArray[np.float32], image: NDArray[np.float32], metadata: dict[str, str], path: Path
    ) -> Gallery:
        if metadata.get("schema") != SCHEMA:
            found = metadata.get("schema")
            raise RrgError(f"{path} has gallery schema {found!r}; this version reads {SCHEMA!r}: rebuild it")
        names = ("study_ids", "uids", "patients", "findings")
        study_ids, uids, patients, findings = (_strings(json.loads(metadata[name])) for name in names)
        return cls(
            report,
            image,
            study_ids,
            uids,
            patients,
            labels=tuple(_strings(codes) for codes in json.loads(metadata["labels"])),
            findings=findings,
            split=metadata.get("split", ""),
            revision=metadata.get("revision", ""),
            path=path,
        )


def _strings(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise ValueError("a list of texts was expected")
    return tuple(value)


def _unit(rows: NDArray[np.generic]) -> NDArray[np.float32]:
    """Half precision moves a row off the sphere by up to 1e-3; bring it back. (N, E) -> (N, E)."""
    if rows.ndim != 2:
        raise ValueError(f"embeddings of shape {rows.shape}, not (N, E)")
    wide = rows.astype(np.float32)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def check_revision(gallery: Gallery, revision: str) -> str | None:
    """A warning where another revision of the model than `revision` embedded the gallery, else None."""
    if gallery.revision and revision and gallery.revision != revision:
        return (
            f"the gallery was built by revision {gallery.revision}, the model is {revision}: cosines may "
            "mislead; rebuild it with `python -m rrg gallery`"
        )
    return None
