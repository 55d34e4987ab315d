"""Does the reading room's memory creep? Reads films over and over and asks the process what it holds.

Every reading comes from a client of its own, uploads its film and asks for both reports, neighbours and negatives (`/read`);
every tenth asks for a PDF instead. Memory is what the operating system counts as resident; creep is the slope of a line
through the samples after the warm-up. Says too how many uploads were left on the disk. Prints one JSON line on
standard output. Knows nothing of models.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
from collections.abc import Sequence
from time import perf_counter

from gradio_client import Client, handle_file
from serving import Served, served

from rrg.app.examples import CT, RG1, known_examples, pydicom_file

MEGABYTE = 2**20
PDF = "reading.pdf"  # what was exported is gradio's to serve and to sweep; an upload is gone when it has been read


def main() -> None:
    chosen = arguments()
    films = [list(map(str, each.files)) for each in known_examples(pydicom_file) if each.files]
    began = perf_counter()
    with served() as room:
        samples = [
            (number, read(room, films[number % len(films)], number)) for number in range(chosen.readings)
        ]
        left = sum(file.name != PDF for file in room.uploaded())
    megabytes = [held / MEGABYTE for _, held in samples]
    settled = samples[chosen.warm :]
    slope = statistics.linear_regression(*zip(*settled, strict=True)).slope / MEGABYTE
    result = {
        "readings": chosen.readings,
        "examples": [RG1, CT][-len(films) :],
        "megabytes": {str(n + 1): round(megabytes[n]) for n in shown(chosen.readings)},
        "most": round(max(megabytes)),
        "readings before the slope": chosen.warm,
        "megabytes a reading after them": round(slope, 3),
        "uploads left on the disk": left,
        "seconds a reading": round((perf_counter() - began) / chosen.readings, 2),
        "load": [round(load, 1) for load in os.getloadavg()],
    }
    print(json.dumps(result))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=200)
    parser.add_argument("--warm", type=int, default=50, help="readings that do not count for the slope")
    return parser.parse_args()


def read(room: Served, films: Sequence[str], number: int) -> int:
    """One reading; bytes that the process holds afterwards."""
    client = Client(room.url, verbose=False, analytics_enabled=False)
    files = [handle_file(film) for film in films]
    if number % 10 == 9:
        client.predict(files=files, form="pdf", first="", second="", override=False, api_name="/export")
    else:
        client.predict(files=files, first="", second="", override=False, api_name="/read")
    held = room.resident()
    print(f"{number + 1}: {held / MEGABYTE:.0f} MB", file=sys.stderr)
    return held


def shown(readings: int) -> list[int]:
    """Some ten numbers from the first reading to the last."""
    return sorted({0, *range(readings // 10 - 1, readings, max(1, readings // 10)), readings - 1})


if __name__ == "__main__":
    main()
