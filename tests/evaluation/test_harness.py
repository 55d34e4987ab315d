"""A tiny trained model, a generator without heads, and files of reports through the whole evaluation."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from rrg.data.images import load_radiograph
from rrg.data.preprocess import Preprocessing
from rrg.evaluation.cohort import Cohort, load_cohort
from rrg.evaluation.company import HAND_WRITTEN, MOST_FREQUENT, NEAREST, NORMAL_REPORT
from rrg.evaluation.company_rows import Judge
from rrg.evaluation.harness import Settings, evaluate, evaluate_generator, evaluate_reports
from rrg.evaluation.margins import words_of
from rrg.evaluation.meteor import Meteor
from rrg.evaluation.references import references
from rrg.evaluation.result_file import faults_in_words, in_short, summary, write_json
from rrg.evaluation.schema import read_result
from rrg.evaluation.shuffle import derangement
from rrg.models.checkpoint import load_checkpoint
from rrg.models.decoding import Decoding
from rrg.models.protocol import Encoded
from rrg.retrieval.build import build_gallery
from rrg.types import Report, RrgError

QUICK = Settings(meteor=False, command="made")
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "iu_xray"


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint, cohort, tmp_path_factory):
    import shutil

    folder = shutil.copytree(tiny_checkpoint, tmp_path_factory.mktemp("model") / "tiny")
    loaded = load_checkpoint(folder)
    build_gallery(loaded, load_cohort(cohort, "train").studies).save(folder)
    return loaded


@pytest.fixture(scope="module")
def val(cohort):
    return load_cohort(cohort, "val")


@pytest.fixture(scope="module")
def result(checkpoint, val):
    return evaluate(checkpoint, val, QUICK)


def constant(studies, text=NORMAL_REPORT):
    return {study.id: text for study in studies}


# --- A checkpoint ---


def test_every_study_has_its_text_findings_scores_and_ranks(result, val):
    assert [study["id"] for study in result["studies"]] == [study.id for study in val.studies]
    for study in result["studies"]:
        assert isinstance(study["text"], str)
        assert study["reference findings"]
        assert set(study["scores"]) == set(study["statistics"]) == {"full", "r2gen"}
        assert 1 <= study["ranks"]["image-to-report/same text"] <= len(val.studies)
        assert study["loss"] > 0
    json.dumps(result, allow_nan=False)


def test_the_parts_of_the_result_are_there(result):
    metrics = result["metrics"]
    assert {"loss", "text", "clinical", "retrieval", "margins", "variety", "shuffle", "per finding"} <= set(
        metrics
    )
    assert set(result["company"]) >= {HAND_WRITTEN, MOST_FREQUENT, NEAREST}
    for row in result["company"].values():
        assert {"text", "clinical", "variety", "shuffle"} <= set(row)
    assert result["system"]["kind"] == "checkpoint"
    assert "loss" in metrics["shuffle"]
    assert metrics["text"]["full"]["METEOR"] is None
    assert "--no-meteor" in metrics["text"]["absent"]["full/METEOR"]
    assert "tiny" in in_short(result)
    assert NEAREST in in_short(result)


def test_the_loss_is_the_mean_over_all_known_tokens(result, checkpoint, val):
    total, count = 0.0, 0
    for study in val.studies:
        films = [load_radiograph(p, view=v) for p, v in zip(study.images, study.views, strict=True)]
        n = words_of(checkpoint, [study.report])[0].known
        total -= float(checkpoint.log_likelihood(checkpoint.encode(films), [study.report])[0]) * n
        count += n
    assert result["metrics"]["loss"] == pytest.approx(total / count, rel=1e-4)


def test_known_tokens_count_words_and_the_end(checkpoint):
    counts = words_of(checkpoint, ["The lungs are clear.", "zyx.", "The lungs zyx."])
    assert [(each.known, each.unknown) for each in counts] == [(6, 0), (2, 1), (4, 1)]


def test_the_same_model_and_data_give_the_same_file_and_batches_what_single_studies_give(
    result, checkpoint, val
):
    assert json.dumps(evaluate(checkpoint, val, QUICK)) == json.dumps(result)
    alone = evaluate(checkpoint, val, replace(QUICK, batch=1))
    assert [s["text"] for s in alone["studies"]] == [s["text"] for s in result["studies"]]
    assert alone["metrics"]["loss"] == pytest.approx(result["metrics"]["loss"], abs=1e-5)


def test_the_rows_beside_a_system_can_be_left_out_and_change_nothing_else(result, checkpoint, val):
    alone = evaluate(checkpoint, val, replace(QUICK, company=False))
    assert (alone["company"], alone["adversarial"]) == ({}, {})
    assert "not asked" in alone["metrics"]["absent"]["company"]
    assert alone["studies"] == result["studies"]
    assert alone["metrics"]["shuffle"] == result["metrics"]["shuffle"]


def test_the_nearest_neighbour_is_of_another_patient_and_of_train(result, checkpoint, val, cohort):
    assert NEAREST in result["company"]
    alone = evaluate(replace(checkpoint, folder=cohort), val, QUICK)  # no gallery lies there
    assert NEAREST not in alone["company"]
    assert "gallery" in alone["metrics"]["absent"][f"company/{NEAREST}"]


def test_the_summary_holds_no_study_and_no_sentence(result, val):
    text = json.dumps(summary(result))
    short = json.loads(json.dumps(result["metrics"]), parse_float=lambda number: round(float(number), 5))
    assert summary(result)["metrics"] == short
    assert not any(study.id in text or study.report in text for study in val.studies)
    assert not any(study["text"] in text for study in result["studies"] if study["text"])
    assert "per class" not in json.dumps(summary(result)["company"])


def test_a_limit_keeps_the_scores_of_the_whole(result, checkpoint, val):
    part = evaluate(checkpoint, val, replace(QUICK, limit=3))
    assert part["data"]["studies"] == 3
    for few, all_ in zip(part["studies"], result["studies"], strict=False):
        assert few["text"] == all_["text"]
        for protocol in ("full", "r2gen"):
            assert few["scores"][protocol] == pytest.approx(all_["scores"][protocol])


def test_without_train_reports_what_needs_them_is_absent_not_zero(checkpoint, val):
    result = evaluate(checkpoint, Cohort(val.studies), replace(QUICK, limit=2))
    assert result["metrics"]["text"]["r2gen"] is None
    assert "train reports" in result["metrics"]["text"]["absent"]["r2gen"]
    assert result["metrics"]["text"]["full"]["BLEU-1"] is not None
    assert result["company"] == {}
    assert "train" in result["metrics"]["absent"]["company"]


def test_one_study_alone_has_no_shuffle_gap(checkpoint, val):
    metrics = evaluate(checkpoint, val, replace(QUICK, limit=1))["metrics"]
    assert all(gap["gap"] is None for gap in metrics["shuffle"].values())
    assert "alone" in metrics["absent"]["shuffle"]


# --- Other systems ---


class Constant:
    """A generator of the protocol that has neither heads nor a likelihood."""

    def encode(self, pixels, views):
        n = len(pixels)
        return Encoded(
            torch.zeros(n, 1, 2), torch.ones(n, 1, dtype=torch.bool), torch.zeros(n, 2), torch.zeros(n, 1, 2)
        )

    def generate_reports(self, encoded, **decoding):
        return [Report(NORMAL_REPORT)] * len(encoded)


def test_a_generator_without_heads_has_texts_and_reasons(val):
    result = evaluate_generator(Constant(), Preprocessing(size=64), val, QUICK, name="made")
    metrics = result["metrics"]
    assert (metrics["loss"], metrics["retrieval"], metrics["margins"]) == (None, None, None)
    assert set(metrics["absent"]) >= {"loss", "retrieval", "margins"}
    assert metrics["variety"]["distinct"] == 1


def test_a_generator_with_heads_is_scored_like_its_checkpoint(result, checkpoint, val):
    again = evaluate_generator(
        checkpoint.model, checkpoint.preprocessing, val, QUICK, name="x", tokenizer=checkpoint.tokenizer
    )
    for name in ("loss", "text", "clinical", "retrieval", "margins", "shuffle"):
        assert again["metrics"][name] == result["metrics"][name]
    assert NEAREST not in again["company"]


def test_a_reranked_system_is_a_row_of_its_own(result, checkpoint, val):
    reranked = evaluate(checkpoint, val, replace(QUICK, decoding=Decoding.of("rerank", 3, seed=1)))
    assert reranked["system"] == {**result["system"], "name": f"{checkpoint.name}, reranked, 3 drafts"}
    assert reranked["decoding"] | {"min_new_tokens": 0} == {
        "do_sample": True, "num_beams": 1, "top_p": 0.9, "temperature": 0.5, "candidates": 3,
        "chosen by": "alignment", "seed": 1, "min_new_tokens": 0,
    }  # fmt: skip
    assert reranked["metrics"]["loss"] == result["metrics"]["loss"]
    assert [s["text"] for s in reranked["studies"]] != [s["text"] for s in result["studies"]]


def test_a_generator_without_heads_cannot_be_reranked(val):
    with pytest.raises(RrgError, match="alignment heads"):
        evaluate_generator(
            Constant(),
            Preprocessing(size=64),
            val,
            replace(QUICK, decoding=Decoding.of("rerank")),
            name="made",
        )


def assert_recites(metrics):
    """What must show of a system that says one thing: no gap, one report, nothing told apart."""
    found = {name: gap["gap"] for name, gap in metrics["shuffle"].items() if gap["gap"] is not None}
    assert len(found) > 50
    assert set(found.values()) == {0.0}
    assert metrics["variety"]["distinct"] == 1
    for direction in metrics["retrieval by text"].values():
        for recalls in direction.values():
            for depth in (1, 5, 10):
                assert recalls[f"recall@{depth}"] <= recalls[f"blind@{depth}"] + 1e-12


def test_a_constant_system_shows(val):
    assert_recites(evaluate_reports(constant(val.studies), val, QUICK, name="constant")["metrics"])


def test_a_constant_system_is_at_chance_where_all_references_differ(val):
    words = NORMAL_REPORT.split()
    texts = [
        f"{' '.join(words[: 3 * i + 2])} {i} nodules" for i in range(len(val.studies))
    ]  # no two as similar
    studies = [replace(study, report=text) for study, text in zip(val.studies, texts, strict=True)]
    result = evaluate_reports(constant(studies), Cohort(studies), QUICK, name="constant")
    found = result["metrics"]["retrieval by text"]["image-to-report"]["same text"]
    for depth in (1, 5, 10):
        assert found[f"recall@{depth}"] == pytest.approx(found[f"chance@{depth}"])


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs IU X-Ray in ../shared/data")
def test_a_constant_system_shows_on_iu_xray():
    cohort = load_cohort(SHARED, "val")
    against = references(cohort.studies, [], cohort.train[:300])
    images = derangement(against.texts, np.random.default_rng(0))
    row = Judge(against, images, [0], Meteor("not here")).row([NORMAL_REPORT] * len(cohort.studies)).as_json()
    assert_recites(row)
    found = row["retrieval by text"]["image-to-report"]["same text"]
    assert found["recall@10"] == pytest.approx(found["chance@10"], abs=0.02)
    assert row["text"]["r2gen"]["BLEU-1"] > 0.4  # the scores that such a sentence gets all the same


def test_a_perfect_oracle_scores_one_where_it_should(val):
    metrics = evaluate_reports({s.id: s.report for s in val.studies}, val, QUICK, name="oracle")["metrics"]
    assert metrics["text"]["full"]["BLEU-4"] == pytest.approx(1)
    assert metrics["text"]["full"]["ROUGE-L"] == pytest.approx(1)
    assert metrics["clinical"]["reference"]["uncertain as positive"]["14 classes"]["micro"]["f1"] == 1
    for direction in metrics["retrieval by text"].values():
        assert direction["same text"]["recall@1"] == 1
    assert metrics["shuffle"]["text/full/BLEU-4"]["gap"] > 0.1
    assert metrics["shuffle"]["clinical/reference/uncertain as positive/14 classes/micro/f1"]["gap"] > 0.1


# --- Faults ---


@pytest.fixture
def reports(val):
    return {study.id: study.report for study in val.studies}


def faults_of(reports, val):
    result = evaluate_reports(reports, val, QUICK, name="made")
    return {kind: ids for kind, ids in result["data"]["faults"].items() if ids}, result


def row(result, study):
    return next(each for each in result["studies"] if each["id"] == study)


@pytest.mark.parametrize(
    ("kind", "text"), [("missing", None), ("empty", ""), ("empty", " \n.. "), ("empty", "\x00")]
)
def test_a_report_that_is_not_there_is_named_and_scores_nothing(reports, val, kind, text):
    study = val.studies[2].id
    del reports[study]
    if text is not None:
        reports[study] = text
    found, result = faults_of(reports, val)
    assert found[kind] == [study]
    assert kind in result["data"]["treatment"]
    assert f"{kind}: 1 ({study})" in faults_in_words(result["data"])
    assert result["data"]["studies"] == len(val.studies)  # it counts
    scores = row(result, study)["scores"]
    assert all(
        value == pytest.approx(0, abs=1e-6) for each in scores.values() for value in each.values() if value
    )
    assert row(result, study)["findings"] == ""


def test_an_unknown_id_is_named(reports, val):
    found, result = faults_of(reports | {"nobody": "The lungs are clear."}, val)
    assert found == {"unknown": ["nobody"]}
    assert len(result["studies"]) == len(val.studies)


def test_a_report_of_ten_thousand_words_is_cut_and_named(reports, val):
    study = val.studies[0].id
    found, result = faults_of(reports | {study: "The lungs are clear. " * 2500}, val)
    assert found == {"too long": [study]}
    assert len(row(result, study)["text"].split()) == 1000
    assert "1000 words" in result["data"]["treatment"]["too long"]


@pytest.mark.parametrize("text", ["Die Lungen sind frei, kein Erguss erkennbar.", "心影不大，肺野清晰。"])
def test_a_report_in_another_language_is_named_and_scored(reports, val, text):
    study = val.studies[1].id
    found, result = faults_of(reports | {study: text}, val)
    assert found == {"not English": [study]}
    assert row(result, study)["text"] == text


def test_a_model_that_is_no_number_is_named_and_ranks_last(checkpoint, val):
    class Broken:
        """Every second study's embedding and likelihood is no number."""

        def __getattr__(self, name):
            return getattr(checkpoint.model, name)

        def encode(self, pixels, views):
            encoded = checkpoint.model.encode(pixels, views)
            encoded.pooled[::2] = torch.nan
            return encoded

        def report_logits(self, encoded, tokens, mask):
            logits = checkpoint.model.report_logits(encoded, tokens, mask)
            return torch.where(encoded.pooled[:, :1, None].isnan(), torch.nan, logits)

    result = evaluate(replace(checkpoint, model=Broken()), val, QUICK)
    broken = [study.id for study in val.studies[::2]]
    assert result["data"]["faults"]["not finite"] == broken
    assert [study["id"] for study in result["studies"] if study["loss"] is None] == broken
    ranks = [row(result, study)["ranks"]["image-to-report/same text"] for study in broken]
    relevant = [sum(s.report == row_.report for s in val.studies) for row_ in val.studies[::2]]
    assert ranks == [len(val.studies) - n + 1 for n in relevant]
    json.dumps(result, allow_nan=False)


