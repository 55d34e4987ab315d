"""One self-contained HTML page of a ladder: plots first, then every table. Knows markup, computes no metric."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup

from rrg.evaluation import figures
from rrg.evaluation.ladder import ALIGNMENT, BASE, PLAIN, SHOWN, Ladder
from rrg.evaluation.ladder_tables import EXPLAINED, Company, gains, notes, plain, scores
from rrg.evaluation.page import Drawn, template
from rrg.evaluation.page_figures import Plot
from rrg.evaluation.results import CAUTION

# What is drawn: group, heading, what chance reaches (None: nothing stands for it).
DRAWN = (
    ("Telling reports apart", "recall@10", None),
    ("Telling reports apart", "mined peer, by embedding", 0.5),
    ("One fact flipped, by embedding", "all", 0.5),
    ("One fact flipped, by likelihood", "all", 0.5),
    ("Findings, F1", "14: macro", None),
    ("Findings, F1", "14: example", None),
    ("Words, r2gen", "BLEU-4", None),
    ("Words, r2gen", "CIDEr", None),
)


def plots(ladder: Ladder) -> Iterator[tuple[str, list[Plot]]]:
    """Title -> the rungs' scores, then what each adds to alignment and to base, where there is anything."""
    for group, heading, chance in DRAWN:
        measure = SHOWN[group][heading]
        title = f"{group}: {heading}"
        names = [rung.name for rungs in ladder.groups.values() for rung in rungs]
        levels = {name: ladder.levels[name][measure] for name in names if measure in ladder.levels[name]}
        if not levels:
            continue
        words = "Scores with 95 % intervals over studies and seeds; each run a hollow mark."
        shown = [Plot(figures.rungs(levels, heading, chance), f"{title}. {words}")]
        for role in (ALIGNMENT, BASE):
            found = {
                name: ladder.differences[name, role][measure].as_json()
                for name in names
                if measure in ladder.differences.get((name, role), ())
            }
            if found:
                words = f"Each rung less {role} of the same recipe. Hollow: no difference found."
                label = f"{heading}, less {role}"
                shown.append(Plot(figures.forest(found, label, figures.NARROW), f"{title}. {words}"))
        yield title, shown


def page(ladder: Ladder, company: Company | None = None, command: str = "") -> str:
    """HTML: nothing is asked for, no sentence of a report is on it."""
    groups = [
        (group, EXPLAINED[group], scores(ladder, group, company), [
            each for role in (ALIGNMENT, BASE) if (each := gains(ladder, group, role)).rows
        ])
        for group in SHOWN
    ] + [(group, EXPLAINED[group], plain(ladder, group, company), []) for group in PLAIN]  # fmt: skip
    drawn = [
        (title, [Drawn(Markup(figures.to_svg(plot.figure, plot.words)), plot.words) for plot in each])
        for title, each in plots(ladder)
    ]
    return str(
        template("ladder.html").render(
            notes=notes(ladder), plots=drawn, groups=groups, caution=CAUTION, command=command
        )
    )
