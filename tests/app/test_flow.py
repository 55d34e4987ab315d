"""How often a growing report is shown: no more often than one can look, and the first sentence at once."""

from itertools import count

from rrg.app.study import OpenStudy, Progress
from rrg.app.view.flow import PACE, paced

STUDY = OpenStudy((), "")


def steps(*drafts: str) -> list[Progress]:
    return [Progress("drafts", ("", draft), STUDY) for draft in drafts] + [
        Progress("Read", ("", ""), STUDY, done=True)
    ]


def shown(given: list[Progress], tick: float) -> list[str]:
    """What is passed on of drafts that grow once in `tick` seconds."""
    seconds = count()
    return [step.drafts[1] for step in paced(given, lambda: tick * next(seconds)) if not step.done]


def test_a_report_that_grows_fast_is_shown_at_its_beginning_its_first_sentence_and_its_end():
    assert shown(steps("the", "the heart", "the heart is big.", "the heart is big. no", "and so on."), 0) == [
        "the",
        "the heart is big.",
    ]
    assert [step.done for step in paced(steps("a", "b"), lambda: 0.0)] == [False, True]


def test_a_report_that_grows_slowly_is_shown_word_by_word():
    drafts = ["the", "the heart", "the heart is", "the heart is big."]
    assert shown(steps(*drafts), PACE) == drafts
