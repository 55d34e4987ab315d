"""A reading as files: complete, documented, marked, and without anything of the patient."""

import io
import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfReader

from rrg.app.compare import LabelledText, Verdict
from rrg.app.export import SCHEMA, export
from rrg.app.export_files import FORMATS, export_file
from rrg.app.export_pdf import BOTTOM, FILM_HEIGHT, PAGE, _paged, as_pdf
from rrg.app.export_text import CORRECTED, OVERRIDDEN, Line, as_text, lines
from rrg.app.study import NOTICE, Correction
from rrg.app.view import Page
from rrg.retrieval.texts import OPENI
from rrg.types import RrgError
from tests.app.doubles import PAIR, TEXTS, film, neighbour, room

DOCUMENT = (Path(__file__).parents[2] / "docs" / "export.md").read_text(encoding="utf-8")
SECRET = "DOE_JANE_1955"


@pytest.fixture
def opened(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    return desk, desk.open_files([film(tmp_path / f"{SECRET}.png")])


@pytest.fixture
def study(opened):
    desk, study = opened
    return desk.read_at_once(study, PAIR)


def keys(value) -> set[str]:
    if isinstance(value, dict):
        return set(value) | {key for each in value.values() for key in keys(each)}
    return {key for each in value for key in keys(each)} if isinstance(value, list) else set()


def pages_of(pdf: bytes) -> list[str]:
    """Of each page its words, however they are broken into lines."""
    return [" ".join(page.extract_text().split()) for page in PdfReader(io.BytesIO(pdf)).pages]


def films_of(pdf: bytes) -> list[list[tuple[int, int]]]:
    """Page -> sizes of its pictures; matplotlib folds equal ones into one object."""
    return [[image.image.size for image in page.images] for page in PdfReader(io.BytesIO(pdf)).pages]


def test_every_field_is_documented(study):
    value = json.loads(export_file(study, "json").content)
    assert value["schema"] == SCHEMA
    settings = set(value["settings"]["revision"])
    undocumented = {key for key in keys(value) - settings if f"`{key}`" not in DOCUMENT}
    assert undocumented == set()
    assert f"version {SCHEMA['version']}" in DOCUMENT


@pytest.mark.parametrize("form", FORMATS)
def test_no_file_name_and_no_patient_in_any_format(study, form):
    made = export_file(study, form)
    assert made.name == f"reading.{form}"
    assert SECRET.encode() not in made.content
    assert SECRET.lower().encode() not in made.content.lower()


def test_the_text_has_both_reports_their_findings_and_the_notice(study):
    text = as_text(export(study))
    assert NOTICE in text
    for name, report in TEXTS.items():
        assert (report.split(". ")[0] in text) is (name != "aligned")
    for part in (
        "Report of baseline",
        "[contradicts: ",
        "Pleural Effusion present",
        "MADE1",
        "lambda",
        "seed: 0",
    ):
        assert part in text
    assert "false by construction" in text
    assert OVERRIDDEN not in text
    assert CORRECTED not in text


def test_what_differs_is_exported_with_its_reason(study):
    first, second = study.reading.models
    other = LabelledText.of("Large right pleural effusion.")
    models = (first, replace(second, sentences=other.sentences, findings=other.findings))
    small = LabelledText.of("Small right pleural effusion.")
    models = (replace(first, sentences=small.sentences, findings=small.findings), models[1])
    value = export(replace(study, reading=replace(study.reading, models=models)))
    assert [each["verdict"] for each in value["models"][0]["sentences"]] == ["differs"]
    assert "(differs in severity: small / large)]" in as_text(value)
    assert all(f'"{verdict}"' in DOCUMENT for verdict in Verdict)


def test_reports_of_the_archive_bear_their_attribution_in_every_format(study):
    assert export(study)["attribution"] is None
    assert OPENI not in as_text(export(study))
    archived = archived_peer(study)
    assert json.loads(export_file(archived, "json").content)["attribution"] == OPENI
    assert OPENI in export_file(archived, "txt").content.decode()
    assert OPENI in " ".join(pages_of(export_file(archived, "pdf").content))
    own = replace(study, reference="No pneumothorax.", own=("CXR7_IM-1", "iu:7"))
    assert export(own)["attribution"] == OPENI
    assert export(replace(own, own=("MADE7", "made:7")))["attribution"] is None


def archived_peer(study):
    first, second = study.reading.models
    negatives = replace(first.hard_negatives, peer=neighbour(uid="7"))
    models = (replace(first, hard_negatives=negatives), second)
    return replace(study, reading=replace(study.reading, models=models))


def test_a_forced_or_corrected_reading_is_marked_in_every_format(tmp_path):
    desk, _ = room(tmp_path / "checkpoints", chest=False)
    opened = desk.correct(desk.open_files([film(tmp_path / "a.png")]), [Correction(invert=True)])
    forced = desk.read_at_once(opened, PAIR, override=True)
    assert json.loads(export_file(forced, "json").content)["read_against_screening"] is True
    text = export_file(forced, "txt").content.decode()
    assert OVERRIDDEN in text
    assert CORRECTED in text
    for page in pages_of(export_file(forced, "pdf").content):
        assert OVERRIDDEN in page
        assert CORRECTED in page
    refused = export_file(desk.read_at_once(opened, PAIR), "txt").content.decode()
    assert "No report was drafted" in refused
    assert "this looks like a leg" in refused


def test_every_page_of_the_pdf_bears_the_notice_and_its_number(study):
    reading = study.reading
    long = replace(
        reading.models[0], sentences=tuple(f"Sentence {i} costs $5 and {{x}}." for i in range(120))
    )
    pages = pages_of(
        export_file(replace(study, reading=replace(reading, models=(long, reading.models[1]))), "pdf").content
    )
    assert len(pages) > 2
    for number, page in enumerate(pages, 1):
        assert NOTICE in page
        assert f"page {number} of {len(pages)}" in page
    whole = " ".join(pages)
    assert all(f"Sentence {i} costs $5 and {{x}}." in whole for i in range(120))


def test_the_pdf_shows_the_films_and_is_the_same_twice(study):
    value = export(study)
    pdf = as_pdf(value, study.films)
    assert pdf.startswith(b"%PDF")
    assert pdf == as_pdf(value, study.films)
    assert films_of(pdf)[0] == [(80, 96)]
    assert films_of(as_pdf(value, study.films * 2))[0] == [(80, 96)] * 2
    assert not re.search(rb"CreationDate", pdf)


def test_no_line_of_the_pdf_leaves_its_page():
    told = [
        Line("title", "t"),
        *(Line("text", f"{'word ' * 40}{i}") for i in range(90)),
        Line("heading", "last"),
    ]
    sheets = list(_paged(iter(told), FILM_HEIGHT))
    assert len(sheets) > 3
    assert all(line.y + line.style.size / 72 <= PAGE[1] - BOTTOM for sheet in sheets for line in sheet)
    assert " ".join(line.text for sheet in sheets for line in sheet).count("word") == 40 * 90


def test_a_neighbours_text_is_not_divided_nor_parted_from_its_head():
    for before in range(30, 60):
        told = [*(Line("text", "before") for _ in range(before)), Line("item", "head"), Line("small", "word " * 60)]
        places = [{line.text.split()[0] for line in sheet} for sheet in _paged(iter(told), 0.0)]
        assert sum("head" in page for page in places) == sum("word" in page for page in places) == 1
        assert any({"head", "word"} <= page for page in places), before


def test_what_cannot_be_exported_is_said(study):
    with pytest.raises(RrgError, match="json, txt, pdf"):
        export_file(study, "docx")
    with pytest.raises(RrgError, match="No film is open"):
        export_file(None, "json")


def test_an_unread_film_is_exported_as_such(opened):
    _, study = opened
    assert "Nothing has been read yet." in [line.text for line in lines(export(study))]
    assert export_file(study, "pdf").content.startswith(b"%PDF")


def test_the_buttons_give_links_that_carry_their_file(tmp_path, study):
    desk, _ = room(tmp_path / "other")
    page = Page(desk)
    handlers = {
        form: next(
            f.fn
            for f in page.demo.fns.values()
            if f.targets and f.targets[0][0] == page.export.buttons[form]._id
        )
        for form in FORMATS
    }
    for form, handler in handlers.items():
        (link,) = handler(study).values()
        assert f'download="reading.{form}"' in link
        assert "base64," in link
    assert "No film is open" in handlers["pdf"](None)[page.panel.notice]
