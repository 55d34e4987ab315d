"""What the labeller makes of a text, in short: `{"Edema + mild", "Pleural Effusion ? left small"}`."""

from rrg.data.findings import NO_FINDING, label_report
from rrg.types import Finding, Status

MARKS = {Status.PRESENT: "+", Status.ABSENT: "-", Status.UNCERTAIN: "?"}


def read(text: str) -> set[str]:
    """Each finding as label, mark, side, severity and place; "No Finding" is left out."""
    return {_short(finding) for finding in label_report(text) if finding.label != NO_FINDING}


def _short(finding: Finding) -> str:
    said = (finding.label, MARKS[finding.status], finding.side, finding.severity, finding.place)
    return " ".join(str(word) for word in said if word)


def table(text: str) -> list[tuple[str, set[str]]]:
    """Lines of "a sentence | what is read; what else is read" as parameters of a test; a line that is set in goes on."""
    lines = [line.split(" | ") for line in text.replace("\n  ", " ").strip().splitlines()]
    return [(said.strip(), {part.strip() for part in read.split(";")} - {"nothing"}) for said, read in lines]
