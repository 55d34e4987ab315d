"""`compare` and `report` from files of results: what is written, what is refused."""

import json

import pytest

from rrg.cli import main
from tests.evaluation.results import made_references, made_result


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("results")
    for number, (name, right) in enumerate((("a", 0.2), ("a2", 0.2), ("b", 0.8), ("b2", 0.8)), start=1):
        (folder / f"{name}.json").write_text(json.dumps(made_result(name, right, number)))
    return folder


@pytest.fixture
def run(capsys):
    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        printed = capsys.readouterr()
        return left.value.code or 0, printed.out, printed.err

    return run


def test_two_files_or_the_runs_of_each_side(run, files, tmp_path):
    out = tmp_path / "c.json"
    assert run("compare", files / "a.json", files / "b.json", "--out", out)[0] == 0
    assert len(json.loads(out.read_text())["b"]) == 1
    assert out.read_text().count("\n") == 1
    differences = json.loads(out.read_text())["differences"].values()
    assert all(each["low"] == round(each["low"], 5) for each in differences)
    sides = (
        "--a",
        files / "a.json",
        "--a",
        files / "a2.json",
        "--b",
        files / "b.json",
        "--b",
        files / "b2.json",
    )
    code, printed, _ = run("compare", *sides, "--out", out)
    assert code == 0
    assert "a, a2" in printed.replace(" (000000000001)", "").replace(" (000000000002)", "")
    assert [run["name"] for run in json.loads(out.read_text())["b"]] == ["b", "b2"]


@pytest.mark.parametrize("given", [("a",), ("a", "b", "a2"), ("a", "b", "--a"), ("--a",), ()])
def test_sides_that_are_no_pair_are_refused(run, files, tmp_path, given):
    arguments = [part if part.startswith("--") else files / f"{part}.json" for part in given]
    extra = [files / "a2.json"] if given[-1:] == ("--a",) else []
    code, _, err = run("compare", *arguments, *extra, "--out", tmp_path / "c.json")
    assert code == 2
    assert "--b B1.json" in err
    assert not (tmp_path / "c.json").exists()


def test_a_page_with_comparison_and_without_texts(run, files, tmp_path):
    made, page = tmp_path / "c.json", tmp_path / "page.html"
    run("compare", files / "a.json", files / "b.json", "--out", made)
    both = (files / "a.json", files / "b.json")
    code, out, _ = run("report", *both, "--comparison", made, "--out", page)
    assert code == 0
    assert "do not publish" in out
    assert "b less a" in page.read_text()
    assert run("report", *both, "--out", page, "--no-texts")[0] == 0
    assert not any(report in page.read_text() for report in made_references()[0].texts)


def test_what_is_no_comparison_is_refused(run, files, tmp_path):
    page = tmp_path / "page.html"
    code, _, err = run("report", files / "a.json", "--comparison", files / "b.json", "--out", page)
    assert code == 2
    assert "no comparison" in err
    assert run("report", tmp_path / "none.json", "--out", page)[0] == 2
    assert run("report", files / "a.json", "--out", tmp_path / "no" / "page.html")[0] == 2
    assert not page.exists()


def test_a_ladder_of_whatever_is_done(run, files, tmp_path):
    results = tmp_path / "ladder"
    results.mkdir()
    for name, objective in (("a", {"detach": True}), ("b", {})):
        value = {**json.loads((files / f"{name}.json").read_text()), "run": name, "seed": 0}
        (results / f"{name}.json").write_text(
            json.dumps({**value, "config": {"objective": objective, "seed": 0}})
        )
    out, html = tmp_path / "ladder.md", tmp_path / "ladder.html"
    code, printed, err = run("ladder", results, "--out", out, "--page", html, "--company", files / "a.json")
    assert code == 0, err
    assert "2 rungs, 2 runs" in printed
    assert "b (1) less a" in out.read_text()
    assert "best constant" in html.read_text()
    assert run("ladder", tmp_path / "nowhere", "--out", out)[0] == 2
