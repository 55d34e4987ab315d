"""A tiny trained model through the whole evaluation: complete, repeatable, a summary without sentences."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rrg.data.datasets import load_studies
from rrg.data.images import load_radiograph
from rrg.evaluation.harness import evaluate, known_tokens, read_result, run, summary, write_json
from rrg.models.checkpoint import load_checkpoint
from rrg.types import RrgError


@pytest.fixture(scope="module", autouse=True)
def _without_java(tmp_path_factory):
    """METEOR has a test of its own; starting Java for each of these would take most of their time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path_factory.mktemp("no-java")))
        yield


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint):
    return load_checkpoint(tiny_checkpoint)


@pytest.fixture(scope="module")
def val(cohort):
    return load_studies(cohort, "val")


@pytest.fixture(scope="module")
def result(checkpoint, val, cohort):
    reports = [study.report for study in load_studies(cohort, "train")]
    return evaluate(checkpoint, val, train_reports=reports, command="made")


def test_every_study_has_its_text_labels_scores_and_ranks(result, val):
    assert [study["id"] for study in result["studies"]] == [study.id for study in val]
    for study in result["studies"]:
        assert isinstance(study["text"], str)
        assert study["reference labels"]
        assert set(study["scores"]) == {"full", "r2gen"}
        assert 1 <= study["ranks"]["study/image-to-report"] <= len(val)
        assert study["ranks"]["same text/image-to-report"] <= study["ranks"]["study/image-to-report"]
    json.dumps(result, allow_nan=False)


def test_absent_java_is_told(result):
    metrics = result["metrics"]
    assert metrics["full"]["METEOR"] is None
    assert "java" in metrics["absent"]["full/METEOR"]


def test_the_loss_is_the_mean_over_all_known_tokens(result, checkpoint, val):
    total, count = 0.0, 0
    for study in val:
        films = [load_radiograph(p, view=v) for p, v in zip(study.images, study.views, strict=True)]
        n = int(known_tokens(checkpoint, [study.report])[0])
        total -= float(checkpoint.log_likelihood(checkpoint.encode(films), [study.report])[0]) * n
        count += n
    assert result["metrics"]["loss (nats per token)"] == pytest.approx(total / count, rel=1e-4)


def test_known_tokens_count_words_and_the_end(checkpoint):
    counts = known_tokens(checkpoint, ["The lungs are clear.", "zyx.", "The lungs zyx."])
    assert counts.tolist() == [6, 2, 4]


def test_the_same_model_and_data_give_the_same_file(result, checkpoint, val, cohort):
    reports = [study.report for study in load_studies(cohort, "train")]
    again = evaluate(checkpoint, val, train_reports=reports, command="made")
    assert json.dumps(again) == json.dumps(result)


def test_the_summary_holds_no_study_and_no_sentence(result, val):
    text = json.dumps(summary(result))
    assert summary(result)["metrics"] == result["metrics"]
    assert not any(study.id in text or study.report in text for study in val)
    assert not any(study["text"] in text for study in result["studies"] if study["text"])


def test_a_limit_keeps_the_scores_of_the_whole(result, checkpoint, val, cohort):
    reports = [study.report for study in load_studies(cohort, "train")]
    part = evaluate(checkpoint, val, train_reports=reports, limit=3)
    assert part["data"]["studies"] == 3
    for few, all_ in zip(part["studies"], result["studies"], strict=False):
        assert few["text"] == all_["text"]
        for protocol in ("full", "r2gen"):
            assert few["scores"][protocol] == pytest.approx(all_["scores"][protocol])


def test_without_train_reports_a_protocol_is_absent_not_zero(checkpoint, val):
    metrics = evaluate(checkpoint, val, limit=2)["metrics"]
    assert metrics["r2gen"] is None
    assert "train reports" in metrics["absent"]["r2gen"]
    assert metrics["full"]["BLEU-1"] is not None


def test_batches_give_what_single_studies_give(checkpoint, val):
    together, alone = run(checkpoint, val), run(checkpoint, val[2:3])
    assert together.texts[2] == alone.texts[0]
    np.testing.assert_allclose(together.image[2], alone.image[0], atol=1e-5)
    np.testing.assert_allclose(together.report[2], alone.report[0], atol=1e-5)
    assert together.loss[2] == pytest.approx(alone.loss[0], abs=1e-4)


def test_broken_images_and_missing_reports_are_counted(checkpoint, val, tmp_path):
    broken = tmp_path / "0.png"
    broken.write_bytes(b"no picture")
    whole = tmp_path / "1.png"
    Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64)).save(whole)
    studies = [*val[:2], replace(val[2], images=(broken, whole)), replace(val[3], report=" ")]
    data = evaluate(checkpoint, studies)["data"]
    assert (data["studies"], data["unreadable"], data["without a report"]) == (2, 1, 1)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_senseless_limit_is_refused(checkpoint, val, limit):
    with pytest.raises(RrgError, match="limit"):
        evaluate(checkpoint, val, limit=limit)


def test_no_report_at_all_is_refused(checkpoint):
    with pytest.raises(RrgError, match="report"):
        evaluate(checkpoint, [])


def test_results_go_to_disk_and_back(result, tmp_path):
    write_json(tmp_path / "r.json", result)
    assert read_result(tmp_path / "r.json") == json.loads(json.dumps(result))
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "n.json", {"x": math.nan})


def test_unwritable_and_foreign_files_are_named(result, tmp_path):
    with pytest.raises(RrgError, match="cannot write"):
        write_json(tmp_path / "none" / "r.json", result)
    with pytest.raises(RrgError, match="cannot read"):
        read_result(tmp_path / "none.json")
    (tmp_path / "a.json").write_text("{")
    with pytest.raises(RrgError, match="not JSON"):
        read_result(tmp_path / "a.json")
    write_json(tmp_path / "s.json", summary(result))
    with pytest.raises(RrgError, match="per-study"):
        read_result(tmp_path / "s.json")


def _without(value, *path):
    *way, last = path
    copy = json.loads(json.dumps(value))
    inside = copy
    for key in way:
        inside = inside[key]
    del inside[last]
    return copy


@pytest.mark.parametrize("path", [("data",), ("data", "split"), ("checkpoint",), ("studies", 1, "id")])
def test_a_result_that_lacks_what_compare_needs_is_refused(result, tmp_path, path):
    write_json(tmp_path / "r.json", _without(result, *path))
    with pytest.raises(RrgError, match="per-study"):
        read_result(tmp_path / "r.json")


@pytest.mark.parametrize("damage", [{"scores": {"full": 1}}, {"ranks": {"a": "first"}}, {"loss": "low"}])
def test_a_study_with_other_things_than_numbers_is_refused(result, tmp_path, damage):
    studies = [result["studies"][0] | damage, *result["studies"][1:]]
    write_json(tmp_path / "r.json", result | {"studies": studies})
    with pytest.raises(RrgError, match="per-study"):
        read_result(tmp_path / "r.json")
