"""Neighbours held against the model's own report: sign and word for every sentence, pictures only where there are any."""

import re
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rrg.app.pictures import Pictures
from rrg.app.present_neighbours import neighbours
from rrg.data.datasets import load_studies
from rrg.retrieval.texts import OPENI
from tests.app.doubles import PAIR, film, neighbour, room
from tests.app.test_present import Tags


@pytest.fixture
def reading(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    return desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR).reading


def with_neighbours(reading, *found):
    return replace(reading, models=tuple(replace(m, neighbours=found) for m in reading.models))


def test_every_sentence_is_held_against_the_own_report_of_its_model(reading):
    text = "The heart size is normal. Large left pleural effusion. Small hiatal hernia."
    html = neighbours(with_neighbours(reading, neighbour(text)))
    assert re.findall(r'<li class="line (\w+)"', html) == ["agrees", "contradicts", "alone"] * 2
    seen = Tags(html).text
    assert seen.count("✓ matchesThe heart size is normal.") == 2
    assert seen.count("≠ contradictsLarge left pleural effusion.") == 2
    assert seen.count("+ only hereSmall hiatal hernia.") == 2
    assert "its own report: Pleural Effusion absent" in seen  # what the baseline wrote
    assert seen.count("Of 3 neighbouring sentences: ✓ 1 matches~ 0 differs≠ 1 contradicts+ 1 only here") == 2


def test_similarity_rank_and_source_are_told(reading):
    seen = Tags(neighbours(reading)).text
    assert "0.800 cosinestudy MADE1" in seen
    assert seen.count("= found by both models") == 6
    first, second = reading.models
    apart = replace(reading, models=(first, replace(second, neighbours=(neighbour(rank=9),))))
    assert "found by both" not in neighbours(apart)


def test_an_absent_text_and_no_neighbour_are_said(reading):
    assert "not at hand" in neighbours(with_neighbours(reading, neighbour(None)))
    assert "<li>none</li>" in neighbours(with_neighbours(reading))


def test_reports_of_the_archive_bear_their_attribution(reading):
    assert OPENI not in neighbours(reading)
    assert f"Training reports: {OPENI}." in neighbours(with_neighbours(reading, neighbour(uid="7")))


def test_pictures_stand_beside_their_reports_with_words(reading):
    html = neighbours(reading, {"MADE1": ("data:image/png;base64,AA", "data:image/png;base64,BB")})
    assert html.count("<img") == 4
    assert 'alt="Film 2 of 2 of training study MADE1"' in html
    assert "<img" not in neighbours(reading)


def test_a_data_folder_gives_small_pictures_of_the_studies_asked_for(cohort):
    studies = [study for study in load_studies(cohort, "train") if study.images]
    drawn = Pictures(cohort).of([studies[0].id, "nobody"])
    assert list(drawn) == [studies[0].id]
    assert len(drawn[studies[0].id]) == len(studies[0].images[:2])
    assert all(address.startswith("data:image/png;base64,") for address in drawn[studies[0].id])
    assert Pictures().of([studies[0].id]) == {}


def test_a_film_that_cannot_be_read_is_left_out_and_not_named(tmp_path, caplog):
    from rrg.app import pictures
    from rrg.types import View

    broken, whole = tmp_path / "secret.png", tmp_path / "whole.png"
    broken.write_bytes(b"no picture")
    Image.fromarray(np.arange(6400, dtype=np.uint16).reshape(80, 80).astype(np.uint8)).save(whole)
    drawn = pictures._films((broken, whole), (View.FRONTAL, View.FRONTAL))
    assert len(drawn) == 1
    assert "cannot be shown" in caplog.text
    assert "secret" not in caplog.text
