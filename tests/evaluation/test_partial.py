"""Stored batches: exact, whole, and of one key."""

import math

import pytest

from rrg.evaluation.partial import Partial, discard
from rrg.types import RrgError


def never():
    raise AssertionError("worked again")


@pytest.mark.parametrize("kept", [True, False])
def test_what_was_worked_comes_back_exactly(tmp_path, kept):
    partial = Partial(tmp_path / "p" if kept else None, "key")
    value = partial.get(3, lambda: {"x": (0.1 + 0.2, math.inf, math.nan), 0.5: "ü"})
    assert value["x"][:2] == [0.1 + 0.2, math.inf]
    assert math.isnan(value["x"][2])
    assert value["0.5"] == "ü"
    if kept:
        assert Partial(tmp_path / "p", "key").get(3, never)["x"][0] == 0.1 + 0.2


def test_another_key_starts_anew(tmp_path, caplog):
    Partial(tmp_path / "p", "one").get(0, lambda: 1)
    assert Partial(tmp_path / "p", "two").get(0, lambda: 2) == 2
    assert "started anew" in caplog.text


def test_a_batch_that_failed_is_not_there(tmp_path):
    partial = Partial(tmp_path / "p", "key")
    with pytest.raises(AssertionError):
        partial.get(0, never)
    assert partial.get(0, lambda: 4) == 4


def test_what_is_not_ours_stays(tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "letter.txt").write_text("x")
    for path in (tmp_path / "file", tmp_path / "folder"):
        with pytest.raises(RrgError, match="move it"):
            Partial(path, "key")
    with pytest.raises(RrgError, match="cannot keep"):
        Partial(tmp_path / "file" / "below", "key")
    discard(tmp_path / "folder")
    discard(tmp_path / "none")
    assert (tmp_path / "folder" / "letter.txt").is_file()
    Partial(tmp_path / "p", "key").get(0, lambda: 1)
    discard(tmp_path / "p")
    assert not (tmp_path / "p").exists()