def test_broken_images_and_missing_references_are_named(checkpoint, val, tmp_path):
    broken = tmp_path / "0.png"
    broken.write_bytes(b"no picture")
    whole = tmp_path / "1.png"
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(whole)
    studies = [
        *val.studies[:2],
        replace(val.studies[2], images=(broken, whole)),
        replace(val.studies[3], report=" "),
    ]
    data = evaluate(checkpoint, Cohort(studies, val.train), QUICK)["data"]
    assert data["studies"] == 2
    assert data["faults"]["unreadable images"] == [val.studies[2].id]
    assert data["faults"]["without a report"] == 1


@pytest.mark.parametrize("limit", [0, -1])
def test_a_senseless_limit_is_refused(val, limit):
    with pytest.raises(RrgError, match="limit"):
        evaluate_reports({}, val, replace(QUICK, limit=limit), name="made")


def test_no_report_at_all_is_refused():
    with pytest.raises(RrgError, match="report"):
        Cohort([])


# --- Interrupted ---

KILLED = """
import os, signal, sys
import torch
from rrg.evaluation import partial
from rrg.evaluation.cohort import load_cohort
from rrg.evaluation.company_rows import Judge
from rrg.evaluation.harness import Settings, evaluate
from rrg.evaluation.shuffle import derangement
from rrg.models.checkpoint import load_checkpoint
torch.set_num_threads(1)
write = partial._write
def stop(file, text):
    write(file, text)
    if file.stem == "batch-00001":
        os.kill(os.getpid(), signal.SIGKILL)
partial._write = stop
settings = Settings(meteor=False, command="made", batch=2, partial=partial.Path(sys.argv[3]))
evaluate(load_checkpoint(sys.argv[1]), load_cohort(sys.argv[2], "val"), settings)
"""


