"""Checkpoints found, loaded once, and failures that do not stick."""

import threading
from pathlib import Path

import pytest

from rrg.app.library import Key, Library, title_of
from rrg.types import RrgError
from tests.app.doubles import PAIR, library


def test_the_ladder_comes_in_order_and_other_names_after(tmp_path):
    shelf, _ = library(tmp_path)
    (tmp_path / "made" / "another").mkdir()
    (tmp_path / "made" / "another" / "config.json").write_text("{}")
    (tmp_path / "made" / "unfinished").mkdir()
    assert shelf.collections() == {"made": ("baseline", "aligned", "hard-negative", "another")}


def test_nothing_there_is_no_error(tmp_path):
    assert Library(tmp_path / "none", lambda folder: None).collections() == {}


def test_each_checkpoint_is_loaded_once_however_many_ask(tmp_path):
    shelf, _ = library(tmp_path)
    opened = []
    inner = shelf._load
    shelf._load = lambda folder: (opened.append(folder.name), inner(folder))[1]
    asking = [threading.Thread(target=shelf.get, args=(PAIR[0],)) for _ in range(8)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert opened == ["baseline"]
    assert shelf.loading().ready == ("made/baseline",)


def test_a_failure_is_told_and_tried_again(tmp_path):
    shelf, made = library(tmp_path)
    broken = tmp_path / "made" / "baseline" / "broken"
    broken.touch()
    with pytest.raises(RrgError, match="cut short"):
        shelf.get(PAIR[0])
    assert shelf.loading().failed == (("made/baseline", "its weights are cut short"),)
    broken.unlink()
    assert shelf.get(PAIR[0]) is made["baseline"]
    assert shelf.loading().failed == ()


@pytest.mark.parametrize("key", [Key("made", "nothing"), Key("..", "made"), Key("made/..", "made")])
def test_only_names_below_the_root_are_opened(tmp_path, key):
    shelf, _ = library(tmp_path / "root")
    with pytest.raises(RrgError, match="at hand: made/baseline") as refused:
        shelf.get(key)
    assert str(tmp_path) not in str(refused.value)


def test_where_the_library_lies_is_not_told(tmp_path, monkeypatch):
    def load(folder):
        raise RrgError(f"no gallery at {folder.resolve()}/gallery.safetensors: rrg gallery --checkpoint {folder}")

    library(tmp_path / "root")
    monkeypatch.chdir(tmp_path)
    for root in (tmp_path / "root", Path("root")):
        shelf = Library(root, load)
        with pytest.raises(RrgError) as refused:
            shelf.get(PAIR[0])
        told = "no gallery at made/baseline/gallery.safetensors: rrg gallery --checkpoint made/baseline"
        assert str(refused.value) == told
        assert shelf.loading().failed == (("made/baseline", told),)


def test_loading_can_be_watched(tmp_path):
    gate = threading.Event()
    shelf, made = library(tmp_path)
    shelf._load = lambda folder: (gate.wait(10), made[folder.name])[1]
    shelf.request(*PAIR)
    assert set(shelf.loading().waiting) == {"made/baseline", "made/hard-negative"}
    assert not shelf.loading().knows(*PAIR)
    gate.set()
    for key in PAIR:
        shelf.get(key)
    assert shelf.loading().knows(*PAIR)


def test_a_collection_without_a_title_is_called_by_its_folder():
    assert title_of("iu-xray") == "IU X-Ray radiographs"
    assert title_of("my-own") == "my-own"
