import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from rrg.data.findings import label_report
from rrg.objective.task import GenerationTask
from rrg.training import loop
from rrg.training.loop import train
from rrg.training.run import prepare
from rrg.training.source import number_findings, rarity_weights
from rrg.types import RrgError
from tests.made import write_cohort, write_config

END_TO_END = {"sizes": {"dropout": 0.1, "hidden_size": 32, "num_attention_heads": 2, "num_hidden_layers": 1,
                        "encoder_layers": 1, "embedding_size": 16, "max_tokens": 40},
              "image_size": 64, "min_frequency": 1, "imagenet": False, "freeze_backbone": False}  # fmt: skip


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def losses(run):
    return [line["loss"] for line in lines(run)]


def weights(folder):
    return {k: v for file in folder.glob("model*.safetensors") for k, v in load_file(file).items()}


def free_port():
    with socket.socket() as each:
        each.bind(("127.0.0.1", 0))
        return each.getsockname()[1]


@pytest.mark.parametrize("freeze", [True, False])
@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_killed_run_taken_up_again_ends_the_same(tmp_path, cohort, stop, freeze):
    """Stopped between saves (1, 5), in the middle of an epoch and at its end (3); dropout on."""
    config = write_config(tmp_path / "config.yaml", cohort, model={**END_TO_END, "freeze_backbone": freeze})
    whole = train(config, [], tmp_path / "whole")
    train(config, [], tmp_path / "killed", stop_after=stop)
    assert not (tmp_path / "killed" / "checkpoint").exists()
    resumed = train(config, [], tmp_path / "killed")
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    first, second = weights(whole), weights(resumed)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_the_running_mean_is_what_is_kept_and_outlives_a_kill(tmp_path, cohort):
    config = write_config(tmp_path / "config.yaml", cohort)
    last = weights(train(config, [], tmp_path / "last"))
    averaged = ["optimiser.average=0.9", "select=last"]
    whole = weights(train(config, averaged, tmp_path / "whole"))
    assert losses(tmp_path / "whole") == losses(tmp_path / "last")
    train(config, averaged, tmp_path / "killed", stop_after=3)
    resumed = weights(train(config, averaged, tmp_path / "killed"))
    assert all(torch.equal(value, resumed[name]) for name, value in whole.items())
    moved = [name for name in whole if not torch.equal(whole[name], last[name])]
    assert any(name.startswith("heads.") for name in moved)
    assert not [name for name in moved if "backbone" in name]


def test_a_training_study_is_shown_as_it_is_or_as_one_of_its_variants(tmp_path, cohort):
    config = loop.load_config(write_config(tmp_path / "config.yaml", cohort), ["data.variants=2"])
    run = prepare(config, tmp_path / "run")
    plain, rows, seen = run.train.batch(np.arange(6)), np.arange(6), set()
    kept = [torch.from_numpy(each[:6].astype(np.float32)) for each in (run.train.features, *run.train.variants)]
    assert torch.equal(plain.features, kept[0])
    assert len(kept) == 3
    for step in range(20):
        drawn = run.train.batch(rows, np.random.default_rng(step)).features
        seen |= {
            (i, k) for i in rows for k, each in enumerate(kept) if torch.equal(drawn[i], each[i])
        }
        assert torch.equal(drawn, run.train.batch(rows, np.random.default_rng(step)).features)
    assert seen == {(i, k) for i in rows for k in range(3)}
    assert run.val.variants == ()


def test_variants_are_the_same_in_every_run_and_differ_from_one_another(tmp_path, cohort):
    written = write_config(tmp_path / "config.yaml", cohort)
    first, second = (
        prepare(loop.load_config(written, ["data.variants=2", f"data.cache={tmp_path / name}"]), tmp_path / name)
        for name in ("a", "b")
    )
    for one, other in zip(first.train.variants, second.train.variants, strict=True):
        assert np.array_equal(one, other)
    assert not np.array_equal(first.train.variants[0], first.train.variants[1])


def test_studies_of_rare_findings_are_drawn_more_often(tmp_path):
    cohort = write_cohort(tmp_path / "data", train=24)
    annotation = json.loads((cohort / "annotation.json").read_text())
    for study in annotation["train"][6:]:  # all alike, so that those before are rare
        study["report"] = "The heart is normal. No pleural effusion."
    (cohort / "annotation.json").write_text(json.dumps(annotation))
    config = loop.load_config(write_config(tmp_path / "config.yaml", cohort), ["optimiser.balance=1"])
    train = prepare(config, tmp_path / "run").train
    orders = [loop.epoch_order(train, config, epoch) for epoch in range(200)]
    assert all(len(order) == 24 for order in orders)
    assert np.array_equal(orders[3], loop.epoch_order(train, config, 3))
    share = np.bincount(np.concatenate(orders), minlength=24) / (200 * 24)
    assert np.allclose(share, train.chance, atol=0.015)
    assert share[:6].sum() > 2 * 6 / 24
    findings = [label_report(study.report) for study in train.images.studies]
    wanted = rarity_weights(findings, 1.0).double().numpy() / 24
    assert np.allclose(train.chance, wanted)
    assert len(set(wanted.round(6))) > 1


