"""The wiring of the page without a browser: its dependencies, two sessions, and one call over loopback."""

import asyncio
import re
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from gradio.state_holder import SessionState
from gradio_client import handle_file

from rrg.app import view
from rrg.app.library import Key
from rrg.app.view import Page
from tests.app.browsing import client_of, left_in, serving
from tests.app.doubles import PAIR, TEXTS, film, room

CHOICE = ("baseline", "hard-negative", "made")
SERVED = {
    "read", "read_example", "examples", "probe", "flips", "neighbours", "negatives", "evidence", "scores", "export",
    "truth", "read_twin", "checkpoints", "blind_ballot", "blind_vote", "blind_result",
}  # fmt: skip


@pytest.fixture
def page(tmp_path):
    desk, made = room(tmp_path / "checkpoints")
    built = Page(desk)
    for key in PAIR:
        desk.library.get(key)
    built.made = made
    return built


def shown(updates, component):
    """What a handler's last word on a component was."""
    values = [update[component] for update in updates if component in update]
    return values[-1]


def upload(page, file: Path, held=None):
    return list(page.panel.on_upload([str(file)], *CHOICE, held))


def dependencies(page):
    return page.demo.get_config_file()["dependencies"]


def test_only_the_documented_endpoints_are_public(page):
    public = {d["api_name"] for d in dependencies(page) if d["api_visibility"] == "public"}
    assert public == SERVED


def test_nothing_writes_where_the_place_in_the_queue_stands(page):
    """An answer that fills a component takes away what gradio told there of the queue."""
    filled = {output for d in dependencies(page) for output in d["outputs"]}
    waiting = {each for d in dependencies(page) for each in d["show_progress_on"] or ()}
    assert waiting == {page.header.queue._id}
    assert not waiting & filled


def test_every_job_that_runs_a_model_waits_in_one_slot(page):
    slow = {
        "on_upload", "on_example", "on_read", "on_correct", "on_positive", "on_flip", "on_compare", "on_survey",
        "on_draw", "on_own", "api_read", "api_read_example", "api_probe", "api_neighbours", "api_negatives",
        "api_evidence", "api_export", "on_choose", "on_chosen", "on_pick", "on_twin", "api_read_twin", "api_blind_ballot",
    }  # fmt: skip
    seen = set()
    for block in page.demo.fns.values():
        name = block.fn.__name__ if block.fn else ""
        if name in slow:
            seen.add(name)
            assert block.concurrency_id == view.SLOT
            assert block.concurrency_limit == 1
            assert block.queue
    assert seen == slow


def test_the_slider_runs_no_model(page, tmp_path):
    study = shown(upload(page, film(tmp_path / "a.png")), page.study)
    encoded = [list(d.encodings) for d in page.made.values()]
    positives = [list(d.positives) for d in page.made.values()]
    assert "At lambda 0.50" in page.negatives.on_hardness(0.5, study)
    assert [d.encodings for d in page.made.values()] == encoded
    assert [d.positives for d in page.made.values()] == positives
    assert page.negatives.on_hardness(0.5, None) == ""


def test_the_page_keeps_no_study_on_itself(page, tmp_path):
    before = {name: id(value) for name, value in vars(page).items()}
    upload(page, film(tmp_path / "a.png"))
    assert {name: id(value) for name, value in vars(page).items()} == before


def test_a_refusal_keeps_what_was_on_the_screen(page, tmp_path):
    first = upload(page, film(tmp_path / "a.png"))
    study = shown(first, page.study)
    bad = tmp_path / "b.dcm"
    bad.write_bytes(b"nothing that is a picture")
    (after,) = upload(page, bad, study)
    assert set(after) == {page.panel.upload, page.panel.notice}
    assert "What was on the screen stays" in after[page.panel.notice]
    assert "DICOM" in after[page.panel.notice]
    assert not bad.exists()


def test_a_failing_model_brings_the_screen_back(page, tmp_path):
    study = shown(upload(page, film(tmp_path / "a.png")), page.study)
    updates = list(page.panel.on_read("baseline", "nothing", "made", False, study))
    assert "at hand" in shown(updates, page.panel.notice)
    assert "No pleural effusion." in shown(updates, page.reports.reports)
    assert shown(updates, page.study) is study


