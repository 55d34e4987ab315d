"""Runs become rungs, rungs stand beside the references of their own recipe, and no number is lost on the way."""

import json

import numpy as np
import pytest

from rrg.evaluation.ladder import ALIGNMENT, BASE, PLAIN, SHOWN, climb, read_ladder, reference
from rrg.evaluation.ladder_page import page
from rrg.evaluation.ladder_tables import DAGGER, gains, level_words, markdown, plain, range_words, scores
from rrg.evaluation.measures import measures
from rrg.evaluation.resampling import Level, Runs, differences
from rrg.evaluation.result_file import without_texts
from rrg.evaluation.results import table
from rrg.types import RrgError
from tests.evaluation.results import made_result

OBJECTIVES = {
    "base": {"detach": True},
    "alignment": {},
    "mined": {"peers": True},
    "arc": {"peers": True, "synthesis": "arc"},
    "arc-flips": {"peers": True, "synthesis": "arc", "flips": True},
}
FLIPPED = "margins/counterfactual/embedding/all/balanced accuracy"
RECALL = "retrieval/image-to-report/same text/recall@10"


def run(name, seed, right=0.3, objective=None, **config):
    objective = {"alignment": 0.2, **(OBJECTIVES[name] if objective is None else objective)}
    number = sum(map(ord, name)) + 100 * seed
    result = without_texts(made_result(name, right, number))
    _ask_the_same(result["studies"], right, np.random.default_rng(number))
    return {
        "run": name,
        "seed": seed,
        "config": {"objective": objective, "optimiser": {"batch_size": 32}, "seed": seed, **config},
        **result,
    }


def _ask_the_same(studies, right, random):
    """All systems are asked about the same flipped facts."""
    for study, asked in zip(studies, made_result()["studies"], strict=True):
        facts = [
            [*fact[:2], *random.normal(right, 1, 4).tolist(), fact[6]] for fact in asked["margins"]["facts"]
        ]
        study["margins"]["facts"] = facts


def write(folder, runs):
    for each in runs:
        (folder / f"{each['run']}-seed{each['seed']}.json").write_text(json.dumps(each))
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    cmn = {"model": {"family": "r2gen_cmn"}}
    return write(
        tmp_path_factory.mktemp("ladder"),
        [
            run("base", 0, 0.1),
            run("base", 1, 0.1),
            run("alignment", 0),
            run("alignment", 1),
            run("mined", 0),
            run("arc", 0, 0.95),
            run("arc", 1, 0.95),
            run("arc-flips", 0),
            run("cmn-arc", 0, objective=OBJECTIVES["arc"], **cmn),
            run("cmn-base", 0, objective=OBJECTIVES["base"], **cmn),
        ],
    )


@pytest.fixture(scope="module")
def rungs(folder):
    return read_ladder(folder)


@pytest.fixture(scope="module")
def ladder(rungs):
    return climb(rungs, np.random.default_rng(0), 300)


def test_runs_become_rungs_in_the_order_of_the_method(ladder):
    first, second = ladder.groups.items()
    assert [rung.name for rung in first[1]] == ["base", "alignment", "mined", "arc", "arc-flips"]
    assert first[1][3].seeds == (0, 1)
    assert first[0] == "transformer"
    assert second[0] == "r2gen_cmn"
    assert [rung.name for rung in second[1]] == ["cmn-base", "cmn-arc"]


def test_a_rung_stands_beside_references_of_its_own_recipe(ladder):
    assert ladder.references["arc", ALIGNMENT] == "alignment"
    assert ladder.references["arc", BASE] == "base"
    assert ladder.references["alignment", BASE] == "base"
    assert ladder.references["cmn-arc", BASE] == "cmn-base"
    assert ("cmn-arc", ALIGNMENT) not in ladder.references
    assert not [pair for pair in ladder.references if pair[0] in ("base", "cmn-base")]


def test_other_peers_are_a_side_rung_beside_the_same_references(tmp_path):
    pool = run("arc-pool", 0, objective=OBJECTIVES["arc"], mining={"among": 8})
    rungs = read_ladder(write(tmp_path, [run(name, 0) for name in ("alignment", "mined", "arc")] + [pool]))
    assert [rung.name for rung in rungs] == ["alignment", "mined", "arc", "arc-pool"]
    assert reference(rungs[3], list(rungs), ALIGNMENT).name == "alignment"


def test_what_counts_as_the_same_report_is_part_of_the_recipe(tmp_path):
    same = [
        run(f"{name}-same", 0, objective=OBJECTIVES[name], mining={"same": "findings"}) for name in ("alignment", "arc")
    ]
    rungs = {rung.name: rung for rung in read_ladder(write(tmp_path, [run("alignment", 0), run("arc", 0), *same]))}
    assert reference(rungs["arc-same"], list(rungs.values()), ALIGNMENT).name == "alignment-same"
    assert reference(rungs["arc"], list(rungs.values()), ALIGNMENT).name == "alignment"