def test_reports_of_equal_findings_count_as_the_same_where_asked(tmp_path, cohort):
    written = write_config(tmp_path / "config.yaml", cohort)
    by = {
        same: prepare(loop.load_config(written, [f"mining.same={same}"]), tmp_path / same).train.text.tolist()
        for same in ("wording", "findings")
    }
    assert len(set(by["findings"])) < len(set(by["wording"]))
    assert number_findings([label_report(said) for said in (
        "Left pleural effusion.", "There is an effusion on the left.", "No effusion.", "Rib fracture.",
    )]).tolist() == [0, 0, 1, 2]  # fmt: skip


RELEASED = {"peers": True, "synthesis": "released", "report": 0.7, "alignment": 0.1, "repulsion": 0.2}


def test_the_released_objective_is_taken_up_with_its_own_temperature(tmp_path, cohort):
    config = write_config(tmp_path / "config.yaml", cohort, objective=RELEASED)
    whole = train(config, [], tmp_path / "whole")
    train(config, [], tmp_path / "killed", stop_after=4)
    resumed = weights(train(config, [], tmp_path / "killed"))
    assert losses(tmp_path / "killed") == losses(tmp_path / "whole")
    assert all(torch.equal(value, resumed[name]) for name, value in weights(whole).items())
    assert not [name for name in resumed if "hard" in name]
    log = lines(tmp_path / "whole")
    assert [round(line["hardness"], 4) for line in log] == [0.99] * 3 + [0.9802] * 3
    assert "repulsion" in log[0]


def test_a_peers_image_comes_with_its_text_and_only_where_asked(tmp_path, cohort):
    config = loop.load_config(write_config(tmp_path / "config.yaml", cohort, objective=RELEASED))
    run = prepare(config, tmp_path / "run")
    batch = run.train.batch(np.arange(6), np.random.default_rng(0))
    for i in range(6):
        (peer,) = (each.index for each in run.train.peers[i])
        assert np.array_equal(batch.seen_peers.features[i].half(), run.train.features[peer])
        assert batch.seen_peers.text[i] == run.train.text[peer] == batch.peer_text[i]
    assert run.train.batch(np.arange(6)).seen_peers is None
    plain = prepare(loop.load_config(write_config(tmp_path / "config.yaml", cohort)), tmp_path / "plain")
    assert plain.train.batch(np.arange(6), np.random.default_rng(0)).seen_peers is None


def test_among_several_peers_every_step_draws_one(tmp_path, cohort):
    config = loop.load_config(write_config(tmp_path / "config.yaml", cohort, mining={"among": 3, "by": "findings"}))
    source = prepare(config, tmp_path / "run").train
    allowed = [{int(source.text[peer.index]) for peer in peers} for peers in source.peers]
    seen = [set() for _ in range(6)]
    for step in range(40):
        drawn = source.batch(np.arange(6), np.random.default_rng(step))
        again = source.batch(np.arange(6), np.random.default_rng(step))
        assert torch.equal(drawn.peer_tokens, again.peer_tokens)
        for i in range(6):
            seen[i].add(int(drawn.peer_text[i]))
    assert seen == allowed[:6]


EVERYTHING = {
    "objective": {"peers": True, "synthesis": "arc", "flips": True, "margin": 0.2},
    "mining": {"among": 3, "by": "findings"},
    "prompt": {"labels_at_least": 5, "truth": 0.5},
    "optimiser": {"epochs": 2, "batch_size": 8, "learning_rate": 1e-3, "copies": 0.5, "rarity": 0.5, "average": 0.9},
}


def test_processes_that_share_a_batch_draw_what_one_would(tmp_path, cohort):
    written = write_config(tmp_path / "config.yaml", cohort, **EVERYTHING)
    source = prepare(loop.load_config(written, ["data.variants=2"]), tmp_path / "run").train
    for step in range(3):
        whole = source.batch(np.arange(8), np.random.default_rng(step))
        for process in range(2):
            share = slice(process, None, 2)
            part = source.batch(np.arange(8), np.random.default_rng(step), share)
            for name in ("views", "features", "text", "peer_text", "peer_valid", "flip_valid", "weight", "strengths"):
                assert torch.equal(getattr(part, name), getattr(whole, name)[share]), name
            for name in ("tokens", "peer_tokens", "flip_tokens"):
                rows = getattr(part, name)
                assert torch.equal(rows, getattr(whole, name)[share, : rows.shape[1]]), name


