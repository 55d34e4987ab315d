"""One page: complete, self-contained, escaped; without sentences where none are wanted."""

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from rrg.evaluation.measures import HEADLINE
from rrg.evaluation.page import page, write_page
from rrg.evaluation.page_cases import worst_cases
from rrg.evaluation.page_tables import scoreboard
from rrg.evaluation.page_words import company_of, decoding_words, names_of, number, share, short, signed
from rrg.evaluation.result_file import summary
from rrg.evaluation.statistics import compare
from rrg.types import RrgError
from tests.evaluation.results import made_references, made_result

VOID = {"meta", "path", "use", "br", "rect", "img", "input", "link"}


class Reader(HTMLParser):
    """Collects the tags, and checks that they close in order."""

    def __init__(self, html):
        super().__init__()
        self.open, self.tags, self.words, self.ids = [], [], [], []
        self.feed(html)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.ids += [value for key, value in attributes if key == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(scope="module")
def pair():
    return [made_result("baseline", 0.2, 1), made_result("hard-negative", 0.8, 2)]


@pytest.fixture(scope="module")
def references():
    return {study.id: study.report for study in made_references()[0].studies}


@pytest.fixture(scope="module")
def html(pair, references):
    return page(pair, [compare([pair[0]], [pair[1]], np.random.default_rng(0), 200)], references)


def test_the_page_is_whole_and_asks_for_nothing(html):
    reader = Reader(html)
    assert not {"script", "img", "link", "iframe", "object"} & {tag for tag, _ in reader.tags}
    assert not [a for _, a in reader.tags if any(key.startswith("on") or key == "src" for key in a)]
    links = [a["href"] for tag, a in reader.tags if tag == "a"]
    assert all(link.startswith("#") and link[1:] in reader.ids for link in links)
    repeated = {each for each in reader.ids if reader.ids.count(each) > 1}
    assert not repeated & {link[1:] for link in links}
    assert not re.search(r"@import|url\((?!#)", html)
    assert "default-src 'none'" in html


def test_every_part_is_there(html):
    words = " ".join(" ".join(Reader(html).words).split())
    for part in ("Scoreboard", "Findings", "Reading or reciting", "What the scores are worth", "Worst cases",
                 "hard-negative less baseline", "best constant", "references with negations flipped",
                 "recall@10", "no difference found", "METEOR is not asked for"):  # fmt: skip
        assert part in words
    assert sum(tag == "figure" for tag, _ in Reader(html).tags) == 12


def test_how_reports_were_written_is_said_with_the_least_length():
    assert decoding_words({"do_sample": False, "num_beams": 1, "min_new_tokens": 0}) == "greedy"
    assert decoding_words({"num_beams": 3, "min_new_tokens": 32}) == "3 beams, at least 32 tokens"


def test_measures_are_named_as_a_reader_would_say_them():
    assert [short(name) for name in HEADLINE[:5]] == [
        "F1, 14 classes, micro", "F1, 14 classes, macro", "F1, 5 classes, micro",
        "retrieval, image-to-report, same findings, recall@10", "flipped fact, embedding, all, balanced accuracy",
    ]  # fmt: skip
    assert short("text/r2gen/BLEU-4") == "r2gen, BLEU-4"


def test_the_company_stands_among_the_systems_by_score(pair):
    words, findings = scoreboard(pair)
    column = [float(row.cells[words.head.index("BLEU-4") - 1]) for row in words.rows]
    assert column == sorted(column, reverse=True)
    assert {row.kind for row in words.rows} == {"system", "company"}
    assert [row.name for row in words.rows] == [row.name for row in findings.rows]
    assert all(len(row.cells) == len(words.head) - 1 for row in words.rows)
    assert sum(columns for _, columns in words.groups) == len(words.head)
    assert sum(columns for _, columns in findings.groups) == len(findings.head)


def test_rows_that_differ_between_systems_are_named_after_them(pair):
    other = json.loads(json.dumps(pair[1]))
    other["company"]["nearest train report"]["variety"]["distinct"] = 1
    names = list(company_of([pair[0], other]))
    assert {"nearest train report, by baseline", "nearest train report, by hard-negative"} <= set(names)
    assert names.count("best constant") == 1


def test_systems_of_one_name_are_told_apart(pair):
    assert names_of([pair[0], pair[0] | {"system": pair[1]["system"] | {"name": "baseline"}}]) == [
        "baseline (000000000001)",
        "baseline (000000000002)",
    ]
    assert len(set(names_of([pair[0], pair[0]]))) == 2


def test_texts_are_shown_with_a_warning_or_not_at_all(html, pair, references):
    bare = page(pair, references=references, texts=False)
    sentences = {study["text"] for result in pair for study in result["studies"] if study["text"]} | {
        *references.values()
    }
    assert not any(sentence in bare for sentence in sentences)
    assert "do not publish" not in bare
    assert "do not publish" in html
    worst = worst_cases(pair[0], references)[0]
    assert worst.text in html
    assert worst.reference in html


def test_without_references_the_page_says_so(pair, references):
    without = page(pair)
    assert "name the data folder" in without
    assert not any(case.reference for case in worst_cases(pair[0], {}))


def test_the_worst_are_those_with_most_errors_what_was_missed_first(pair):
    cases = worst_cases(pair[0], {}, shown=40)
    keys = [(-case.errors, -len(case.missed)) for case in cases]
    assert keys == sorted(keys)
    assert cases[-1].errors > 0
    assert "No Finding" not in {label for case in cases for label in (*case.missed, *case.wrong, *case.found)}


def test_hostile_names_and_texts_stay_words(pair):
    evil = "<script>alert('x')</script>{{ 7 * 7 }}"
    result = json.loads(json.dumps(pair[0]))
    result["system"]["name"] = evil
    result["command"] = f"python {evil}"
    result["data"]["faults"] = {evil: ["a"]}
    for study in result["studies"]:
        study["id"], study["text"] = f"{study['id']}{evil}", evil
    html = page([result], references={study["id"]: evil for study in result["studies"]})
    assert "<script" not in html
    assert "{{ 7 * 7 }}" in html  # the engine has not looked into it
    Reader(html)


def test_a_summary_without_studies_gives_a_page_without_cases(pair):
    brief = summary(pair[0] | {"data": pair[0]["data"] | {"treatment": {}}})
    html = page([brief])
    assert "Worst cases" not in html
    assert "recall@k" in html
    Reader(html)


def test_a_file_of_reports_has_no_model_metrics(pair):
    bare = json.loads(json.dumps(pair[0]))
    bare["system"] |= {"kind": "reports", "revision": None}
    bare["decoding"] = None
    bare["metrics"] |= {"loss": None, "retrieval": None, "margins": None}
    bare["metrics"]["text"]["r2gen"] = None
    bare["adversarial"] = {}
    for study in bare["studies"]:
        study |= {"loss": None, "margins": None, "ranks": {}}
    Reader(page([bare]))


def test_results_of_other_studies_and_none_at_all_are_refused(pair):
    with pytest.raises(RrgError, match="same studies"):
        page([pair[0], pair[1] | {"data": pair[1]["data"] | {"split": "train"}}])
    with pytest.raises(RrgError, match="no result"):
        page([])


def test_a_page_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(RrgError, match="cannot write"):
        write_page(tmp_path / "none" / "p.html", "")


@pytest.mark.parametrize(
    ("shown", "words"),
    [
        (number(None), "–"), (number(3), "3"), (number(0.12345), "0.123"), (signed(-0.5), "−0.500"), (signed(0.0), "0.000"),
        (share({"share": 0.5, "low": 0.25, "high": 0.75}), "0.500 [0.25, 0.75]"), (share({"share": 1.0}), "1.000"),
        (share(None), "–"), (share({"auc": 0.5, "auc low": 0.1, "auc high": 0.9}, "auc"), "0.500 [0.10, 0.90]"),
    ],
)  # fmt: skip
def test_numbers_in_words(shown, words):
    assert shown == words
