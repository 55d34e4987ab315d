"""Open-i's report XML: parsing, refusals, the archive of the installed package."""

import io
import tarfile
from pathlib import Path

import pytest

from rrg.data import openi
from rrg.data.openi import parse_report, read_archive

XML = """<?xml version="1.0" encoding="utf-8"?>
<eCitation><uId id="CXR7"/><Abstract>
<AbstractText Label="INDICATION">Cough &amp; fever.</AbstractText>
<AbstractText Label="FINDINGS">Heart of 3.7 cm.</AbstractText>
<AbstractText Label="IMPRESSION"></AbstractText></Abstract>
<MeSH><major>Edema/mild</major><major>Spine</major><automatic>edema</automatic></MeSH>
<parentImage id="CXR7_IM-0001-1001"><caption>x</caption></parentImage></eCitation>"""


def test_parse_report() -> None:
    report = parse_report(XML.encode())
    assert (report.uid, report.findings, report.impression) == ("7", "Heart of 3.7 cm.", "")
    assert report.indication == "Cough & fever."
    assert (report.mesh, report.images) == (("Edema/mild", "Spine"), ("CXR7_IM-0001-1001",))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "broken XML"),
        (b"<eCitation>", "broken XML"),
        (b"\x89PNG", "broken XML"),
        (b"<a/>", "not an Open-i report"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "entities"),
        (b'<!DOCTYPE a SYSTEM "file:///etc/hostname"><a/>', "entities"),
        (b"<a>" + b" " * 1_000_000 + b"</a>", "larger"),
    ],
)
def test_what_is_no_report_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_report(content)


def archive(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def test_an_archive_is_read_past_its_broken_members(tmp_path: Path) -> None:
    members = {"r/7.xml": XML.encode(), "r/8.xml": b"<", "r/readme.txt": XML.replace("CXR7", "CXR9").encode()}
    assert list(read_archive(archive(tmp_path / "a.tgz", members))) == ["7"]


@pytest.mark.parametrize("cut", [0, 10, 60])
def test_a_broken_archive_is_empty(tmp_path: Path, cut: int) -> None:
    path = archive(tmp_path / "a.tgz", {"r/7.xml": XML.encode()})
    path.write_bytes(path.read_bytes()[:cut])
    assert read_archive(path) == {}


def test_absence_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(openi.importlib.util, "find_spec", lambda name: None)
    openi.report_texts.cache_clear()
    try:
        assert openi.report_texts() == {}
        assert "not installed" in openi.absence_reason()
    finally:
        openi.report_texts.cache_clear()


@pytest.mark.skipif(openi.find_archive() is None, reason="torchxrayvision is not installed")
def test_the_installed_archive_is_whole() -> None:
    reports = openi.report_texts()
    assert len(reports) == 3955
    assert openi.absence_reason() == ""
    assert openi.report_texts() is reports
    assert all(uid == report.uid and uid.isdigit() for uid, report in reports.items())
