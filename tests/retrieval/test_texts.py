"""Texts come at run time or are said to be absent."""

import pytest

from rrg.data.datasets import load_studies
from rrg.data.openi import report_texts
from rrg.retrieval.texts import TextSource, openi_link
from rrg.types import Neighbour, RrgError

HERE = Neighbour("CXR1_IM-0000", "1", 0.9, 1, 0)
NOWHERE = Neighbour("CXR0_IM-9999", "no such number", 0.1, 2, 1)


def test_a_folder_gives_the_texts_of_all_its_splits(cohort):
    source = TextSource.folder(cohort)
    for study in (load_studies(cohort, "train")[0], load_studies(cohort, "val")[-1]):
        assert source.text(study.id) == study.report
    here, nowhere = source.resolve([HERE, NOWHERE])
    assert here.text == load_studies(cohort, "train")[0].report
    assert (here.study_id, here.similarity, here.rank) == ("CXR1_IM-0000", 0.9, 1)
    assert nowhere.text is None
    assert source.reason == ""


def test_absence_has_a_reason_and_no_text():
    source = TextSource.absent("nothing installed")
    assert source.reason == "nothing installed"
    assert source.resolve([HERE])[0].text is None


def test_a_missing_folder_is_an_error_or_a_reason(tmp_path):
    with pytest.raises(RrgError):
        TextSource.folder(tmp_path / "none")
    assert "none" in TextSource.best(tmp_path / "none").reason


def test_without_the_package_the_reason_names_it(monkeypatch):
    monkeypatch.setattr("rrg.data.openi.find_archive", lambda: None)
    report_texts.cache_clear()
    try:
        source = TextSource.openi()
        assert source.text("any", "1") is None
        assert "torchxrayvision" in source.reason
        assert openi_link("1") is None
    finally:
        report_texts.cache_clear()


@pytest.mark.skipif(not report_texts(), reason="torchxrayvision with the Open-i reports is not installed")
def test_the_installed_reports_are_found_by_uid_and_linked():
    source = TextSource.openi()
    uid = next(uid for uid, report in report_texts().items() if report.findings and report.images)
    assert source.text("whatever", uid) == report_texts()[uid].findings
    assert source.text("whatever", "no such number") is None
    assert openi_link(uid).endswith(report_texts()[uid].images[0])
