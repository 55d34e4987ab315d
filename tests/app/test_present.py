"""Values to HTML: all text is text, meaning is in words, both themes are served."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from rrg.app import present, present_negatives, present_neighbours, present_reports
from rrg.app.library import Key, Loading
from rrg.data.findings import label_report
from rrg.data.reports import sentences
from rrg.types import Report
from tests.app.doubles import PAIR, film, neighbour, room

NASTY = (
    "<script>alert(1)</script> <img src=x onerror=alert(2)> ${alert(3)} {{alert}} `x` \"q\" 'q' & "
    "No pneumothorax."
)


class Tags(HTMLParser):
    """Collects tags, attributes and text; an unbalanced page is an error."""

    VOID = frozenset({"img", "br"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags, self.open, self.attributes, self.text = [], [], [], ""
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data


@pytest.fixture
def study(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    return desk.read_at_once(desk.open_files([film(tmp_path / "a.png")]), PAIR)


@pytest.fixture
def hostile(study):
    """The same study where every text that comes from outside tries to be code."""
    models = tuple(
        replace(
            m,
            model=NASTY,
            report=Report(NASTY),
            sentences=(NASTY,),
            neighbours=(replace(neighbour(NASTY), study_id=NASTY, labels=(NASTY,)),),
            hard_negatives=replace(
                m.hard_negatives, reason=NASTY, peer=replace(neighbour(NASTY), study_id=NASTY)
            ),
        )
        for m in study.reading.models
    )
    reading = replace(study.reading, models=models, positive=NASTY, positive_source=NASTY, warnings=(NASTY,))
    return replace(study, reading=reading, reference=NASTY, origin=NASTY)


PAGES = (
    present_reports.reports,
    present_reports.findings,
    lambda study: present_neighbours.neighbours(study.reading),
    lambda study: present_negatives.negatives(study.reading),
    lambda study: present_negatives.negative_at(study.reading, 0.5),
)


@pytest.mark.parametrize("page", PAGES)
def test_hostile_text_stays_text(hostile, page):
    html = page(hostile)
    seen = Tags(html)
    assert "script" not in seen.tags
    assert not [name for name in seen.attributes if name.startswith("on")]
    assert "${" not in html
    assert "{{" not in html
    assert "`" not in html


@pytest.mark.parametrize("text", [NASTY])
def test_it_reads_as_it_was_written(text):
    assert Tags(f"<p>{present.esc(text)}</p>").text == text
    for html in (
        present.refusal(text, True),
        present.working(text),
        present_reports.drafts([text, text], [text, text]),
    ):
        assert text in Tags(html).text


@pytest.mark.parametrize("page", PAGES)
def test_ordinary_pages_are_well_formed(study, page):
    assert len(Tags(page(study)).text) > 20


def test_every_sentence_carries_sign_and_word(study):
    html = present_reports.reports(study)
    chips = re.findall(r'<li class="chip (\w+)".*?</li>', html)
    assert chips == ["agrees", "contradicts", "agrees", "agrees", "contradicts", "agrees", "alone"]
    text = Tags(html).text
    for word in ("✓ agrees", "+ only here", "≠ contradicts", "greedy", "seed 0", "0123456789ab"):
        assert word in text


def test_what_differs_is_said_in_chips_table_and_legend(study):
    first, second = study.reading.models
    models = tuple(
        replace(model, sentences=tuple(sentences(text)), findings=tuple(label_report(text)))
        for model, text in ((first, "Large right effusion."), (second, "Small right effusion. Left effusion."))
    )
    changed = replace(study, reading=replace(study.reading, models=models), reference="Small right effusion.")
    html = present_reports.reports(changed)
    assert re.findall(r'<li class="chip (\w+)"', html)[:3] == ["differs", "differs", "alone"]
    assert "~ reference differs" in Tags(html).text
    assert "small right Pleural Effusion present (differs in severity: large / small)" in Tags(html).text
    assert "by the findings named: ✓ agrees+ only here~ differs≠ contradicts" in Tags(html).text
    row = Tags(present_reports.findings(changed)).text
    assert "● present right, small● present left" in row
    assert row.endswith("~ differs in severity")


def test_what_agrees_in_part_is_not_called_a_contradiction(study):
    first, second = study.reading.models
    findings = [tuple(label_report(text)) for text in ("Right effusion.", "Left effusion. Right effusion.")]
    models = tuple(replace(m, findings=f) for m, f in zip((first, second), findings, strict=True))
    changed = replace(study, reading=replace(study.reading, models=models))
    assert Tags(present_reports.findings(changed)).text.endswith("~ agrees in part")


def test_what_all_deny_takes_one_row_below_what_any_says_is_there(study):
    rows = re.findall(r"<tr>(.*?)</tr>", present_reports.findings(study).split("<tbody>")[1])
    told = [Tags(row).text for row in rows]
    assert told[0].startswith("Pleural Effusion")
    assert "right, small" in told[0]
    assert told[-1] == "Cardiomegaly, Pneumothorax○ absent in both reports"
    denied = replace(study, reference="There is a pneumothorax.")
    assert "absent in" not in Tags(present_reports.findings(denied)).text
    agreed = Tags(present_reports.findings(replace(study, reference="No pneumothorax."))).text
    assert "Pneumothorax○ absent in both reports and the reference" in agreed


def test_pictures_have_alternative_text_and_the_resolution_is_stated(study):
    images = re.findall(r"<img[^>]*>", present.record(study))
    assert images
    assert all(re.search(r'alt="[^"]+"', image) for image in images)
    assert "160 × 160 px" in present.record(study)
    assert "thin pneumothorax cannot be judged" in present.record(study)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (Loading((), ("made/baseline",), ()), "Models loading: made/baseline and made/hard-negative"),
        (Loading(("made/baseline", "made/hard-negative"), (), ()), "Models ready"),
        (Loading(("made/baseline",), (), ()), "Models loading: made/hard-negative"),
        (
            Loading((), (), (("made/baseline", "its weights are cut short"),)),
            "cannot be loaded: its weights are cut short",
        ),
    ],
)
def test_the_state_of_the_models_is_said(state, words):
    assert words in Tags(present.loading(state, PAIR)).text


def test_without_two_checkpoints_the_page_says_so():
    assert "Fewer than two checkpoints" in present.loading(Loading((), (), ()), None)
    assert str(Key("made", "baseline")) == "made/baseline"
