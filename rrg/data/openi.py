"""The Open-i reports as text: XML files, and the archive of them inside the installed torchxrayvision
package.

Knows no image, no split and no model. Nothing of the archive is copied: it is read where it is installed,
when asked. The texts are CC BY-NC-ND 4.0 (Demner-Fushman et al. 2016, doi:10.1093/jamia/ocv080).
"""

from __future__ import annotations

import importlib.util
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from xml.parsers import expat

ARCHIVE = "data/NLMCXR_reports.tgz"
_MAX_BYTES = 1_000_000  # the largest real report has some 40 kB


@dataclass(frozen=True)
class OpeniReport:
    """One report of Open-i; `images` are names without folder and suffix ("CXR1_IM-0001-3001")."""

    uid: str
    findings: str
    impression: str
    indication: str
    mesh: tuple[str, ...] = ()
    images: tuple[str, ...] = ()


class _Reader:
    """Collects the wanted elements; refuses document types and entities, which no report has."""

    def __init__(self) -> None:
        self.uid = ""
        self.sections: dict[str, str] = {}
        self.mesh: list[str] = []
        self.images: list[str] = []
        self._text: list[str] | None = None
        self._label = ""

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "uId":
            self.uid = attributes.get("id", "").removeprefix("CXR")
        elif name == "parentImage":
            self.images.append(attributes.get("id", ""))
        elif name in {"AbstractText", "major"}:
            self._text, self._label = [], attributes.get("Label", "").upper()

    def characters(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        if self._text is None or name not in {"AbstractText", "major"}:
            return
        text = "".join(self._text).strip()
        self._text = None
        if name == "major":
            self.mesh.append(text)
        else:
            self.sections[self._label] = text

    def refuse(self, *_: object) -> None:
        raise ValueError("XML with a document type or entities")


def parse_report(content: bytes) -> OpeniReport:
    """Read one XML report. Raises ValueError on anything that is not one; entities are never expanded."""
    if len(content) > _MAX_BYTES:
        raise ValueError("XML larger than a report")
    reader, parser = _Reader(), expat.ParserCreate()
    parser.StartDoctypeDeclHandler = reader.refuse
    parser.EntityDeclHandler = reader.refuse
    parser.StartElementHandler = reader.start
    parser.CharacterDataHandler = reader.characters
    parser.EndElementHandler = reader.end
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise ValueError(f"broken XML ({error})") from error
    if not reader.uid:
        raise ValueError("XML without a uId: not an Open-i report")
    section = reader.sections.get
    return OpeniReport(
        reader.uid, section("FINDINGS", ""), section("IMPRESSION", ""), section("INDICATION", ""),
        tuple(reader.mesh), tuple(reader.images),
    )  # fmt: skip


def find_archive() -> Path | None:
    """The archive in the installed torchxrayvision, without importing it; None where there is none."""
    spec = importlib.util.find_spec("torchxrayvision")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        archive = Path(folder) / ARCHIVE
        if archive.is_file():
            return archive
    return None


def absence_reason() -> str:
    """Why `report_texts` is empty, in words; empty where it is not."""
    if report_texts():
        return ""
    if importlib.util.find_spec("torchxrayvision") is None:
        return "torchxrayvision, the package that carries the Open-i reports, is not installed"
    archive = find_archive()
    return f"{archive} cannot be read" if archive else f"the installed torchxrayvision has no {ARCHIVE}"


@lru_cache(maxsize=1)
def report_texts() -> Mapping[str, OpeniReport]:
    """uid -> report, read once from the installed torchxrayvision; empty where absent (see
    `absence_reason`).
    """
    archive = find_archive()
    return MappingProxyType(read_archive(archive) if archive else {})


def read_archive(archive: Path) -> dict[str, OpeniReport]:
    """All readable reports of a tar archive, in memory: nothing is unpacked. Empty where the archive is
    broken.
    """
    reports: dict[str, OpeniReport] = {}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                if member.isfile() and member.name.endswith(".xml") and member.size <= _MAX_BYTES:
                    report = _try_parse(tar, member)
                    if report:
                        reports[report.uid] = report
    except (OSError, tarfile.TarError, EOFError):
        return {}
    return reports


def _try_parse(tar: tarfile.TarFile, member: tarfile.TarInfo) -> OpeniReport | None:
    file = tar.extractfile(member)
    try:
        return parse_report(file.read()) if file else None
    except ValueError:
        return None
