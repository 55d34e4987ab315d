"""The scoreboard in the app: what files hold, what is missing and why; tables and plots of it."""

import json
import re
from dataclasses import replace

import pytest

from rrg.app import benchmark, headline, present_benchmark, present_words
from rrg.app.library import Library
from rrg.app.view import Page
from rrg.evaluation.result_file import summary
from tests.app.doubles import library, room
from tests.app.test_present import NASTY, Tags
from tests.evaluation.results import made_references, made_result


def named(name: str, **changes) -> dict:
    """A made result of a model of this name."""
    result = made_result(name, {"baseline": 0.2, "aligned": 0.5, "hard-negative": 0.8}[name], len(name))
    return result | changes


@pytest.fixture(scope="module")
def results():
    return {name: named(name) for name in ("baseline", "aligned", "hard-negative")}


@pytest.fixture
def shelf(tmp_path, results) -> Library:
    """Three checkpoints with their scores."""
    shelf, _ = library(tmp_path / "checkpoints")
    for name, result in results.items():
        put(shelf, name, summary(result))
    return shelf


def put(shelf, name, value) -> None:
    text = value if isinstance(value, str) else json.dumps(value)
    (shelf.root / "made" / name / "metrics.json").write_text(text)


def test_all_checkpoints_of_a_collection_in_the_order_of_the_ladder(shelf, tmp_path):
    board = benchmark.board(shelf, "made", tmp_path / "runs")
    assert [result["system"]["name"] for result in board.results] == ["baseline", "aligned", "hard-negative"]
    assert board.missing == board.detailed == ()
    assert benchmark.board(shelf, "unknown").results == ()


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("not json", "metrics.json is not JSON"),
        ("{}", "names no schema"),
        ('{"schema": 1}', "schema 1, which is no longer read; evaluate again"),
        ('{"schema": 2}', "lacks system, data or metrics"),
        ('{"schema": 2, "system": {}, "data": {}, "metrics": {}}', "does not say what was scored"),
    ],
)
def test_a_file_that_cannot_be_shown_is_named_without_its_place(shelf, tmp_path, value, said):
    put(shelf, "aligned", value)
    board = benchmark.board(shelf, "made", tmp_path)
    assert [result["system"]["name"] for result in board.results] == ["baseline", "hard-negative"]
    (missing,) = board.missing
    assert missing.startswith("aligned: ")
    assert said in missing
    assert str(tmp_path) not in missing
    assert "aligned" in Tags(present_benchmark.scoreboard(board, {})).text


def test_scores_of_other_studies_never_stand_beside_the_first_ones(shelf, tmp_path, results):
    other = summary(results["aligned"])
    put(shelf, "aligned", other | {"data": {**other["data"], "split": "test"}})
    board = benchmark.board(shelf, "made", tmp_path)
    assert len(board.results) == 2
    assert "scored on other studies" in board.missing[0]


def test_a_collection_without_scores_says_how_to_get_them(tmp_path):
    shelf, _ = library(tmp_path)
    board = benchmark.board(shelf, "made")
    text = Tags(present_benchmark.scoreboard(board, {})).text
    assert text.count("`python -m rrg evaluate --summary` makes it") == 3
    assert "No checkpoint of this collection has scores" in text


def test_tables_and_plots_have_company_intervals_and_words(shelf, tmp_path):
    html = present_benchmark.scoreboard(benchmark.board(shelf, "made", tmp_path), {})
    for name in ("baseline", "aligned", "hard-negative", "(no model)", "constant", "nearest"):
        assert name in html
    assert html.count("<svg") == html.count("<figcaption>") >= 2
    assert html.count('role="img"') == html.count("<svg")
    assert "No largest misses are shown here: they need the result of every study, which is not shipped." in html


def test_five_numbers_stand_first_with_intervals_and_everything_else_is_folded(shelf, tmp_path, results):
    board = benchmark.board(shelf, "made", tmp_path)
    asked, told = headline.questions(board.results), headline.lines(board.results)
    assert len(asked) == 5
    assert all(each.title and each.words for each in asked)
    assert [line.name for line in told if not line.company] == ["baseline", "aligned", "hard-negative"]
    assert any(line.name.startswith("nearest train report") for line in told if line.company)
    metrics = results["aligned"]["metrics"]
    values = told[1].values
    scores = (
        metrics["margins"]["peer"]["embedding"]["accuracy"],
        metrics["retrieval"]["image-to-report"]["same text"]["recall@10"],
        metrics["text"]["r2gen"]["BLEU-4"],
    )
    assert [values[i].value for i in (0, 2, 4)] == pytest.approx(scores, abs=1e-5)  # the file holds five digits
    assert all(each.low <= each.value <= each.high for each in values[:3])
    html = present_benchmark.scoreboard(board, {})
    first, *folded = html.split('<details class="part">')
    assert first.count("<table") == 1
    assert len(folded) == 5
    assert all(each.startswith("<summary>") for each in folded)


def test_no_name_of_a_result_file_is_shown_and_short_names_are_explained(shelf, tmp_path):
    html = present_benchmark.scoreboard(benchmark.board(shelf, "made", tmp_path), {})
    shown = " ".join(re.findall(r">([^<]*)<", re.sub(r"<svg.*?</svg>", "", html, flags=re.DOTALL)))
    for raw in ("words, r2gen", "micro 13", "gap of", ", by image gain", "mined peer", "shuffle/"):
        assert raw not in shown
    for plain in ("as the literature counts them", "what the film adds to the likelihood", "films swapped"):
        assert plain in shown
    assert 'title="all namings together, without “no finding”"' in html
    note = present_words.note("Absent: shuffle/margins/image gain. It is not asked for.")
    said = "what the film adds to the likelihood (with the films permuted, telling reports apart)"
    assert note == f"Absent: {said}. It is not asked for."


def test_the_largest_misses_come_from_a_local_result_of_the_same_weights(shelf, tmp_path, results):
    runs = tmp_path / "runs"
    (runs / "made" / "baseline").mkdir(parents=True)
    split = results["baseline"]["data"]["split"]
    file = runs / "made" / "baseline" / f"{split}.json"
    file.write_text(json.dumps(results["baseline"]))
    board = benchmark.board(shelf, "made", runs)
    assert [result["system"]["name"] for result in board.detailed] == ["baseline"]
    truth = {study.id: study.report for study in made_references()[0].studies}
    with_texts = present_benchmark.gallery(board, truth)
    assert "missed: " in with_texts
    assert "Reference." in with_texts
    told = "No results of single studies are at hand of"
    assert f"{told} {', '.join(each['system']['name'] for each in board.results[1:])}." in with_texts
    assert "Reference." not in present_benchmark.gallery(board, {})
    stale = {**results["baseline"], "system": {**results["baseline"]["system"], "revision": "of another age"}}
    file.write_text(json.dumps(stale))
    assert benchmark.board(shelf, "made", runs).detailed == ()


def test_hostile_names_stay_text(shelf, tmp_path):
    board = benchmark.board(shelf, "made", tmp_path)
    html = present_benchmark.scoreboard(replace(board, missing=(NASTY,)), {})
    assert "<script" not in html
    assert "${" not in html


def test_the_tab_is_drawn_when_it_is_opened(tmp_path, shelf):
    desk, _ = room(tmp_path / "other")
    page = Page(replace(desk, library=shelf))
    assert "scores of the collection are being drawn" in page.benchmark.body.value
    assert "hard-negative" in page.benchmark.on_show("made")
    assert "No checkpoint" in page.benchmark.on_show(None)
