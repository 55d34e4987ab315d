"""What the browser's viewer is handed: every value of the film, and heat maps on one scale."""

import base64
import json

import numpy as np
import pytest

from rrg.app import viewer
from rrg.types import Radiograph, Saliency, View


def radiograph(pixels, view=View.FRONTAL, bits=12):
    return Radiograph(np.asarray(pixels, dtype=np.float32), view, "DICOM", bits, ())


def decoded(picture):
    flat = np.frombuffer(base64.b64decode(picture["data"]), dtype="<u2")
    return flat.reshape(picture["height"], picture["width"])


def grid(entry):
    flat = np.frombuffer(base64.b64decode(entry["values"]), dtype=np.uint8)
    return flat.reshape(entry["height"], entry["width"])


def test_every_value_of_a_16_bit_film_arrives():
    stored = np.arange(65536, dtype=np.uint16).reshape(64, 1024)
    (picture,) = viewer.pictures([radiograph(stored / np.float32(65535))])
    assert (decoded(picture) == stored).all()
    assert picture["size"] == [1024, 64]


def test_a_large_film_is_shrunk_and_says_so():
    pixels = np.zeros((600, 3000), dtype=np.float32)
    pixels[:, 1500:] = 1
    (picture,) = viewer.pictures([radiograph(pixels)])
    assert (picture["width"], picture["height"]) == (1500, 300)
    assert picture["size"] == [3000, 600]
    shown = decoded(picture)
    assert (shown[:, :740] == 0).all()
    assert (shown[:, 760:] == 65535).all()


def test_values_beyond_the_range_are_cut_not_wrapped():
    (picture,) = viewer.pictures([radiograph([[-0.2, 0.0], [1.0, 1.3]])])
    assert decoded(picture).tolist() == [[0, 0], [65535, 65535]]


def test_films_are_named_by_number_and_view():
    films = [radiograph([[0]], view) for view in (View.LATERAL, View.UNKNOWN)]
    assert viewer.titles(films) == ["Film 1, lateral", "Film 2, view not known"]


def test_both_models_share_one_scale_and_the_outside_is_marked():
    low = np.array([[0.0, 1.0], [np.nan, 2.0]], dtype=np.float32)
    high = np.array([[0.0, 4.0], [np.nan, 8.0]], dtype=np.float32)
    film = [radiograph(np.zeros((4, 4)))]
    maps = {"a": [Saliency(low, View.FRONTAL, 0)], "b": [Saliency(high, View.FRONTAL, 0)]}
    given = viewer.heat(film, maps, sentence="A made sentence.")
    assert given["scale"] == 8.0
    first, second = (grid(each["films"]["0"]) for each in given["maps"])
    assert first.tolist() == [[1, 33], [viewer.OUTSIDE, 65]]
    assert second.tolist() == [[1, 128], [viewer.OUTSIDE, 255]]
    assert json.loads(json.dumps(given)) == given


def test_no_evidence_is_not_stretched():
    flat = Saliency(np.zeros((2, 2), dtype=np.float32), View.FRONTAL, 0)
    faint = Saliency(np.full((2, 2), 0.01, dtype=np.float32), View.FRONTAL, 0)
    film = [radiograph(np.zeros((4, 4)))]
    none = viewer.heat(film, {"a": [flat]}, sentence="x")
    assert none["scale"] == 0.0
    assert (grid(none["maps"][0]["films"]["0"]) == 1).all()
    given = viewer.heat(film, {"a": [faint]}, sentence="x", scale=1.0)
    assert grid(given["maps"][0]["films"]["0"]).max() <= 4
    assert given["maps"][0]["films"]["0"]["largest"] == pytest.approx(0.01)


def test_a_map_lies_on_the_film_whose_slot_it_has():
    films = [radiograph([[0]], View.LATERAL), radiograph([[0]], View.FRONTAL)]
    frontal = Saliency(np.full((1, 1), 2, dtype=np.float32), View.FRONTAL, 0)
    lateral = Saliency(np.full((1, 1), 1, dtype=np.float32), View.LATERAL, 0)
    given = viewer.heat(films, {"a": [frontal, lateral]}, sentence="x")
    shown = given["maps"][0]["films"]
    assert grid(shown["1"])[0, 0] == 255
    assert grid(shown["0"])[0, 0] == 128
