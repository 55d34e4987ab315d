"""The page: components, their wiring and nothing else. The only folder that knows gradio.

What is done lives in `reading_room` and the use cases beside it, what is shown in `present*`, a browser's study in
its own `gr.State`. One module per tab or panel; each is a `Part` (see `desk`), and `page` puts them together.

**How a part is made.** Its constructor builds its components where it stands. `wire(desk)` connects its own events.
`outputs()` lists the components that a reading changes, and what is shown in them comes from pure functions of
the study, by four hooks that the reading flow (`flow`) calls: `begin(study)` when a reading starts, `drafting(names,
texts)` while reports are written, `show(study)` when a reading ended or was taken back, `fresh()` when other films
were opened. Each returns {component: value}, for its own components only.

**How a tab gets the study.** `desk.study` is the `gr.State` of this browser: an `OpenStudy` or None. A handler
takes it as an input, and a new one is given back as an output; nothing of a reader is ever kept on a part, on the desk
or in a module. `study.reading` is None until both models have read it.

**How a tab gets the two models.** `desk.room.models(study.pair)` is a context manager that gives the two loaded
readers, to nobody else for as long as it lasts; `study.encoded` holds one value per model, so the image encoder need
not run again. Use it in a use case (`reading_room` or a module beside it), never in a part.

**How handlers share the models.** Every event that runs a model is wired by `desk.job(...)`: they all wait in one
queue, `SLOT`, one at a time, with the place in the queue shown, and the button Cancel stops those of its browser
(`rrg.app.view.jobs`). What runs no model is wired by `desk.quick(...)`, which does not queue. A handler that may refuse
catches `RrgError` and returns `desk.refused(error, held)`, so what was on the screen stays; `desk.notice` has to be among
its outputs.

**What may be shown.** Before a text of a collection is recombined or has a fact flipped, a part asks
`desk.room.terms.may_adapt(study.pair[1].collection)` (`generated=True` where only a model's or the reader's own text is
adapted), and shows `terms.WITHHELD` where it may not.

**The viewer.** `desk.viewer.lay(heat)` returns the update that lays heat maps over the films (`rrg.app.viewer`); the
component is `desk.viewer.marks`.
"""

from rrg.app.view import imported  # noqa: F401  comes before whatever else imports gradio
from rrg.app.view.desk import SLOT, Desk, Part, Updates
from rrg.app.view.page import Page
from rrg.app.view.server import STYLE, launch, theme

__all__ = ["SLOT", "STYLE", "Desk", "Page", "Part", "Updates", "launch", "theme"]
