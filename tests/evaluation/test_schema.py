"""What is no result, or one of another version, is refused by name."""

import json

import pytest

from rrg.evaluation.schema import SCHEMA, read_comparison, read_result
from rrg.types import RrgError
from tests.evaluation.results import made_result


@pytest.fixture(scope="module")
def made():
    return made_result()


def written(tmp_path, value):
    file = tmp_path / "r.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value))
    return file


def test_a_result_comes_back_as_it_was_written(made, tmp_path):
    assert read_result(written(tmp_path, made)) == json.loads(json.dumps(made))


@pytest.mark.parametrize(
    ("schema", "part"),
    [(SCHEMA - 1, "evaluate again"), (SCHEMA + 1, "newer"), (None, "names no schema"), ("2", "names no")],
)
def test_another_version_is_named(made, tmp_path, schema, part):
    with pytest.raises(RrgError, match=part):
        read_result(written(tmp_path, made | {"schema": schema}))


@pytest.mark.parametrize(
    "damage",
    [
        {"loss": "low"}, {"id": 3}, {"scores": {"full": 1}}, {"ranks": {"a": "first"}}, {"clinical": {"a": "b"}},
        {"statistics": {"full": {"BLEU": [1, 2, 3]}}}, {"margins": {"facts": [["side", "Edema"]]}}, {"findings": 7},
        {"coded": "Edema"},
    ],
)  # fmt: skip
def test_a_damaged_study_is_named_with_its_place(made, tmp_path, damage):
    studies = [made["studies"][0], made["studies"][1] | damage]
    with pytest.raises(RrgError, match=rf"studies\.1\.{next(iter(damage))}"):
        read_result(written(tmp_path, made | {"studies": studies}))


@pytest.mark.parametrize("key", ["system", "data", "metrics", "studies"])
def test_a_missing_part_is_named(made, tmp_path, key):
    with pytest.raises(RrgError, match=key):
        read_result(written(tmp_path, {name: value for name, value in made.items() if name != key}))


@pytest.mark.parametrize(
    ("text", "part"), [("{", "not JSON"), ("[1]", "JSON object"), ('{"schema": 2}', "system")]
)
def test_broken_and_foreign_files_are_named(tmp_path, text, part):
    with pytest.raises(RrgError, match=part):
        read_result(written(tmp_path, text))
    with pytest.raises(RrgError, match="cannot read"):
        read_result(tmp_path / "none.json")


def test_nan_is_no_number(made, tmp_path):
    studies = [made["studies"][0] | {"loss": float("nan")}]
    with pytest.raises(RrgError, match="loss"):
        read_result(written(tmp_path, made | {"studies": studies}))


def test_a_result_is_no_comparison(made, tmp_path):
    with pytest.raises(RrgError, match="no comparison"):
        read_comparison(written(tmp_path, made))
