"""Work that survives an interruption: one small file a batch, in a folder that knows what it belongs to. Knows no metric.

The folder is private to one run and removed at its end. What is stored comes back exactly: JSON keeps every double.
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rrg.types import RrgError

logger = logging.getLogger("rrg.evaluation")

KEY = "key"


class Partial:
    """Results of batches by number. Without a folder nothing is kept, and every batch is worked anew."""

    def __init__(self, folder: Path | None, key: str) -> None:
        """`key` names model, data and settings; what another key left is thrown away, and said to be.

        RrgError where the folder cannot be made, or holds what no run of ours left.
        """
        self.folder = folder
        if folder is None:
            return
        try:
            self._open(folder, key)
        except OSError as error:
            raise RrgError(f"cannot keep partial results in {folder}: {error.strerror or error}") from error

    def _open(self, folder: Path, key: str) -> None:
        if folder.exists() and not folder.is_dir():
            raise RrgError(f"{folder} is in the way of partial results; move it, or name another --out")
        if folder.is_dir() and any(folder.iterdir()):
            if not (folder / KEY).is_file():
                raise RrgError(f"{folder} holds no partial results of ours; move it, or name another --out")
            if (folder / KEY).read_text(encoding="utf-8") == key:
                return
            logger.warning("%s is of another model, data or setting: started anew", folder)
            shutil.rmtree(folder)
        folder.mkdir(parents=True, exist_ok=True)
        _write(folder / KEY, key)

    def __contains__(self, number: int) -> bool:
        return self.folder is not None and self._file(number).is_file()

    def get(self, number: int, work: Callable[[], Any]) -> Any:
        """The JSON value of batch `number`: what is stored, else what `work` gives, which is then stored."""
        if self.folder is None:
            return json.loads(json.dumps(work()))  # as it would come back
        file = self._file(number)
        if not file.is_file():
            _write(file, json.dumps(work()))
        return json.loads(file.read_text(encoding="utf-8"))

    def _file(self, number: int) -> Path:
        assert self.folder is not None
        return self.folder / f"batch-{number:05d}.json"


def discard(folder: Path) -> None:
    """The run is over and its result written: remove what a `Partial` left, and nothing else."""
    if (folder / KEY).is_file():
        shutil.rmtree(folder, ignore_errors=True)


def _write(file: Path, text: str) -> None:
    """Whole or not at all: a kill in the middle leaves a file of another name."""
    part = file.with_suffix(".part")
    part.write_text(text, encoding="utf-8")
    part.replace(file)