def test_a_leg_is_named_before_any_draft_and_can_be_overridden(tmp_path):
    desk, _ = room(tmp_path / "checkpoints", chest=False)
    page = Page(desk)
    updates = upload(page, film(tmp_path / "leg.png"))
    drafted = [
        str(update[part])
        for update in updates
        for part in (page.reports.reports, page.reports.findings)
        if part in update
    ]
    assert drafted
    assert not any("pneumothorax" in text for text in drafted)
    assert "leg" in shown(updates, page.panel.notice)
    assert shown(updates, page.panel.override)["visible"]
    forced = list(page.panel.on_read(*CHOICE, True, shown(updates, page.study)))
    assert "read nevertheless" in shown(forced, page.panel.notice)
    assert "pneumothorax" in shown(forced, page.reports.reports)


def test_an_edited_positive_reaches_both_models(page, tmp_path):
    study = shown(upload(page, film(tmp_path / "a.png")), page.study)
    update = page.negatives.on_positive(0.4, "Large right pneumothorax.", study)
    assert "your own text" in update[page.negatives.negatives]
    assert page.made["baseline"].positives[-1] == page.made["hard-negative"].positives[-1]
    assert update[page.negatives.hardness]["value"] == 0.4
    known = page.negatives.on_positive(0.4, "Large right pneumothorax.", replace(study, reference="No pneumothorax."))
    assert "your own text, in place of the reference" in known[page.negatives.negatives]
    refused = page.negatives.on_positive(0.4, "", study)
    assert set(refused) == {page.panel.notice}


async def read(page, file, session, name):
    """Drive an upload to its end, as the server would for one browser."""
    block = next(f for f in page.demo.fns.values() if f.fn and f.fn.__name__ == "on_upload")
    inputs = [[file], *CHOICE, None, 1.0, None]
    request = SimpleNamespace(session_hash=name)
    done = await page.demo.process_api(block, inputs, request=request, state=session)
    while done["is_generating"]:
        done = await page.demo.process_api(block, [], request=request, state=session, iterator=done["iterator"])


def test_two_browsers_never_see_each_others_study(page, tmp_path):
    def cached(name: str, shade: int) -> dict:
        file = film(Path(page.panel.upload.GRADIO_CACHE) / name, shade)
        return {"path": str(file), "orig_name": name, "meta": {"_type": "gradio.FileData"}}

    async def both():
        Path(page.panel.upload.GRADIO_CACHE).mkdir(parents=True, exist_ok=True)
        one, two = SessionState(page.demo), SessionState(page.demo)
        await read(page, cached("one.png", 0), one, "one")
        assert one[page.study._id].reading is not None
        assert two[page.study._id] is None
        await read(page, cached("two.png", 90), two, "two")
        return one[page.study._id], two[page.study._id]

    first, second = asyncio.run(both())
    assert first is not second
    assert (first.films[0].pixels != second.films[0].pixels).any()
    assert first.encoded != second.encoded


def test_another_model_is_asked_for_as_soon_as_it_is_chosen(page):
    page.header.on_choice("baseline", "aligned", "made")
    page.room.library.get(Key("made", "aligned"))
    loading, timer, cards = page.header.on_tick("baseline", "aligned", "made")
    assert "Models ready: made/baseline and made/aligned" in loading
    assert timer.active is False
    assert cards.count("A made-up card") == 2


def test_the_same_model_chosen_twice_is_said_in_the_head_and_reads_nothing(page, tmp_path):
    study = shown(upload(page, film(tmp_path / "a.png")), page.study)
    encoded = [list(each.encodings) for each in page.made.values()]
    loading, _ = page.header.on_choice("aligned", "aligned", "made")
    assert "made/aligned is chosen twice: choose two different models." in loading
    updates = list(page.panel.on_read("aligned", "aligned", "made", False, study))
    assert "Both models are made/aligned; choose two different ones." in shown(updates, page.panel.notice)
    assert shown(updates, page.study) is study
    assert [each.encodings for each in page.made.values()] == encoded


def test_an_upload_for_a_ballot_is_gone_where_no_models_are_chosen(page, tmp_path):
    source = film(tmp_path / "a.png")
    *_, last = page.blind.on_own([str(source)], None, None, None, None, None)
    assert "Two checkpoints are needed" in last[page.panel.notice]
    assert not source.exists()


