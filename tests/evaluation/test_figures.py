"""Figures hold the numbers they were given, and their markup is fit to stand inside a page."""

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from rrg.evaluation import figures

SERIES = {
    "a": {"side": {"accuracy": 0.6, "low": 0.5, "high": 0.7}},
    "b": {"side": {"accuracy": 0.9, "low": None, "high": None}},
}


def drawn():
    rows = {
        "x": {"difference": 0.1, "low": 0.02, "high": 0.2, "finding": "B is higher"},
        "y": {"difference": 0.0, "low": -0.1, "high": 0.1, "finding": "no difference found"},
        "z": {"difference": 0.2, "low": 0.1, "high": 0.3, "finding": "too few studies"},
    }
    return {
        "recall": figures.recall_curves({"a": [(1, 0.1), (10, 0.5)], "b": [(1, 0.2), (10, 0.6)]}, [(1, 0.01), (10, 0.1)]),
        "intervals": figures.intervals(SERIES, "accuracy"),
        "bars": figures.bars({"a": {"Edema": 0.5, "Fracture": None}}, "F1", {"Edema": "(7)"}),
        "histograms": figures.histograms({"a": [-1.0, 0.5, 2.0], "b": []}, "margin"),
        "pairs": figures.pairs({"a": {"BLEU-4": (0.4, 0.1)}}, "score", ("own", "other")),
        "forest": figures.forest(rows),
    }  # fmt: skip


def lines(figure):
    return [line.get_xydata() for line in figure.axes[0].lines]


@pytest.mark.parametrize("name", drawn())
def test_the_markup_stands_alone_and_takes_the_pages_ink(name):
    svg = figures.to_svg(drawn()[name], 'what "it" shows & <more>')
    root = ElementTree.fromstring(svg)
    assert root.attrib["role"] == "img"
    assert root.attrib["aria-label"] == 'what "it" shows & <more>'
    assert figures.INK not in svg
    assert "currentColor" in svg
    assert not re.search(r"https?://(?!www\.w3\.org)|<script|<image|<style[^>]*>[^<]*@import", svg)
    assert "</text>" in svg
    assert figures.to_svg(drawn()[name], "x") == figures.to_svg(drawn()[name], "x")


def test_hostile_names_are_no_markup():
    figure = figures.bars({"<script>alert(1)</script>": {"<b>": 0.5}}, "F1")
    svg = figures.to_svg(figure, "x")
    assert "<script" not in svg
    assert "<b>" not in svg


def test_points_and_intervals_are_where_the_numbers_are():
    curves = lines(drawn()["recall"])
    assert curves[0].tolist() == [[1, 0.1], [10, 0.5]]
    assert curves[2].tolist() == [[1, 0.01], [10, 0.1]]
    shares = lines(drawn()["intervals"])
    assert shares[0][:, 0].tolist() == [0.5, 0.7]
    assert shares[1][:, 0].tolist() == [0.6]
    assert shares[2][:, 0].tolist() == [0.9]  # no interval is known, and none is drawn
    assert shares[3][:, 0].tolist() == [0.5, 0.5]  # the coin


def test_bars_say_where_there_is_no_value_and_how_many_there_are():
    axes = drawn()["bars"].axes[0]
    assert [text.get_text() for text in axes.texts] == ["no value"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Edema  (7)", "Fracture"]


def test_a_histogram_counts_everything_also_what_lies_far_out():
    figure = figures.histograms({"a": [*np.linspace(-1, 1, 998), -50, 50]}, "margin")
    outline = figure.axes[0].patches[0].get_xy()
    edges, heights = outline[1:-1:2, 0], outline[1:-1:2, 1]
    assert len(edges) == 30
    assert heights.sum() == 1000


def test_a_difference_that_is_not_found_is_hollow():
    marks = [line for line in drawn()["forest"].axes[0].lines if line.get_marker() == "o"]
    assert [mark.get_markerfacecolor() == "none" for mark in marks] == [False, True, True]


def test_colours_are_legible_on_white_and_on_the_dark_page():
    def luminance(colour):
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return float(np.dot(linear, [0.2126, 0.7152, 0.0722]))

    for colour in (*figures.COLOURS, figures.INK):
        for ground in ("#ffffff", "#161c23"):
            light, dark = sorted((luminance(colour), luminance(ground)), reverse=True)
            assert (light + 0.05) / (dark + 0.05) >= 3, (colour, ground)
