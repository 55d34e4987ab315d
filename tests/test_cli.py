"""Every command end to end on a tiny model, and every refusal with its exit code and without a traceback."""

import json
import shutil
import subprocess
import sys

import pytest
from safetensors.torch import load_file, save_file

from rrg.cli import main
from rrg.types import RrgError
from tests.made import write_config
from tests.simulation.doubles import make_squares

COMMANDS = ("read", "score", "train", "evaluate", "compare", "report", "gallery", "simulate")


@pytest.fixture
def rrg(capsys):
    """Run a command: exit code, standard output, standard error."""

    def run(*arguments):
        with pytest.raises(SystemExit) as left:
            main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return left.value.code or 0, out, err

    return run


@pytest.fixture(scope="module")
def checkpoint(tiny_checkpoint, cohort, tmp_path_factory):
    """The tiny model with its gallery, in a folder of its own."""
    folder = shutil.copytree(tiny_checkpoint, tmp_path_factory.mktemp("cli") / "tiny")
    with pytest.raises(SystemExit) as left:
        main(["gallery", "--checkpoint", str(folder), "--data", str(cohort), "--split", "train"])
    assert not left.value.code
    return folder


@pytest.fixture(scope="module")
def films(cohort):
    folder = cohort / "images" / "CXR26_IM-0025"
    return folder / "0.png", folder / "1.png"


@pytest.fixture(scope="module", autouse=True)
def _without_java(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path_factory.mktemp("no-java")))
        yield


def refused(result, *parts):
    code, out, err = result
    assert code == 2
    assert err.startswith("error: ")
    assert "Traceback" not in err + out
    assert out == ""
    assert all(part in err for part in parts), err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(rrg, command):
    code, out, _ = rrg(command, "--help")
    assert code == 0
    assert "--help" in out


