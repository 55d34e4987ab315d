"""Are the simulated reports our own words? Long sentences, and whole reports, that also stand in a data set.

A sentence counts from ten words on: shorter ones ("No pleural effusion or pneumothorax.") belong to everybody. Compared
without case and punctuation, train and val only. Prints numbers and our own sentences, none of the data set's alone.

`python benchmarks/own_words.py --data DIR --studies 5000`
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from pathlib import Path

from rrg.data.datasets import load_studies
from rrg.data.reports import normalise, sentences
from rrg.simulation.language import compose
from rrg.simulation.sampling import sample_truth

FEWEST = 10  # words


def long_sentences(text: str) -> set[str]:
    parts = (normalise(part) for part in sentences(text))
    return {part for part in parts if len(part.split()) >= FEWEST}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--studies", type=int, default=5_000)
    asked = parser.parse_args()
    theirs = [study for split in ("train", "val") for study in load_studies(asked.data, split)]
    texts = [text for study in theirs for text in (study.report, study.impression)]
    known = set().union(*map(long_sentences, texts))
    reports = {normalise(study.report) for study in theirs}
    shared: Counter[str] = Counter()
    whole = 0
    for seed in range(asked.studies):
        report = compose(sample_truth(seed))
        whole += normalise(report.findings) in reports
        shared.update((long_sentences(report.findings) | long_sentences(report.impression)) & known)
    print(f"{asked.studies} simulated reports, {len(known)} long sentences of {asked.data}")
    print(f"shared long sentences: {len(shared)}; whole reports that are equal: {whole}")
    for sentence, count in shared.most_common():
        print(f"{count:6d}  {sentence}")
    return int(bool(shared))


if __name__ == "__main__":
    sys.exit(main())