def test_it_learns_and_logs(tmp_path, cohort):
    config = write_config(tmp_path / "config.yaml", cohort)
    train(config, ["optimiser.epochs=6"], tmp_path / "run")
    log = lines(tmp_path / "run")
    assert log[-1]["report"] < log[0]["report"]
    assert [line["hardness"] for line in log] == sorted((line["hardness"] for line in log), reverse=True)
    assert log[0]["hardness"] == 1.0
    assert log[-1]["hardness"] == pytest.approx(0.1)
    assert {"val_loss", "val_recall_at_10", "epoch"} <= log[2].keys()


def test_a_step_that_is_not_a_number_names_the_batch(tmp_path, cohort, monkeypatch):
    real = GenerationTask.forward

    def broken(self, batch, hardness):
        terms = real(self, batch, hardness)
        return {**terms, "loss": terms["loss"] * float("nan")}

    monkeypatch.setattr(GenerationTask, "forward", broken)
    with pytest.raises(RrgError, match=r"step 0 .*CXR\d+_IM"):
        train(write_config(tmp_path / "config.yaml", cohort), [], tmp_path / "run")


def test_another_configuration_does_not_take_up_the_run(tmp_path, cohort):
    config = write_config(tmp_path / "config.yaml", cohort)
    train(config, [], tmp_path / "run", stop_after=1)
    with pytest.raises(RrgError, match="another configuration"):
        train(config, ["seed=1"], tmp_path / "run")


def test_too_large_a_batch_is_named(tmp_path, cohort):
    with pytest.raises(RrgError, match=r"optimiser\.batch_size"):
        train(write_config(tmp_path / "config.yaml", cohort), ["optimiser.batch_size=64"], tmp_path / "run")


def test_a_broken_image_costs_its_study_not_the_run(tmp_path, caplog):
    data = write_cohort(tmp_path / "data")
    broken = data / "images" / "CXR3_IM-0002" / "0.png"
    broken.write_bytes(b"no picture")
    train(write_config(tmp_path / "config.yaml", data), ["optimiser.epochs=1"], tmp_path / "run")
    assert str(broken) in caplog.text
    recipe = json.loads((tmp_path / "run" / "checkpoint" / "training.json").read_text())
    assert recipe["train_studies"] == 23


def test_every_study_once_an_epoch_and_never_mirrored(tmp_path, cohort):
    run = prepare(loop.load_config(write_config(tmp_path / "config.yaml", cohort)), tmp_path / "run")
    order = loop.epoch_order(run.train, run.config, 0)
    assert sorted(order) == list(range(24))
    assert not np.array_equal(order, loop.epoch_order(run.train, run.config, 1))
    study = run.train.images.studies[5]
    from rrg.data.images import load_radiograph
    from rrg.data.preprocess import to_square

    shown = run.train.images.squares[5][0]
    assert np.array_equal(shown, to_square(load_radiograph(study.images[0]), 64))


def test_the_baselines_generator_steps_as_if_there_were_no_alignment(tmp_path, cohort):
    """Weights after some steps, not gradients before clipping: the heads must not shrink the generator's step either."""
    after = {}
    for weight in (0.0, 1.0):
        config = write_config(
            tmp_path / "config.yaml", cohort, objective={"detach": True, "alignment": weight}, select="last"
        )
        after[weight] = weights(train(config, ["optimiser.clip=0.05"], tmp_path / str(weight)))
    changed = {name for name in after[0.0] if not torch.equal(after[0.0][name], after[1.0][name])}
    assert changed
    assert all(name.startswith("heads.") for name in changed)


@pytest.mark.slow
@pytest.mark.parametrize(
    "sections",
    [{"objective": {"detach": True}}, {"objective": {"peers": True, "synthesis": "arc"}}, EVERYTHING],
    ids=["baseline", "hard-negative", "everything"],
)
def test_two_processes_train_as_one(tmp_path, cohort, sections):
    """Same loss curve within 1e-4 (sums in another order), under dropout 0 and fixed BatchNorm statistics."""
    config = write_config(tmp_path / "config.yaml", cohort, **sections)
    train(config, [], tmp_path / "one")
    # --multi_gpu starts two processes without a GPU too; --cpu would start one, whatever number is asked for.
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
               "--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no",
               "--main_process_port", str(free_port()),
               "-m", "rrg", "train", str(config), "--out", str(tmp_path / "two")]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"})
    assert done.returncode == 0, done.stderr[-3000:]
    recipe = json.loads((tmp_path / "two" / "checkpoint" / "training.json").read_text())
    assert recipe["processes"] == 2
    assert losses(tmp_path / "two") == pytest.approx(losses(tmp_path / "one"), abs=1e-4)
    first, second = weights(tmp_path / "one" / "checkpoint"), weights(tmp_path / "two" / "checkpoint")
    assert first.keys() == second.keys()
    assert all(torch.allclose(first[n].float(), second[n].float(), atol=2e-3) for n in first)