def test_a_killed_run_is_taken_up_where_it_stopped(checkpoint, val, cohort, tmp_path, monkeypatch):
    folder = tmp_path / "out.json.partial"
    arguments = [sys.executable, "-c", KILLED, str(checkpoint.folder), str(cohort), str(folder)]
    killed = subprocess.run(
        arguments, capture_output=True, check=False, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    done = sorted(file.name for file in folder.glob("batch-*.json"))
    assert done == ["batch-00000.json", "batch-00001.json"]  # half of the four

    worked = []
    generate = checkpoint.model.generate_reports
    monkeypatch.setattr(
        checkpoint.model,
        "generate_reports",
        lambda encoded, **d: worked.append(len(encoded)) or generate(encoded, **d),
    )
    settings = replace(QUICK, batch=2)
    resumed = evaluate(checkpoint, val, replace(settings, partial=folder))
    assert worked == [2, 2]
    write_json(tmp_path / "resumed.json", resumed)
    write_json(tmp_path / "whole.json", evaluate(checkpoint, val, settings))
    assert (tmp_path / "resumed.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_partial_results_of_other_settings_are_not_taken(checkpoint, val, tmp_path, caplog):
    folder = tmp_path / "p"
    evaluate(checkpoint, val, replace(QUICK, batch=4, partial=folder))
    assert len(list(folder.glob("batch-*.json"))) == 4  # images and texts of two batches
    evaluate(checkpoint, val, replace(QUICK, batch=8, partial=folder))
    assert len(list(folder.glob("batch-*.json"))) == 2
    assert "started anew" in caplog.text


# --- Files ---


def test_results_go_to_disk_and_back(result, tmp_path):
    write_json(tmp_path / "r.json", result)
    assert read_result(tmp_path / "r.json") == json.loads(json.dumps(result))
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "n.json", {"x": float("nan")})
    with pytest.raises(RrgError, match="cannot write"):
        write_json(tmp_path / "none" / "r.json", result)
    write_json(tmp_path / "s.json", summary(result))
    with pytest.raises(RrgError, match="per-study"):
        read_result(tmp_path / "s.json")
