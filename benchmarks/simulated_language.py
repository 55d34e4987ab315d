"""Does the findings labeller read what the simulated reports tell? F1 over facts, over statuses, and over what is denied.

The writer knows what it told, so this is an independent answer key. A fact is (class, side, severity) of what is present or
uncertain; a vaguer mention goes where a fuller one exists, as in the labeller.

`python benchmarks/simulated_language.py --studies 2000 --seed 0`
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable

from rrg.data.findings import LABELS, NO_FINDING, label_report
from rrg.simulation.language import compose
from rrg.simulation.sampling import sample_truth
from rrg.types import Finding, Status

Fact = tuple[str, ...]
COUNTED = ("both", "missed", "extra")


def facts(findings: Iterable[Finding]) -> set[Fact]:
    said = {
        (f.label, f.side or "", f.severity or "")
        for f in findings
        if f.status is not Status.ABSENT and f.label != NO_FINDING
    }
    return {one for one in said if not any(one != other and _vaguer(one, other) for other in said)}


def _vaguer(one: Fact, other: Fact) -> bool:
    return one[0] == other[0] and all(a in ("", b) for a, b in zip(one[1:], other[1:], strict=True))


def statuses(findings: Iterable[Finding], absent: bool) -> set[Fact]:
    return {
        (f.label, f.status)
        for f in findings
        if (f.status is Status.ABSENT) is absent and f.label != NO_FINDING
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--studies", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0, help="of the first study; the others follow")
    asked = parser.parse_args()
    counts: dict[str, Counter[str]] = {}
    texts = set()
    for seed in range(asked.seed, asked.seed + asked.studies):
        report = compose(sample_truth(seed))
        found = label_report(report.findings)
        texts.add(report.findings)
        told, read = facts(report.told), facts(found)
        _count(counts, "facts", told, read)
        for label in LABELS:
            _count(counts, label, {f for f in told if f[0] == label}, {f for f in read if f[0] == label})
        for name, absent in (("statuses", False), ("denied", True)):
            _count(counts, name, statuses(report.told, absent), statuses(found, absent))
    print(f"{asked.studies} reports, {len(texts)} distinct")
    for name, each in counts.items():
        whole = 2 * each["both"] + each["missed"] + each["extra"]
        if whole:
            print(
                f"{name:<28} F1 {2 * each['both'] / whole:.4f}  "
                + "  ".join(f"{k} {each[k]}" for k in COUNTED)
            )
    return 0


def _count(counts: dict[str, Counter[str]], name: str, told: set[Fact], read: set[Fact]) -> None:
    each = counts.setdefault(name, Counter())
    each.update(both=len(told & read), missed=len(told - read), extra=len(read - told))


if __name__ == "__main__":
    sys.exit(main())
