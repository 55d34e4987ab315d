"""What a run refuses before it starts, on every process alike."""

import pytest

from rrg.training.config import Config
from rrg.training.run import CONFIG, _check_alone, _check_shares, _claim
from rrg.types import RrgError

CONFIGURATION = Config.model_validate({"data": {"folder": "made"}})
OTHER = CONFIGURATION.model_copy(update={"seed": 1})


class Process:
    """One of several processes; `while_waiting` is what another one does before the barrier opens."""

    def __init__(self, main, while_waiting=lambda: None):
        self.is_main_process = main
        self.while_waiting = while_waiting
        self.barriers = 0

    def wait_for_everyone(self):
        self.barriers += 1
        self.while_waiting()


def test_a_batch_that_processes_cannot_share_is_named():
    with pytest.raises(RrgError, match=r"optimiser\.batch_size is 9.*2 processes"):
        _check_shares(9, 2)
    _check_shares(8, 2)


def test_the_released_objective_refuses_several_processes():
    asked = {"data": {"folder": "made"}, "objective": {"peers": True, "synthesis": "released"}}
    config = Config.model_validate(asked)
    with pytest.raises(RrgError, match="without accelerate launch"):
        _check_alone(config, 2)
    _check_alone(config, 1)
    _check_alone(CONFIGURATION, 2)


@pytest.mark.parametrize("main", [True, False])
def test_every_process_refuses_another_configuration(tmp_path, main):
    _claim(tmp_path, OTHER, Process(main=True))
    before = (tmp_path / CONFIG).read_text()
    with pytest.raises(RrgError, match="another configuration"):
        _claim(tmp_path, CONFIGURATION, Process(main))
    assert (tmp_path / CONFIG).read_text() == before


def test_all_look_before_the_first_one_writes(tmp_path):
    """A refusing process and a writing one must pass the same barriers up to the decision."""
    out = tmp_path / "run"
    seen = []
    _claim(out, CONFIGURATION, first := Process(True, lambda: seen.append((out / CONFIG).is_file())))
    assert seen == [False, True]
    other = Process(main=False)
    _claim(out, CONFIGURATION, other)  # taken up again
    assert other.barriers == first.barriers == 2