def test_help_loads_no_heavy_library():
    heavy = "('torch', 'transformers', 'gradio', 'sklearn')"
    code = f"import sys, rrg.cli; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_module_is_a_program():
    done = subprocess.run(
        [sys.executable, "-m", "rrg", "--help"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0
    assert all(command in done.stdout for command in COMMANDS)


def test_an_unknown_command_and_a_missing_option_are_usage_errors(rrg):
    assert rrg("write")[0] == 2
    assert rrg("read", "film.png")[0] == 2


def test_read_gives_the_whole_reading(rrg, checkpoint, cohort, films):
    code, out, err = rrg(
        "read", *films, "--checkpoint", checkpoint, "--data", cohort, "--json", "-k", 3, "--force"
    )
    assert (code, err) == (0, "")
    value = json.loads(out)
    assert len(value["neighbours"]) == 3
    assert all(n["text"] and n["source"] for n in value["neighbours"])
    assert value["settings"]["decoding"] == "greedy"
    assert value["settings"]["resolution"] == 64
    assert len(value["settings"]["revision"]) == 12
    assert value["screen"]["chest_radiograph"] is (value["screen"]["reason"] is None)
    assert len(value["films"]) == len(value["screen"]["distances"]) == 2
    assert [point["lambda"] for point in value["hard_negatives"]["path"]] == [1.0, 0.75, 0.5, 0.25, 0.0]
    assert not any(film.name in out or str(film.parent) in out for film in films)  # no file name in a reading


@pytest.mark.parametrize("name", ["CXR5_IM-0004", "5"])
def test_read_leaves_out_the_study_itself(rrg, checkpoint, cohort, name):
    films = sorted((cohort / "images" / "CXR5_IM-0004").iterdir())
    arguments = ("read", *films, "--checkpoint", checkpoint, "--data", cohort, "--json", "-k", 99, "--force")
    found = []
    for further in ((), ("--study", name)):
        value = json.loads(rrg(*arguments, *further)[1])
        path = [point["nearest"] for point in value["hard_negatives"]["path"]]
        found.append([n["study"] for n in (*value["neighbours"], value["hard_negatives"]["peer"], *path)])
    assert "CXR5_IM-0004" in found[0]
    assert "CXR5_IM-0004" not in found[1]
    assert value["settings"]["left out"] == "CXR5_IM-0004"
    refused(rrg(*arguments, "--study", "nobody"), "nobody")


def test_read_takes_a_reference_and_prints_for_people(rrg, checkpoint, cohort, films, tmp_path):
    (tmp_path / "truth.txt").write_text("There is a large right pneumothorax.")
    arguments = (
        films[0],
        "--checkpoint",
        checkpoint,
        "--data",
        cohort,
        "--positive",
        tmp_path / "truth.txt",
        "--force",
    )
    code, out, _ = rrg("read", *arguments)
    assert code == 0
    for heading in ("Report", "Findings", "Nearest training reports", "Hard negatives (synthetic"):
        assert heading in out
    _, out, _ = rrg("read", *arguments, "--json")
    assert json.loads(out)["settings"]["positive"] == "reference"


def test_a_stranger_is_refused_and_force_marks_it(rrg, checkpoint, cohort, films, tmp_path):
    strict = shutil.copytree(checkpoint, tmp_path / "strict")
    screen = load_file(strict / "screen.safetensors")
    screen["limit"] *= 1e-3  # no picture at all is near enough
    save_file(screen, strict / "screen.safetensors")
    (tmp_path / "r.txt").write_text("The lungs are clear.")
    arguments = (films[0], "--checkpoint", strict)
    refused(rrg("read", *arguments, "--data", cohort), "chest radiograph", "--force")
    refused(rrg("score", *arguments, "--report", tmp_path / "r.txt"), "chest radiograph", "--force")
    code, out, _ = rrg("read", *arguments, "--data", cohort, "--force", "--json")
    assert code == 0
    assert json.loads(out)["settings"]["forced"] is True
    screen = json.loads(out)["screen"]
    assert (screen["chest_radiograph"], screen["read_against_screen"]) == (False, True)


def test_score_sets_the_given_report_beside_the_own(rrg, checkpoint, films, tmp_path):
    (tmp_path / "r.txt").write_text("The lungs are clear. Heart size is normal.")
    arguments = (*films, "--report", tmp_path / "r.txt", "--checkpoint", checkpoint, "--force")
    code, out, _ = rrg("score", *arguments, "--json")
    assert code == 0
    value = json.loads(out)
    assert -1 <= value["given"]["alignment"] <= 1
    assert value["given"]["total_log_likelihood"] < value["given"]["log_likelihood"] < 0
    assert value["own"]["log_likelihood"] is None or value["own"]["log_likelihood"] < 0
    code, out, _ = rrg("score", *arguments)
    assert code == 0
    assert "nats/token" in out


@pytest.fixture(scope="module")
def evaluated(checkpoint, cohort, tmp_path_factory):
    folder = tmp_path_factory.mktemp("evaluated")
    arguments = ["--checkpoint", checkpoint, "--data", cohort, "--split", "val", "--out", folder / "a.json"]
    with pytest.raises(SystemExit) as left:
        main(["evaluate", *map(str, arguments), "--summary", str(folder / "metrics.json")])
    assert not left.value.code
    return folder


def test_evaluate_writes_all_and_a_summary_without_sentences(evaluated):
    full = json.loads((evaluated / "a.json").read_text())
    brief = json.loads((evaluated / "metrics.json").read_text())
    short = json.loads((evaluated / "a.json").read_text(), parse_float=lambda number: round(float(number), 5))
    assert len(full["studies"]) == 8
    assert "studies" not in brief
    assert brief["metrics"] == short["metrics"]
    assert full["metrics"]["text"]["r2gen"] is not None  # the train split lies beside val
    assert "nearest train report" in brief["company"]
    assert not (evaluated / "a.json.partial").exists()
    assert full["command"].startswith("python -m rrg evaluate --checkpoint ")


def test_evaluate_takes_a_limit_and_prints_json(rrg, checkpoint, cohort, tmp_path):
    arguments = ("--checkpoint", checkpoint, "--data", cohort, "--split", "val", "--out", tmp_path / "a.json")
    code, out, _ = rrg("evaluate", *arguments, "--limit", 2, "--json")
    assert code == 0
    assert json.loads(out)["data"]["studies"] == 2


@pytest.fixture
def reports(evaluated, tmp_path):
    texts = {
        study["id"]: study["text"] for study in json.loads((evaluated / "a.json").read_text())["studies"]
    }
    (tmp_path / "made.json").write_text(json.dumps(texts))
    return tmp_path / "made.json"


def test_reports_of_any_system_get_the_scores_that_the_model_got(rrg, evaluated, reports, cohort, tmp_path):
    out = tmp_path / "a.json"
    arguments = ("--reports", reports, "--data", cohort, "--split", "val", "--out", out, "--no-meteor")
    code, _, err = rrg("evaluate", *arguments)
    assert (code, err) == (0, "")
    model, texts = (json.loads(file.read_text()) for file in (evaluated / "a.json", out))
    for name in ("clinical", "variety", "per finding", "retrieval by text"):
        assert texts["metrics"][name] == model["metrics"][name]
    assert texts["metrics"]["text"]["full"]["CIDEr"] == model["metrics"]["text"]["full"]["CIDEr"]
    assert texts["system"] == {"kind": "reports", "name": "made", "revision": None}
    assert rrg("compare", evaluated / "a.json", out, "--out", tmp_path / "c.json")[0] == 0


def test_faults_of_reports_are_told(rrg, cohort, reports, tmp_path):
    reports.write_text(json.dumps({"nobody": "Clear."}))
    arguments = (
        "--data",
        cohort,
        "--split",
        "val",
        "--out",
        tmp_path / "a.json",
        "--no-meteor",
        "--name",
        "mine",
    )
    code, out, err = rrg("evaluate", "--reports", reports, *arguments)
    assert code == 0
    assert "mine" in out
    assert "missing: 8 (" in err
    assert "unknown: 1 (nobody)" in err


def test_evaluate_wants_one_system(rrg, checkpoint, cohort, reports, tmp_path):
    rest = ("--data", cohort, "--split", "val", "--out", tmp_path / "b.json")
    refused(rrg("evaluate", *rest), "--checkpoint", "--reports")
    refused(rrg("evaluate", "--checkpoint", checkpoint, "--reports", reports, *rest), "either")
    reports.write_text("[]")
    refused(rrg("evaluate", "--reports", reports, *rest), "a list", "study ids")


def test_compare_needs_no_model_and_repeats_itself(rrg, evaluated, tmp_path):
    a, out_file = evaluated / "a.json", tmp_path / "c.json"
    code, out, _ = rrg("compare", a, a, "--out", out_file)
    assert code == 0
    assert "no difference found" in out
    first = out_file.read_text()
    rrg("compare", a, a, "--out", out_file)
    assert out_file.read_text() == first
    _, out, _ = rrg("compare", a, a, "--out", out_file, "--json", "--seed", 3)
    assert json.loads(out)["seed"] == 3


def test_train_takes_overrides_and_resumes(rrg, cohort, tmp_path):
    config = write_config(tmp_path / "c.yaml", cohort)
    arguments = ("train", config, "optimiser.epochs=1", "--out", tmp_path / "run")
    code, out, _ = rrg(*arguments)
    assert code == 0
    assert (tmp_path / "run" / "checkpoint" / "config.json").is_file()
    assert str(tmp_path / "run" / "checkpoint") in out
    assert rrg(*arguments)[0] == 0
    refused(rrg("train", config, "optimiser.epoch=1", "--out", tmp_path / "other"), "optimiser.epoch")


def test_what_is_missing_is_named(rrg, checkpoint, cohort, films, tmp_path):
    none = tmp_path / "none"
    refused(rrg("read", films[0], "--checkpoint", none), str(none))
    refused(rrg("read", none, "--checkpoint", checkpoint, "--data", cohort), "does not exist")
    refused(
        rrg("read", films[0], none, "--checkpoint", checkpoint, "--data", cohort), "image 2", "does not exist"
    )
    refused(rrg("read", *films, films[0], "--checkpoint", checkpoint), "3 images")
    refused(rrg("read", films[0], "--checkpoint", checkpoint, "--data", none), str(none))
    refused(rrg("score", films[0], "--report", none, "--checkpoint", checkpoint), str(none))
    refused(rrg("gallery", "--checkpoint", checkpoint, "--data", none), str(none))
    refused(rrg("gallery", "--checkpoint", checkpoint, "--data", cohort, "--split", "nope"), "nope")
    refused(rrg("compare", none, none, "--out", tmp_path / "c.json"), str(none))
    refused(rrg("train", none, "--out", tmp_path / "run"), str(none))


def test_a_gallery_may_hold_the_first_studies_alone(rrg, tiny_checkpoint, cohort, tmp_path):
    folder = shutil.copytree(tiny_checkpoint, tmp_path / "tiny")
    code, out, _ = rrg("gallery", "--checkpoint", folder, "--data", cohort, "--limit", 3, "--json")
    assert code == 0
    assert json.loads(out)["studies"] == 3


def test_a_checkpoint_without_gallery_says_how_to_make_one(rrg, tiny_checkpoint, films, tmp_path):
    bare = shutil.copytree(tiny_checkpoint, tmp_path / "bare")
    (bare / "gallery.safetensors").unlink(missing_ok=True)
    refused(rrg("read", films[0], "--checkpoint", bare), "python -m rrg gallery")


def test_an_unusable_out_is_found_before_the_work(rrg, checkpoint, cohort, evaluated, tmp_path):
    a = evaluated / "a.json"
    (tmp_path / "file").write_text("here first")
    for out in (tmp_path, tmp_path / "no" / "such.json", tmp_path / "file" / "below.json"):
        refused(rrg("compare", a, a, "--out", out), "cannot write")
        # The data folder does not exist: only the first check can have spoken.
        refused(
            rrg("evaluate", "--checkpoint", checkpoint, "--data", "nowhere", "--split", "val", "--out", out),
            "cannot write",
        )
    config = write_config(tmp_path / "c.yaml", cohort)
    refused(rrg("train", config, "--out", tmp_path / "file"), "cannot write")
    assert (tmp_path / "file").read_text() == "here first"


def test_a_failed_evaluation_leaves_no_empty_file(rrg, checkpoint, tmp_path):
    out = tmp_path / "a.json"
    refused(rrg("evaluate", "--checkpoint", checkpoint, "--data", tmp_path, "--split", "val", "--out", out))
    assert not out.exists()


@pytest.mark.parametrize(("content", "part"), [(b"  \n", "empty"), (b"\xff\xfe\x00\xd8", "UTF-8")])
def test_a_report_that_is_no_text_is_refused(rrg, checkpoint, films, tmp_path, content, part):
    (tmp_path / "r.txt").write_bytes(content)
    refused(rrg("score", films[0], "--report", tmp_path / "r.txt", "--checkpoint", checkpoint), part)


def test_simulate_writes_a_cohort_that_it_names_simulated(rrg, monkeypatch, tmp_path):
    monkeypatch.setattr("rrg.simulation.cohort.packaged_simulator", make_squares)
    asked = (
        "simulate",
        "--out",
        tmp_path / "made",
        "--studies",
        3,
        "--pairs",
        1,
        "--seed",
        2,
        "--processes",
        1,
    )
    code, out, _ = rrg(*asked)
    assert code == 0
    assert "simulated" in out
    code, out, _ = rrg(*asked, "--json")
    value = json.loads(out)
    assert (code, sum(value["studies"].values())) == (0, 5)
    assert "LIDC-IDRI-0001" in value["notice"]


@pytest.mark.parametrize(
    ("arguments", "part"),
    [((), "least"), (("--studies", -1), "negative"), (("--studies", 1, "--seed", -1), "negative")],
)
def test_simulate_refuses_numbers_that_make_no_cohort(rrg, tmp_path, arguments, part):
    refused(rrg("simulate", "--out", tmp_path / "made", *arguments), part)
    assert not (tmp_path / "made").exists()


def test_simulate_leaves_a_folder_of_something_else_alone(rrg, tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    refused(rrg("simulate", "--out", tmp_path, "--studies", 1), "something else")


@pytest.mark.parametrize(("raised", "code"), [(KeyboardInterrupt(), 1), (RrgError("mend this"), 2)])
def test_exit_codes(rrg, monkeypatch, tmp_path, raised, code):
    def stop(path):
        raise raised

    monkeypatch.setattr("rrg.evaluation.schema.read_result", stop)
    left, _, err = rrg("compare", "a.json", "b.json", "--out", tmp_path / "c.json")
    assert left == code
    assert "Traceback" not in err
