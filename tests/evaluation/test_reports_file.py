"""Files of reports: what is taken, and what is refused with words that help."""

import json

import pytest

from rrg.evaluation.reports_file import read_reports
from rrg.types import RrgError


def test_ids_and_texts_come_as_they_are(tmp_path):
    texts = {"a": "The lungs are clear.", "b": "", "ü": "心影不大"}
    (tmp_path / "r.json").write_text("\ufeff" + json.dumps(texts, ensure_ascii=False), encoding="utf-8")
    assert read_reports(tmp_path / "r.json") == texts


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"[]", "a list"), (b"{}", "no report"), (b'"text"', "a text"), (b"3", "a number"), (b"{", "JSON"), (b"", "JSON"),
        (b'{"a": NaN}', "a number for 'a'"), (b'{"a": "x", "b": null}', "null for 'b'"), (b'{"a": ["x"]}', "a list for 'a'"),
        (b'{"a": {"b": "x"}}', "an object for 'a'"), (b'{"a": true}', "true or false"), (b"\xff\xfe\x00", "UTF-8"),
        (b'{"a": "x", "a": "y"}', "'a' stands there twice"), (b"[" * 100_000, "JSON"),
    ],
)  # fmt: skip
def test_other_things_are_refused_with_what_is_accepted(tmp_path, content, said):
    (tmp_path / "r.json").write_bytes(content)
    with pytest.raises(RrgError, match="one JSON object that maps study ids to texts") as refused:
        read_reports(tmp_path / "r.json")
    assert said in str(refused.value)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(RrgError, match="cannot read"):
            read_reports(path)
