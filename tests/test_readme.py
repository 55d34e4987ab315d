"""What README.md tells people to type exists: commands, options, targets, files, endpoints, fields."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from rrg.cli import app
from rrg.evaluation.blocks import markers
from tests.app.browsing import serving
from tests.app.doubles import TEXTS, dicom
from tests.app.simulated import simulated_room

BEGIN, END = markers("results")
ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
BASH = "\n".join(re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL))
CALLS = [shlex.split(line) for line in re.findall(r"-m rrg (\w+ .*)$", BASH, re.MULTILINE)]
COMMANDS = typer.main.get_command(app).commands


def test_every_command_of_the_line_is_shown():
    assert {call[0] for call in CALLS} == set(COMMANDS)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_the_shown_commands_parse(call):
    name, *arguments = call
    COMMANDS[name].make_context(name, arguments)  # raises where an argument or option is wrong or missing


def test_named_files_and_targets_are_there():
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^(?:\w+=\S+ )?make (\w+)", BASH, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
    named = re.findall(r"(?:configs|benchmarks|rrg|tests)/[\w./-]+\.\w+", PAGE)
    assert len(named) > 5
    assert [name for name in named if not (ROOT / name).is_file()] == []


def test_linked_files_are_there():
    links = [link for link in re.findall(r"\]\(([^)]+)\)", PAGE) if "://" not in link]
    assert [link for link in links if not (ROOT / link).is_file()] == []


def test_the_configuration_fields_of_the_page_are_accepted(tmp_path):
    from rrg.training.config import load_config

    shown = re.findall(r"`((?:optimiser|model|precision|prompt)[\w.]*=\w+)`", PAGE)
    assert len(shown) == 4
    load_config(ROOT / "configs" / "iu-xray" / "hard-negative.yaml", shown)


def test_the_endpoints_of_the_page_are_served(tmp_path):
    from rrg.app.library import Library
    from rrg.app.reading_room import ReadingRoom
    from rrg.app.view import Page

    def never(folder):
        raise AssertionError(folder)

    served = Page(ReadingRoom(Library(tmp_path, never))).demo.get_api_info()["named_endpoints"]
    python = "\n".join(re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL))
    calls = re.findall(r"client\.predict\((.*?)api_name=\"(/\w+)\"", python, re.DOTALL)
    assert {name for _, name in calls} == set(served)
    for arguments, name in calls:
        accepted = {each["parameter_name"]: each["parameter_has_default"] for each in served[name]["parameters"]}
        given = [each for line in arguments.splitlines() for each in line.partition("#")[0].split(", ") if each.strip(" ,")]
        named = {each.partition("=")[0].strip() for each in given if "=" in each}
        assert named <= set(accepted), name
        assert len(given) >= sum(not default for default in accepted.values()), name
        assert all(re.search(rf"\b{each}\b", PAGE) for each in accepted), name


def test_the_calls_of_the_page_run_as_they_stand(tmp_path, monkeypatch, capsys):
    """The block for other programs, over stand-ins: another address, film and collection, and nothing else changed."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "temporary"))
    (shown,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "gradio_client" in block)
    with serving(simulated_room(tmp_path / "checkpoints")) as url:
        there = {
            'Client("http://127.0.0.1:7860")': f'Client("{url}", httpx_kwargs={{"timeout": 300}}, verbose=False)',
            "film.dcm": str(dicom(tmp_path / "film.dcm")),
            "iu-xray": "made",
        }
        for here, other in there.items():
            assert here in shown
            shown = shown.replace(here, other)
        said: dict[str, Any] = {}
        exec(compile(shown, "README.md", "exec"), said)
    assert said["path"].endswith("reading.pdf")
    assert {said["ballot"]["left"], said["ballot"]["right"]} == {TEXTS["baseline"], TEXTS["hard-negative"]}
    assert said["twin"]["reading"]["models"]
    assert TEXTS["baseline"] in capsys.readouterr().out


def test_front_matter_is_that_of_a_gradio_space():
    _, front, _ = PAGE.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert fields["sdk"] == "gradio"
    assert (ROOT / fields["app_file"]).is_file()
    import gradio

    assert fields["sdk_version"].split(".")[:1] == gradio.__version__.split(".")[:1]


def test_the_results_have_their_place():
    assert PAGE.count(BEGIN) == PAGE.count(END) == 1
    assert PAGE.index(BEGIN) < PAGE.index(END)