def test_of_several_alignment_rungs_the_one_of_the_same_weight_is_taken(tmp_path):
    heavy = run("heavy", 0, objective={"alignment": 0.5})
    arc = run("arc", 0, objective={"alignment": 0.5, **OBJECTIVES["arc"]})
    rungs = {rung.name: rung for rung in read_ladder(write(tmp_path, [run("alignment", 0), heavy, arc]))}
    assert reference(rungs["arc"], list(rungs.values()), ALIGNMENT).name == "heavy"
    assert reference(rungs["heavy"], list(rungs.values()), ALIGNMENT) is None


def test_a_score_is_the_mean_of_its_runs_and_of_the_files(ladder, rungs):
    for rung in rungs:
        files = [r["metrics"]["retrieval"]["image-to-report"]["same text"] for r in rung.results]
        for name in ("recall@10", "median rank"):
            found = ladder.levels[rung.name][f"retrieval/image-to-report/same text/{name}"]
            assert found.runs.values == pytest.approx([each[name] for each in files])
            assert found.low <= found.runs.mean <= found.high


def test_a_difference_is_that_of_compare(ladder, rungs):
    """Same value; the interval is drawn anew and close."""
    by_name = {rung.name: [measures(r["studies"]) for r in rung.results] for rung in rungs}
    one = differences(by_name["alignment"], by_name["arc"], np.random.default_rng(1), 2000)
    for name in (RECALL, FLIPPED, "loss"):
        found = ladder.differences["arc", ALIGNMENT][name]
        assert found.difference == pytest.approx(one[name].difference)
        assert (found.low, found.high) == pytest.approx((one[name].low, one[name].high), abs=0.15)


def test_every_shown_measure_that_the_files_hold_is_in_a_table(ladder):
    for group, names in SHOWN.items():
        shown = scores(ladder, group)
        assert shown.head[1:] == tuple(names)
        row = next(row for row in shown.rows if row.name.startswith("arc ("))
        absent = {name for name, cell in zip(names, row.cells, strict=True) if cell == "–"}
        assert absent <= {"place"}  # the made flips change no place
    for group in PLAIN:
        row = next(row for row in plain(ladder, group).rows if row.name.startswith("arc ("))
        assert sum(cell == "–" for cell in row.cells) <= 3  # made results have no gap of what is no text


def test_what_was_trained_on_flips_is_marked_there_alone(ladder):
    for group in SHOWN:
        marked = [row.name for row in scores(ladder, group).rows if DAGGER in row.name]
        assert bool(marked) == group.startswith("One fact flipped")
        assert all(name.startswith("arc-flips") for name in marked)
    assert any("in-distribution" in part for part in markdown(ladder).split("\n"))


def test_a_star_says_that_zero_is_outside(ladder):
    for (name, role), found in ladder.differences.items():
        for group, names in SHOWN.items():
            row = next(
                r for r in gains(ladder, group, role).rows if r.name.startswith(f"{name} ") and r.cells
            )
            for measure, cell in zip(names.values(), row.cells, strict=True):
                assert cell.endswith("*") == (measure in found and found[measure].outside)


def test_company_stands_below(ladder):
    company = made_result()["company"]
    words = scores(ladder, "Words, r2gen", company)
    rows = {row.name: row for row in words.rows if row.kind == "company"}
    assert set(rows) == set(company)
    first = next(iter(company))
    assert rows[first].cells[0] == f"{company[first]['text']['r2gen']['BLEU-4']:.3f}"
    assert not [
        row
        for row in scores(ladder, "One fact flipped, by likelihood", company).rows
        if row.kind == "company"
    ]


def test_markdown_and_page_hold_the_same_rows(ladder):
    text, html = (
        markdown(ladder, command="python -m rrg ladder X"),
        page(ladder, command="python -m rrg ladder X"),
    )
    for words in (
        "arc less alignment",
        "r2gen_cmn",
        "Image-shuffle gap",
        "python -m rrg ladder X",
        "all but one",
    ):
        assert any(words in line for line in text.replace(" (2)", "").replace(" (1)", "").split("\n")), words
    assert html.count("<svg") >= 12
    assert "<script" not in html
    assert "default-src 'none'" in html
    widths = {line.count("|") for line in table([["a", "b"], ["c", "d"]]).split("\n")}
    assert widths == {3}


def test_words_of_numbers():
    assert level_words(Level(Runs((0.1,), 0.1, None), -0.0001, 0.25)) == "0.100 [0.000, 0.250]"
    assert range_words([75.0, 77.0]) == "76 (75 to 77)"
    assert range_words([None, 0.25]) == "0.250"
    assert range_words([None]) == "–"


def test_what_does_not_belong_together_is_named(tmp_path):
    with pytest.raises(RrgError, match="holds no result"):
        read_ladder(tmp_path)
    write(tmp_path, [run("arc", 0), {**run("arc", 1), "config": {"objective": {}}}])
    with pytest.raises(RrgError, match=r"'arc' .* different configurations"):
        read_ladder(tmp_path)
    other = run("arc", 1)
    write(tmp_path, [{**other, "studies": other["studies"][:20]}])
    with pytest.raises(RrgError, match="different studies"):
        read_ladder(tmp_path)
    (tmp_path / "stray.json").write_text(json.dumps(made_result()))
    with pytest.raises(RrgError, match="no run of a grid"):
        read_ladder(tmp_path)
