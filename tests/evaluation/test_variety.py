"""How varied reports are, by hand; the constant shows in every number."""

from rrg.evaluation.variety import all_normal_share, distinct, is_all_normal


def test_distinct_folds_case_and_punctuation():
    assert distinct(["Clear.", "clear", "Not clear."]) == 2


def test_all_normal_is_the_labellers_word():
    assert is_all_normal("The lungs are clear. No pleural effusion.")
    assert not is_all_normal("There is a small left pleural effusion.")
    assert not is_all_normal("")
    assert all_normal_share(["The lungs are clear.", "Large right pneumothorax."]) == 0.5
