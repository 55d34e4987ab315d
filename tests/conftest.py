from pathlib import Path

import pytest
import torch

from tests.made import write_cohort, write_config


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Tiny models run fastest, and the same everywhere, on one thread."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A made data set of 24 train and 8 val studies."""
    return write_cohort(tmp_path_factory.mktemp("cohort"))


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory: pytest.TempPathFactory, cohort: Path) -> Path:
    """A tiny hard-negative model trained on the made data set, as `train` writes it."""
    from rrg.training.loop import train

    folder = tmp_path_factory.mktemp("tiny")
    return train(write_config(folder / "config.yaml", cohort), [], folder / "run")