def test_files_that_nobody_fetches_are_swept_within_minutes(page):
    often, age = page.demo.delete_cache
    assert often <= 60
    assert age <= 300
    assert page.demo._queue.max_size * 9 < age  # seconds a reading: no upload is swept while it waits for its turn


def test_the_clock_goes_on_until_the_models_are_there_and_before_they_are_asked_for(page):
    page.room.library._jobs.clear()
    loading, timer, _ = page.header.on_tick(*CHOICE)
    assert "Models loading" in loading
    assert timer.active is True
    for key in PAIR:
        page.room.library.get(key)
    assert page.header.on_tick(*CHOICE)[1].active is False


def test_cancel_deletes_what_waited_to_be_read_wherever_it_was_opened(page, tmp_path):
    waiting = [film(tmp_path / "study.png"), film(tmp_path / "blind.png")]
    click = (page.panel.cancel._id, "click")
    (cancelled,) = (d for d in dependencies(page) if click in map(tuple, d["targets"]) and d["inputs"])
    assert {page.panel.upload._id, page.blind.own._id} <= set(cancelled["inputs"]) & set(cancelled["outputs"])
    after = page.panel.on_cancel(SimpleNamespace(session_hash="a"), 1.0, *([str(file)] for file in waiting))
    assert not any(file.exists() for file in waiting)
    assert (after[page.panel.upload], after[page.blind.own]) == (None, None)


def test_the_gate_hides_the_desk_until_it_is_accepted(page):
    config = page.demo.get_config_file()
    props = {each["id"]: each["props"] for each in config["components"]}
    assert props[page.desk_row._id]["visible"] is False
    (accepted,) = (
        d for d in config["dependencies"] if (page.accept._id, "click") in map(tuple, d["targets"])
    )
    assert accepted["outputs"] == [page.gate._id, page.desk_row._id]
    assert accepted["backend_fn"] is False  # the browser opens it by itself


def test_nothing_is_fetched_from_elsewhere(page):
    assert view.theme()._font_css == [] or not any("http" in css for css in view.theme()._font_css)
    assert "http" not in re.sub(r"http://www\.w3\.org\S*", "", view.STYLE.read_text())
    assert page.demo.analytics_enabled is False


def test_without_checkpoints_the_page_still_opens(tmp_path):
    from rrg.app.library import Library
    from rrg.app.reading_room import ReadingRoom

    page = Page(ReadingRoom(Library(tmp_path, lambda folder: None), data_file=lambda name: None))
    (after,) = page.panel.on_upload([str(film(tmp_path / "a.png"))], None, None, None, None)
    assert "Two checkpoints are needed" in after[page.panel.notice]


def test_other_programs_read_over_the_api(tmp_path):
    desk, _ = room(tmp_path / "checkpoints")
    with serving(desk) as url:
        client = client_of(url)
        assert {e["id"] for e in client.predict(api_name="/examples")} == {"rg1", "ct"}
        file = film(tmp_path / "a.png")
        reading = client.predict([handle_file(file)], api_name="/read")
        assert [m["report"] for m in reading["models"]] == [TEXTS["baseline"], TEXTS["hard-negative"]]
        assert reading["films"][0]["format"] == "PNG"
        swapped = client.predict([handle_file(file)], first="made/aligned", api_name="/read")
        assert swapped["models"][0]["report"] == TEXTS["aligned"]
        with pytest.raises(Exception, match="names no checkpoint"):
            client.predict([handle_file(file)], first="aligned", api_name="/read")
        with pytest.raises(Exception, match="not installed here: pip install pydicom-data"):
            client.predict("rg1", "", "", api_name="/read_example")
        described = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
        assert set(described) == {f"/{name}" for name in SERVED}
        assert all(p["label"] for p in described["/read"]["parameters"])


def test_twenty_uploads_at_once_all_finish_and_none_stays_on_disk(tmp_path, monkeypatch):
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    desk, made = room(tmp_path / "checkpoints")
    with serving(desk) as url:
        client = client_of(url, download_files=False)
        files = [handle_file(str(film(tmp_path / f"{i}.png", i))) for i in range(20)]
        jobs = [client.submit([file], api_name="/read") for file in files]
        readings = [job.result(timeout=300) for job in jobs]
    assert [reading["models"][0]["report"] for reading in readings] == [TEXTS["baseline"]] * 20
    assert len(made["baseline"].encodings) == 20
    assert left_in(tmp_path / "uploads") == []
