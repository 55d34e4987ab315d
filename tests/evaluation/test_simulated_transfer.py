"""results/simulated/transfer.json from runs that are there: areas by epoch, generators, what each adds."""

import json

import pytest

from benchmarks import simulated_transfer
from benchmarks.simulated_transfer import START, generators, image_networks, main
from rrg.evaluation.result_file import without_texts
from rrg.models.encoder import RadiographEncoder, load_encoder_weights
from rrg.types import RrgError
from tests.evaluation.results import made_result

RIGHT = {"from-nothing": 0.1, "from-simulated-reports": 0.9}


@pytest.fixture
def results(tmp_path):
    """What `rrg study` leaves of two runs with two seeds."""
    folder = tmp_path / "results"
    folder.mkdir()
    for name, right in RIGHT.items():
        for seed in (0, 1):
            result = without_texts(made_result(name, right, seed))
            run = {"run": name, "seed": seed, "config": {"seed": seed, "model": {"start": name}}, **result}
            (folder / f"{name}-seed{seed}.json").write_text(json.dumps(run))
    return folder


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Image networks without a film: two epochs a run, from ImageNet .5 and .6, from simulated films .7 and .8."""
    asked = []

    def learn(config, out):
        asked.append(config)
        out.mkdir(parents=True)
        (out / simulated_transfer.WEIGHTS).touch()
        first = 0.7 if config.start else 0.5
        lines = [
            {"step": 0, "loss": 1.0},
            *({"auc": {"a": first + n / 10, "b": first + n / 10}} for n in (0, 1)),
        ]
        (out / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    monkeypatch.setattr(simulated_transfer, "pretrain", learn)
    return asked


def test_all_numbers_are_written_in_one_file(results, runs, tmp_path, capsys):
    file = tmp_path / "transfer.json"
    command = ["--data", tmp_path, "--out", tmp_path / "runs", "--generators", results, "--json", file]
    assert main(list(map(str, command))) == 0
    found = json.loads(file.read_text())
    assert found["image network, mean area by epoch"] == {
        "imagenet-0": [0.5, 0.6], "imagenet-1": [0.5, 0.6], "simulated-0": [0.7, 0.8], "simulated-1": [0.7, 0.8],
    }  # fmt: skip
    assert list(found["generators"]) == list(RIGHT)
    first = found["generators"]["from-nothing"]
    assert len(first) == 2
    assert first[0].keys() == {"loss", "text", "distinct"}
    assert 0 < first[0]["text"]["BLEU-4"] < 1
    added = found["less from-nothing"]["from-simulated-reports"]["text/r2gen/BLEU-4"]
    assert added["finding"] == "B is higher"
    assert len(added["a"]["values"]) == 2
    assert "| 0 | 2 | 0.600 | 0.800 | +0.200 (2 findings better) |" in capsys.readouterr().out
    assert {config.start for config in runs} == {None, START}


def test_runs_that_are_there_are_not_made_again(runs, tmp_path):
    for _ in range(2):
        found = image_networks([f"data.folder={tmp_path}"], START, [3], tmp_path / "runs")
    assert list(found) == ["imagenet-3", "simulated-3"]
    assert len(runs) == 2


def test_of_flipped_facts_only_what_is_named_beforehand_is_kept(results):
    added = generators(results, 50)["less from-nothing"]["from-simulated-reports"]
    flipped = {name for name in added if name.startswith("margins/counterfactual/")}
    assert "margins/counterfactual/embedding/all/balanced accuracy" in flipped
    assert len(flipped) == 2
    assert "margins/peer/embedding/accuracy" in added


def test_results_without_their_reference_are_refused(results):
    for file in results.glob("from-nothing*"):
        file.unlink()
    with pytest.raises(RrgError, match="holds no result of 'from-nothing', only of from-simulated-reports"):
        generators(results)


def test_the_options_are_checked_before_anything_is_made(results, runs, tmp_path, capsys):
    with pytest.raises(SystemExit):
        main(["--data", str(tmp_path), "--generators", str(results)])
    assert "--json" in capsys.readouterr().err
    assert main(["--data", str(tmp_path), "--json", str(tmp_path / "no" / "file.json")]) == 2
    assert (
        main(
            [
                "--data",
                str(tmp_path),
                "--generators",
                str(tmp_path / "no"),
                "--json",
                str(tmp_path / "f.json"),
            ]
        )
        == 2
    )
    assert runs == []


def test_the_default_start_is_a_checkpoint_whose_image_network_is_read():
    config = json.loads((START / "config.json").read_text())
    encoder = RadiographEncoder(config["backbone"], config["image_size"], 8, 1, 1, 0.0)
    load_encoder_weights(encoder, START)
